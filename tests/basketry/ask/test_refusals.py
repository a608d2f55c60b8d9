"""What is not certain, not allowed or not a question is refused with one sentence, and nothing is read for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from basketry.access import guard
from basketry.ask import answer
from basketry.ask.answering import interpret
from basketry.ask.model import NotUnderstoodError
from basketry.warehouse import Warehouse

KINDS: dict[str, list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "refusals.yaml").read_text())
CASES = [case for cases in KINDS.values() for case in cases]
_WORDS = """
revenue units customers orders price share growth products category departments brand customer segment Coffee Tea Honey
top bottom 5 3 by per without not vs than last this month week year since until May 2026 2025-05-01 and or high discount
hold Champions predicted more less 100 % which how many next 28 days trend monthly quarter decile stock ; ' --
"""
WORDS = _WORDS.split()


@pytest.mark.parametrize("case", CASES, ids=[f"{case['ask']} {case.get('team', '')}".strip() for case in CASES])
def test_a_refusal(case: dict[str, Any], shop: Warehouse) -> None:
    """One sentence says why; no query, no rows; what is suggested works."""
    team = case.get("team", "on_call")
    refused = answer(case["ask"], team=team, warehouse=shop)
    assert not refused.answered, refused.sql
    assert case.get("says", "") in str(refused.refusal)
    assert not (refused.sql or refused.rows or refused.columns or refused.read)
    assert "Traceback" not in str(refused.refusal)
    if "suggests" in case:
        assert case["suggests"].casefold() in [one.casefold() for one in refused.suggestions]
    for suggestion in refused.suggestions if team == "on_call" else ():
        interpret(suggestion, team=team, warehouse=shop)


def test_there_are_enough_refusals() -> None:
    """At least sixty, of every kind that must be refused."""
    assert len(CASES) >= 60
    assert {"injection", "personal", "unknown", "ambiguous"} <= set(KINDS)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), st.sampled_from(["sales", "marketing", "on_call"]))
def test_no_query_of_a_question_escapes_the_guard(shop: Warehouse, words: list[str], team: str) -> None:
    """Whatever is asked: a refusal, or one SELECT that the guard lets pass for the very team, with its LIMIT."""
    try:
        interpretation = interpret(" ".join(words), team=team, warehouse=shop)
    except NotUnderstoodError:
        return
    guarded = guard(shop.grants, team, interpretation.plan.sql, 1000)
    assert guarded.tables
    assert all(shop.grants.team(team).may_read(table) for table in guarded.tables)
    assert guarded.query.args["limit"]
    shop.query(interpretation.plan.sql, team=team)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(st.text(max_size=60))
def test_any_text_is_answered_or_refused(shop: Warehouse, text: str) -> None:
    """Nothing that is typed raises."""
    assert answer(text, team="sales", warehouse=shop).question == text
