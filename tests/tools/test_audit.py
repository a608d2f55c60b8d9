"""`make audit` says how many packages were asked about, never that all is well when nobody answered."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tools import checks
from tools.problem import Problem


def answering(monkeypatch: pytest.MonkeyPatch, dependencies: list[dict[str, Any]] | None, error: str = "") -> None:
    """pip-audit ends with this list, or with an error."""
    text = "" if dependencies is None else json.dumps({"dependencies": dependencies, "fixes": []})
    done = subprocess.CompletedProcess([], 0, text, error)
    monkeypatch.setattr(subprocess, "run", lambda *given, **named: done)


WELL = {"name": "jinja2", "version": "3.1.6", "vulns": []}
HOLE = {
    "name": "old",
    "version": "1.0",
    "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}],
}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def test_known_holes_fail(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Package, hole and the version that mends it; a package that nobody knows is counted."""
    answering(monkeypatch, [WELL, HOLE, UNKNOWN])
    assert checks.audit_command([]) == 1
    said = capsys.readouterr().out
    assert "old 1.0: CVE-1, mended in 1.1" in said and "2 of 3 packages asked about, 1 known holes." in said
    answering(monkeypatch, [WELL])
    assert checks.audit_command([]) == 0


@pytest.mark.parametrize(
    ("dependencies", "message"),
    [(None, "Max retries exceeded.*: connect to the network"), ([UNKNOWN], "knows none of the packages")],
)
def test_a_service_that_does_not_answer_is_no_clean_bill(
    monkeypatch: pytest.MonkeyPatch, dependencies: list[dict[str, Any]] | None, message: str
) -> None:
    """No network, or an index that has no such service: a Problem, not success."""
    answering(monkeypatch, dependencies, "trace\nConnectionError: Max retries exceeded")
    with pytest.raises(Problem, match=message):
        checks.audit_command([])
