"""What `make run` is asked for, and how it ends early."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import run
from tools.problem import Problem


def test_only_knows_one_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONLY=sales is the short way, nothing is everything; anything else is one sentence with both, before anything is set up."""
    monkeypatch.delenv("ONLY", raising=False)
    assert run._arguments([]).only == run.EVERYTHING
    monkeypatch.setenv("ONLY", "sales")
    assert run._arguments([]).only == run.SALES
    monkeypatch.setenv("ONLY", "sale")
    with pytest.raises(Problem, match=r"^ONLY is 'sale'; write ONLY=sales, or leave it out to see everything\.$"):
        run.run_command([])


def test_a_second_run_in_the_same_home_is_refused(tmp_path: Path) -> None:
    """While one holds it; afterwards the next goes on."""
    with run.only_run(tmp_path), pytest.raises(Problem, match="another make run works in"), run.only_run(tmp_path):
        pass
    with run.only_run(tmp_path):
        assert (tmp_path / "run.lock").exists()
