"""make deploy and metric views: made when their tables are there, anew when they changed, readable by whom the tables are."""

from __future__ import annotations

import pytest

from basketry.tables import FILES, PRODUCT_DECISIONS, PRODUCT_FEATURES, SALES
from tests.kit.lake import fill
from tests.tools.deploy.conftest import CATALOG, Bench, Edit
from tools.problem import Problem

DECISIONS = f"{CATALOG}.gold.metrics_decisions"


@pytest.fixture
def loaded(bench: Bench) -> Bench:
    """A deployed workspace, and after it a first load of some tables."""
    bench.deploy()
    assert not bench.emulator.unity.views
    for table in (PRODUCT_DECISIONS, PRODUCT_FEATURES, SALES["month"], FILES):
        fill(bench.emulator.home / "lake", CATALOG, table, [])
    return bench


def readers(bench: Bench, view: str) -> set[str]:
    """Who may read a view."""
    return set(bench.emulator.unity.granted().get(("TABLE", f"{CATALOG}.{view}"), {}))


def test_views_come_with_their_tables(loaded: Bench) -> None:
    """A plan names them; a view one of whose tables is missing waits; a second deployment has nothing to do."""
    loaded.deploy(plan=True)
    assert f"+ metric view {DECISIONS}" in loaded.lines and not loaded.emulator.unity.views
    loaded.deploy()
    made = {name.removeprefix(f"{CATALOG}.") for name in loaded.emulator.unity.views}
    assert made == {"gold.metrics_decisions", "gold.metrics_sales_month", "ops.metrics_deliveries"}
    assert readers(loaded, "gold.metrics_sales_month") == readers(loaded, "gold.sales_month") != set()
    assert loaded.deploy(plan=True) == 0, loaded.lines
    assert loaded.deploy() == 0


def test_a_changed_measure_replaces_the_view_and_its_rights(loaded: Bench, edit: Edit) -> None:
    """Its readers lose it with the old view and have it again at once; no other view is touched."""
    loaded.deploy()
    before = readers(loaded, "gold.metrics_decisions")
    metrics = loaded.checkout / "include" / "metrics.yaml"
    edit("include/metrics.yaml", metrics.read_text().replace("sql: SUM(expected_worth)", "sql: MAX(expected_worth)"))
    assert loaded.deploy() == 1
    assert loaded.lines == [f"+ metric view {DECISIONS}"]
    assert readers(loaded, "gold.metrics_decisions") == before != set()


def test_a_view_that_cannot_be_made_stops_nothing_else(loaded: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What went wrong is said at the end, with what is needed; the next deployment makes it."""
    from tools.deploy import views

    real = views.view_statement
    monkeypatch.setattr(
        views, "view_statement", lambda view, names: real(view, names).replace("metrics_decisions` TBL", "` TBL")
    )
    with pytest.raises(
        Problem, match=f"rest was deployed, but:\n  metric view {DECISIONS} was not made .*needs SELECT"
    ):
        loaded.deploy()
    assert readers(loaded, "gold.metrics_sales_month")
    monkeypatch.undo()
    loaded.deploy()
    assert DECISIONS in loaded.emulator.unity.views
