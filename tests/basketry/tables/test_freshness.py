"""Every table of gold has a deadline, and the DAG that it names writes often enough to keep it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from basketry.tables import DEADLINES, FILES, ORDER_LINES, TABLES, deadline_of, propensity_wide
from tests.tools.declared import DAGS

GOLD = {table.full_name for table in (*TABLES, propensity_wide(["Milk"])) if table.schema == "gold"}


def test_every_gold_table_has_a_deadline_and_no_other() -> None:
    """A new table without one is noticed here; a deadline of a table that is gone too."""
    assert set(DEADLINES) == GOLD


@pytest.mark.parametrize("name", sorted(GOLD))
def test_a_deadline_leaves_room_for_one_run(name: str) -> None:
    """Longer than the time between two runs of the DAG, shorter than two such times: one missed run is noticed."""
    found = DEADLINES[name]
    schedule = DAGS[found.dag].schedule
    between = timedelta(days=7) if schedule.endswith(("MON", "SUN")) else timedelta(days=1)
    assert between < found.within < 2 * between


def test_other_tables_are_late_when_deliveries_are() -> None:
    """Silver waits for files; what the pipeline notes about itself is written when something happens."""
    found = deadline_of(ORDER_LINES)
    assert found is not None and found.dag == "ingest"
    assert deadline_of(FILES) is None
