"""Counting mutants: what is a change, what is the same, and what the figures say. The run itself is a benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import mutants
from benchmarks.judge import CHECKOUT, CRASHED, KILLED, SURVIVED, TIMED_OUT
from benchmarks.mutant_suites import LIBRARY, SUITES
from benchmarks.mutants import Judged, Mutant, difference, equivalents, summary, what_runs

CODE = "def half(value: int | None) -> int:\n    total: int = value or 0\n    return total // 2\n"


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("int | None", "int & None", True),
        ("-> int", "-> float", True),
        ("total: int", "total: str", True),
        ("// 2", "// 3", False),
        ("value or 0", "value and 0", False),
        ("    return", "\n    return", True),
    ],
)
def test_what_nothing_evaluates_is_no_change(old: str, new: str, same: bool) -> None:
    """Annotations are not evaluated in this house; to change one is to change nothing that a test could notice."""
    assert CODE.count(old) == 1
    assert (what_runs(CODE.replace(old, new)) == what_runs(CODE)) == same


def test_a_change_is_shown_by_its_lines() -> None:
    """Without their indentation, and without lines that only became empty."""
    assert difference("if a:\n    b = 1\n    c = 2\n", "if a:\n    b = 1\n    c = 3\n") == ("c = 2", "c = 3")
    assert difference("@cache\ndef f(): ...\n", "\ndef f(): ...\n") == ("@cache", "")


def test_every_module_that_is_changed_leaves_its_annotations_alone() -> None:
    """Else a changed annotation would be a change after all."""
    for suite in SUITES.values():
        for source in suite.sources:
            path = CHECKOUT / LIBRARY / source
            for file in [path] if path.is_file() else path.rglob("*.py"):
                assert "from __future__ import annotations" in file.read_text(encoding="utf-8"), file


def test_every_judge_is_there() -> None:
    """A test that was moved must be named anew."""
    assert not [test for suite in SUITES.values() for test in suite.tests if not (CHECKOUT / test).is_file()]
    assert not [test for suite in SUITES.values() for test in suite.first.values() if test not in suite.tests]


def test_an_entry_about_lines_that_are_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It excuses nothing any more, and somebody should look again."""
    listed = tmp_path / "equivalent_mutants.yaml"
    listed.write_text("- {path: a.py, gone: x = 2, come: x = 3, reason: Same.}\n")
    (tmp_path / "a.py").write_text("if True:\n    x = 1\n")
    monkeypatch.setattr(mutants, "EQUIVALENT", listed)
    equivalents(tmp_path)
    assert "a.py has no line 'x = 2' any more" in capsys.readouterr().out
    (tmp_path / "a.py").write_text("if True:\n    x = 2\n")
    assert equivalents(tmp_path) == {("a.py", "x = 2", "x = 3"): "Same."}
    assert capsys.readouterr().out == ""


def test_what_means_the_same_has_a_reason() -> None:
    """A sentence, for who doubts it."""
    assert all(reason.endswith(".") for reason in equivalents(CHECKOUT).values())


def test_the_figures_count_survivors_with_and_without_those_that_mean_the_same() -> None:
    """One that has a reason stays in the first figure; one that crashed, or never ends, was noticed."""
    path, gone, come = f"{LIBRARY}/gates/bounds.py", "x = 1", "x = 2"
    mutant = Mutant(suite="gates", path=path, operator="NumberReplacer", line=1, code="", gone=gone, come=come)
    outcomes = [KILLED] * 5 + [CRASHED, TIMED_OUT, SURVIVED, SURVIVED]
    results = [Judged(mutant, outcome) for outcome in outcomes] + [Judged(mutant, SURVIVED, "Same.")]
    text = summary(results, 90.0)
    assert "10 mutants in 1.5 minutes: 5 killed, 1 crashed, 1 timed out, 3 survived" in text
    assert "noticed: 70.0% of all; 77.8% without 1 survivors that mean the same" in text
    assert "survivors: gates/bounds.py 3" in text
    assert "by kind: NumberReplacer 3" in text
