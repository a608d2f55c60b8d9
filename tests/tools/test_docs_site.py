"""The site: every page is on it, every link leads somewhere, every docstring can be rendered."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.docs import build_command
from tools.environment import CHECKOUT

pytestmark = pytest.mark.system


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Strictly, as `make docs` does: pages, three pictures made from text, and a page for each package."""
    done = subprocess.run(build_command(tmp_path), cwd=CHECKOUT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    architecture = (tmp_path / "architecture.html").read_text()
    assert architecture.count('class="mermaid"') == 5
    assert (tmp_path / "api" / "basketry" / "lake" / "restatement" / "index.html").is_file()
