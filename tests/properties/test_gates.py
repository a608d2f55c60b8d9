"""A better challenger never does worse: whatever improves on the test rows moves no gate's verdict towards refusal."""

from __future__ import annotations

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from basketry.config.settings import CHECKOUT
from basketry.gates import Check, Gate, evaluate_gate, gate_names, load_gate
from basketry.gates.checks import AGAINST
from basketry.gates.model import FAILED
from tests.properties import SAME_EACH_TIME

INCLUDE = CHECKOUT / "include"
RANK = {"refuse": 0, "ask": 1, "provisional": 1, "promote": 2}
MANY = settings(SAME_EACH_TIME, max_examples=100, phases=[Phase.generate])
steps = st.floats(0.0, 0.3)


def one_sided(gate: Gate) -> list[str]:
    """Metrics of which more (or less) is better without end: no bound stands on their good side."""
    wrong = {
        limit.metric
        for limit in (*gate.absolute, *gate.beside_champion)
        if (limit.at_most is not None if gate.is_higher_better(limit.metric) else limit.at_least is not None)
    }
    return [name for name in gate.higher_is_better if name not in wrong]


@st.composite
def numbers(draw: st.DrawFn, gate: Gate, champion: bool) -> dict[str, float]:
    """What a training may log for the gate: values about its limits, rivals mostly worse, paired intervals."""
    metrics: dict[str, float] = {}
    for limit in (*gate.absolute, *gate.beside_champion):
        low = limit.at_least or 0.0
        high = limit.at_most if limit.at_most is not None else 2 * low + 1
        room = (high - low) * 0.05
        metrics[limit.metric] = draw(st.just((low + high) / 2) | st.floats(low - room, high + room))
        if draw(st.booleans()):
            wide, reference = draw(st.floats(0, room)), draw(st.floats(0, room) | st.none())
            kind = "interval" if reference is None else "excess"
            middle = metrics[limit.metric] - (reference or 0.0)
            metrics |= {f"{kind}/{limit.metric}/low": middle - wide, f"{kind}/{limit.metric}/high": middle + wide}
    rivals = {f"naive/{margin.baseline}" for margin in gate.must_beat} | ({"champion"} if champion else set())
    compared = {one.metric for one in (*gate.must_beat, *gate.against_champion)}
    for name in sorted({*gate.higher_is_better, *compared}):
        value = metrics.setdefault(name, draw(st.floats(0.1, 0.9)))
        for rival in sorted(rivals):
            better, wide = draw(st.floats(0.1, 0.3) | st.floats(-0.05, 0.1)), draw(st.floats(0, 0.08))
            gain = better if gate.is_higher_better(name) else -better
            metrics[f"{rival}/{name}"] = value - gain
            metrics |= {f"versus/{rival}/{name}/low": gain - wide, f"versus/{rival}/{name}/high": gain + wide}
    for part in gate.no_part_worse if champion else ():
        name = f"{part.part}/one/{part.metric}"
        metrics |= {
            name: 0.3,
            f"champion/{name}": 0.3,
            f"versus/champion/{name}/low": -0.01,
            f"versus/champion/{name}/high": 0.01,
        }
    return metrics


def improved(gate: Gate, before: dict[str, float], name: str, by: float) -> dict[str, float]:
    """The same training with one metric better by so much, on the same rows: every difference moves with it."""
    gain = by if gate.is_higher_better(name) else -by
    kinds = ("versus/", "interval/", "excess/")
    moved = {name, *(key for key in before if key.startswith(kinds) and key.rsplit("/", 1)[0].endswith(f"/{name}"))}
    return {key: value + gain if key in moved else value for key, value in before.items()}


@pytest.mark.parametrize("champion", [True, False])
@pytest.mark.parametrize("name", gate_names(INCLUDE))
@SAME_EACH_TIME
@given(data=st.data())
def test_a_better_challenger_never_does_worse(name: str, champion: bool, data: st.DataObject) -> None:
    """For every shipped gate, with a champion and without, one metric at a time.

    But for a gain that is sure and smaller than demanded: it is refused and nobody is asked, where a difference that may
    be noise asks (docs/runbooks/gate.md).
    """
    gate = load_gate(name, INCLUDE)
    before = data.draw(numbers(gate, champion))
    after = improved(gate, before, data.draw(st.sampled_from(one_sided(gate))), data.draw(steps))
    first, second = evaluate_gate(gate, before), evaluate_gate(gate, after)
    small = any(_is_sure_but_small(gate, check) for check in second.checks)
    assert small or RANK[second.verdict] >= RANK[first.verdict], (first.reason, second.reason)


def _is_sure_but_small(gate: Gate, check: Check) -> bool:
    if check.condition != AGAINST or check.outcome != FAILED or check.low is None or check.high is None:
        return False
    return check.low > 0 if gate.is_higher_better(check.metric) else check.high < 0


@pytest.mark.parametrize("name", gate_names(INCLUDE))
@SAME_EACH_TIME
@given(data=st.data())
def test_what_was_not_logged_promotes_nobody(name: str, data: st.DataObject) -> None:
    """Leaving out numbers never turns a refusal into a promotion."""
    gate = load_gate(name, INCLUDE)
    whole = data.draw(numbers(gate, champion=True))
    left_out = data.draw(st.sets(st.sampled_from(sorted(whole)), max_size=4))
    part = {key: value for key, value in whole.items() if key not in left_out}
    if evaluate_gate(gate, whole, has_champion=True).verdict == "refuse":
        assert evaluate_gate(gate, part, has_champion=True).verdict != "promote"


@pytest.mark.parametrize("wanted", ["refuse", "promote"])
@pytest.mark.parametrize("name", gate_names(INCLUDE))
def test_the_generated_trainings_are_of_every_kind(name: str, wanted: str) -> None:
    """Else the properties above would hold of nothing: some are promoted, some refused."""
    gate = load_gate(name, INCLUDE)
    found = find(numbers(gate, champion=True), lambda one: evaluate_gate(gate, one).verdict == wanted, settings=MANY)
    assert evaluate_gate(gate, found).verdict == wanted
