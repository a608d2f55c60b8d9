"""The measurement of first models on many days: which days, and what is reported of their gates' verdicts."""

from __future__ import annotations

from datetime import date

from basketry.gates import Check, Verdict
from basketry.gates.model import ABSOLUTE, FAILED, PASSED
from benchmarks import every_day
from benchmarks.every_day import JudgedModel


def _judged(day: date, verdict: str, value: float, outcome: str) -> JudgedModel:
    check = Check(condition=ABSOLUTE, metric="ece", value=value, limit="at most 0.02", outcome=outcome)
    return JudgedModel("propensity", 7, day, Verdict(verdict, "a reason", (check,)))


def test_the_days_are_of_one_year_and_strange_ones_are_among_them() -> None:
    """Fifty-two days, each once, no two years of them, with Christmas Eve and the ends of quarters."""
    days = every_day.as_of_days()
    assert len(days) == len(set(days)) == 52
    assert max(days) == every_day.END
    assert (max(days) - min(days)).days <= 366
    assert set(every_day.STRANGE_DAYS) <= set(days)


def test_other_models_are_trained_as_of_every_fourth_day() -> None:
    """Thirteen of the same days."""
    assert set(every_day.days_of("forecast")) < set(every_day.days_of("propensity"))
    assert len(every_day.days_of("forecast")) == 13


def test_a_refusal_is_counted_and_its_day_named() -> None:
    """The share is of all models; the margin says how the numbers lie about the limit."""
    judged = [
        _judged(date(2026, 1, 1), "promote", 0.01, PASSED),
        _judged(date(2026, 1, 8), "promote", 0.015, PASSED),
        _judged(date(2026, 1, 15), "refuse", 0.05, FAILED),
    ]
    share, margin = every_day.figures("propensity", judged)
    assert share.measured == "1 of 3"
    assert "2026-01-15 (seed 7)" in share.note
    assert margin.measured == "1 of 3"
    assert "0.01" in margin.note
    assert "0.015" in margin.note
    assert "0.05" in margin.note


def test_a_model_that_nothing_is_known_of_has_no_figure() -> None:
    """A measurement that was stopped early reports what it has."""
    assert every_day.figures("forecast", []) == []
