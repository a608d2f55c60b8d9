"""`make dist`: notes are cut from the changelog, versions agree, and the wheel and the SBOM are what is published."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from basketry.config.edition import VERSION, edition
from basketry.databricks.library_wheel import wheel_name
from tools import dist
from tools.environment import CHECKOUT
from tools.problem import Problem
from tools.release_notes import release_notes, version_of

CHANGELOG = """# Changelog

## [Unreleased]

- Not yet.

## [1.2.0] - 2026-11-30

### Added

- A page.

## [1.1.0]

Nothing to speak of.

[1.2.0]: https://example.org/compare
"""


def test_a_tag_is_v_and_a_version() -> None:
    """Releases and candidates; anything else is refused in a sentence that shows one."""
    assert version_of("v1.2.0") == "1.2.0"
    assert version_of("v1.2.0rc1") == "1.2.0rc1"
    for tag in ("", "1.2.0", "v1.2", "v1.2.0 ", "v1.2.0/../x"):
        with pytest.raises(Problem, match=r"such as TAG=v1\.2\.0"):
            version_of(tag)


def test_notes_are_the_section_of_the_version() -> None:
    """From below its heading to the next one, nothing of what is unreleased or older."""
    assert release_notes(CHANGELOG, "1.2.0") == "### Added\n\n- A page.\n"


def test_a_release_without_notes_is_refused() -> None:
    """A version that the changelog does not know, and one of which it tells nothing."""
    with pytest.raises(Problem, match=r"no section '## \[1\.3\.0\]'"):
        release_notes(CHANGELOG, "1.3.0")
    with pytest.raises(Problem, match=r"says nothing about 1\.1\.0"):
        release_notes(CHANGELOG, "1.1.0")


def test_a_dot_of_a_version_is_a_dot() -> None:
    """1.2.0 is not 1x2.0."""
    with pytest.raises(Problem, match="no section"):
        release_notes("## [1x2.0]\n\n- A page.\n", "1.2.0")


def test_all_that_state_the_version_agree() -> None:
    """The library, whose version pyproject.toml takes, and the image's tag state one; another tag is refused."""
    dist.check_version(VERSION)
    with pytest.raises(Problem, match=rf"the tag says 99\.0\.0 and basketry/config/edition\.py says {VERSION}"):
        dist.check_version("99.0.0")


def answering(monkeypatch: pytest.MonkeyPatch, code: int, error: str = "") -> list[list[str]]:
    """Let the maker of the SBOM write an empty one, or fail; returns the commands that were started."""
    started: list[list[str]] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        started.append(command)
        if code == 0:
            Path(command[-1]).write_text("{}")
        return subprocess.CompletedProcess(command, code, "", error)

    monkeypatch.setattr(dist.subprocess, "run", run)
    return started


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy what a release is made of into an empty checkout whose changelog knows the version."""
    for name in ("pyproject.toml", "docker-compose.yaml", "LICENSE", "README.md"):
        (tmp_path / name).write_text((CHECKOUT / name).read_text())
    for name in ("include", "spark_jobs"):
        shutil.copytree(CHECKOUT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "CHANGELOG.md").write_text(f"## [{VERSION}]\n\n- All of it.\n")
    monkeypatch.setattr(dist, "CHECKOUT", tmp_path)
    monkeypatch.setenv("TAG", f"v{VERSION}")
    return tmp_path


def test_dist_holds_wheel_notes_and_sbom(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four files, nothing of an earlier release; the maker of the SBOM is asked for by its version."""
    (checkout / "dist").mkdir()
    (checkout / "dist" / "old.whl").touch()
    [command] = [answering(monkeypatch, 0)]
    assert dist.dist_command([]) == 0
    files = {path.name: path for path in (checkout / "dist").iterdir()}
    version = os.environ["TAG"].removeprefix("v")
    wheel = wheel_name(edition(checkout))
    assert set(files) == {wheel, dist.sbom_name(version), dist.NOTES, "LICENSE"}
    assert files[dist.NOTES].read_text() == "- All of it.\n"
    assert "basketry/__init__.py" in zipfile.ZipFile(files[wheel]).namelist()
    assert dist.SBOM_MAKER in command[0] and "==" in dist.SBOM_MAKER


def test_an_sbom_that_was_not_made_is_a_problem(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the network no release is published that lacks its SBOM."""
    answering(monkeypatch, 2, "trace\nerror: failed to fetch")
    with pytest.raises(Problem, match=r"the SBOM was not made \(error: failed to fetch\)"):
        dist.dist_command([])
