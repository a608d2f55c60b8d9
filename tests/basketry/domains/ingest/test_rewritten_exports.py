"""Hand-over files are written again after a load of opt-outs, also where another file was refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from basketry.domains.ingest import job, withdrawals
from basketry.errors import BadInputError
from basketry.jobs.ingest import IngestArguments


class OnlySettings:
    """A lake of which nothing but settings and name are asked."""

    def __init__(self, settings: object) -> None:
        self.settings, self.catalog = settings, "demo"


@pytest.mark.parametrize(
    ("feed", "options", "rewritten"),
    [
        ("opt_outs", {}, True),
        ("*", {}, True),
        ("products", {}, False),
        ("opt_outs", {"dry_run": True}, False),
        ("opt_outs", {"refusals_only": True}, False),
    ],
)
def test_a_refused_file_does_not_keep_who_opted_out_on_the_lists(
    feed: str, options: dict[str, Any], rewritten: bool, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The load raises after it has loaded what could be; the lists follow before anybody learns of the bad file."""
    monkeypatch.setattr(job, "run", lambda lake, arguments: _refuse())
    days: list[object] = []

    def rewrite(lake: object) -> tuple[date, ...]:
        days.append(lake)
        return ()

    arguments = IngestArguments(catalog="demo", feed=feed, **options)
    with pytest.raises(BadInputError, match="bad.csv"):
        withdrawals.ingest(OnlySettings(settings), arguments, rewrite)  # type: ignore[arg-type]
    assert bool(days) == rewritten


def _refuse() -> None:
    raise BadInputError("bad.csv: it cannot be read.")
