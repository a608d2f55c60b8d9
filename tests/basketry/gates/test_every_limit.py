"""No limit of a shipped gate without a test that a model spoiled in the way it guards against is refused."""

from __future__ import annotations

from collections import Counter

import pytest

from basketry.config.settings import CHECKOUT
from basketry.gates import gate_names
from tests.basketry.domains.forecast import test_spoiled as forecast
from tests.basketry.domains.offers import test_spoiled_policy as policy
from tests.basketry.domains.offers import test_spoiled_recommendations as recommendations
from tests.basketry.domains.propensity import test_spoiled as propensity
from tests.basketry.domains.rfm import test_spoiled as rfm
from tests.kit.gates import shipped_gate

SPOILED = {
    "forecast": forecast.SPOILED,
    "offer_policy": policy.SPOILED,
    "propensity": propensity.SPOILED,
    "recommendations": recommendations.SPOILED,
    "rfm": rfm.SPOILED,
}
"""By gate: each way to spoil a model, and the limits that the test of it demands to fail."""


def test_every_gate_is_tried() -> None:
    """A new file in include/gates needs spoiled models of its own."""
    assert set(SPOILED) == set(gate_names(CHECKOUT / "include"))


@pytest.mark.parametrize("name", SPOILED)
def test_every_limit_of_a_gate_is_tried(name: str) -> None:
    """A spoiled model for each end of each limit, also of those beside a champion; and none for what is no limit."""
    gate = shipped_gate(name)
    ends = {
        limit.metric: (limit.at_least is not None) + (limit.at_most is not None)
        for limit in (*gate.absolute, *gate.beside_champion)
    }
    tried = Counter(metric for _, guards in SPOILED[name].values() for metric in guards)
    assert set(tried) == set(ends)
    assert not {metric: count for metric, count in ends.items() if tried[metric] < count}
