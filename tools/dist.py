"""`make dist TAG=v<version>`: what the tag of a release publishes beside the image, in dist/."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from basketry.config.edition import VERSION
from tools.environment import CHECKOUT
from tools.problem import Problem
from tools.release_notes import release_notes, version_of
from tools.wheel import build_wheel

SBOM_MAKER = "cyclonedx-bom==7.5.0"
"""The maker of the SBOM. Fetched when it is asked for, into an environment of its own: nothing else here needs it."""
SBOM_OPTIONS = ("--pyproject", "pyproject.toml", "--of", "JSON", "-o")
NOTES = "release-notes.md"


def sbom_name(version: str) -> str:
    """Return the file name of a version's SBOM, as CycloneDX names its JSON."""
    return f"basketry-{version}.cdx.json"


def check_version(version: str) -> None:
    """Check that the checkout is the version that its tag names.

    Raises:
        Problem: A file that states the version states another one.
    """
    image = re.search(r"image: basketry:(\S+)", (CHECKOUT / "docker-compose.yaml").read_text(encoding="utf-8"))
    declared = {"basketry/config/edition.py": VERSION, "docker-compose.yaml": image[1] if image else "nothing"}
    for path, other in declared.items():
        if other != version:
            raise Problem(f"the tag says {version} and {path} says {other}: make them the same.")


def make_sbom(path: Path) -> None:
    """Write the SBOM of the lock: every package with version, hashes and the marker under which it is installed.

    Raises:
        Problem: The maker of the SBOM could not be fetched or failed.
    """
    uv = [str(CHECKOUT / ".venv" / "bin" / "uv"), "tool", "run", "--from", SBOM_MAKER]
    command = [*uv, "cyclonedx-py", "requirements", "requirements.txt", *SBOM_OPTIONS, str(path)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise Problem(f"the SBOM was not made ({lines[-1].strip()[:200]}): {SBOM_MAKER} is fetched from the network.")


def dist_command(arguments: list[str]) -> int:
    """Write the library's wheel, the SBOM of the lock, the licence and the release notes of TAG to dist/."""
    version = version_of(os.environ.get("TAG", ""))
    notes = release_notes((CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    check_version(version)
    folder = CHECKOUT / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    build_wheel(CHECKOUT, folder)
    shutil.copy(CHECKOUT / "LICENSE", folder)
    (folder / NOTES).write_text(notes, encoding="utf-8")
    make_sbom(folder / sbom_name(version))
    for path in sorted(folder.iterdir()):
        print(f"{path.relative_to(CHECKOUT)}  {path.stat().st_size:,} bytes")
    return 0
