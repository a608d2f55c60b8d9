"""A run that goes on for ever is runs in turn, which keep what they have opened."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from basketry.domains.offers import job
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import OFFER_EVENTS, OFFER_PERFORMANCE_MINUTE
from tests.basketry.domains.offers.test_stream import message
from tests.kit.jobs import run_job
from tests.kit.offers import count_openings, deliver, fill, rows

pytestmark = [pytest.mark.usefixtures("registry_home"), pytest.mark.slow]


class EnoughError(Exception):
    """The platform ends a run that goes on for ever."""


def test_a_run_without_an_end_takes_what_comes(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """It decides what waits, rests, and looks again; without news it goes on from the memory that it has, and aggregates follow."""
    fill(lake)
    deliver(lake, "first.jsonl", [message("e1")], 1767268800)
    rests = list[int]()

    def rest(seconds: float) -> None:
        """Something comes while it rests, once."""
        assert seconds > 0
        rests.append(len(rows(lake, OFFER_EVENTS)))
        if len(rests) == 2:
            raise EnoughError
        deliver(lake, "second.jsonl", [message("e2", at="2026-01-01T12:02:00Z")], 1767268860)

    times = count_openings(monkeypatch)
    monkeypatch.setattr(job, "time", SimpleNamespace(sleep=rest))
    with pytest.raises(EnoughError):
        run_job(lake, "offers", continuous=True)
    assert rests == [1, 2] and times == {"opened": 1}
    assert rows(lake, OFFER_PERFORMANCE_MINUTE).minute.nunique() == 2
