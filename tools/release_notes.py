"""Release notes for a tag, cut from CHANGELOG.md."""

from __future__ import annotations

import re

from tools.problem import Problem


def version_of(tag: str) -> str:
    """Read the version from a tag: `v1.2.0` means 1.2.0.

    Raises:
        Problem: The tag is not v and a version.
    """
    match = re.fullmatch(r"v(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)", tag)
    if match is None:
        raise Problem(f"'{tag}' is not the tag of a release: name it v and a version, such as TAG=v1.2.0.")
    return match[1]


def release_notes(changelog: str, version: str) -> str:
    """Cut a version's section, without its heading, from the text of CHANGELOG.md.

    Raises:
        Problem: The changelog has no such section, or one that says nothing.
    """
    heading = re.compile(rf"^## \[{re.escape(version)}\].*\n", re.M)
    start = heading.search(changelog)
    if start is None:
        raise Problem(f"CHANGELOG.md has no section '## [{version}]': move the lines of [Unreleased] there.")
    section = re.split(r"^(?:## |\[[^\]]+\]: )", changelog[start.end() :], maxsplit=1, flags=re.M)[0].strip()
    if not re.search(r"^[-*] ", section, re.M):
        raise Problem(f"CHANGELOG.md says nothing about {version}: write what its users get.")
    return section + "\n"
