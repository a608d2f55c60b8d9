"""The job: whatever the order of its runs, it ends as a full rebuild would, having rewritten only what was touched."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime

import pytest

from basketry.domains.sales import plan as sales_plan
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.tables import GRAINS, ORDER_LINES, PRODUCTS, REVIEWS, SALES, SALES_ROLLUP
from tests.basketry.domains.sales.samples import LINES, PRODUCTS_SOLD, RATINGS, Expected, keyed, line
from tests.kit.jobs import run_job
from tests.kit.lake import Silver
from tests.kit.rows import product, review

pytestmark = pytest.mark.slow

GOLD = (*SALES.values(), *SALES_ROLLUP.values())


def _run(lake: Lakehouse, as_of: str, *, full: bool = False, dry_run: bool = False) -> JobReport:
    return run_job(lake, "sales", as_of=as_of, full=full, dry_run=dry_run)


def _versions(lake: Lakehouse) -> dict[str, int | None]:
    return {table.full_name: lake.version(table) for table in GOLD}


def _planned(lake: Lakehouse, as_of: str) -> dict[str, list[str] | None]:
    """Table name without schema -> first days of the periods a run would rewrite; None for all."""
    plan = sales_plan.plan_sales(lake, date.fromisoformat(as_of))
    return {
        rewrite.table.name: None if rewrite.periods is None else [day.isoformat() for day in rewrite.periods]
        for rewrite in plan.rewrites
    }


@pytest.fixture
def grains(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """One grain stands for four, to save minutes: what differs between grains is tested in test_core and once below."""
    monkeypatch.setattr(sales_plan, "GRAINS", ("month",))
    return sales_plan.GRAINS


def _assert_equals_full_rebuild(lake: Lakehouse, silver: Silver, as_of: str, grains: Sequence[str] = GRAINS) -> None:
    """The tables hold what counting today's silver row by row gives."""
    lines, products, reviews = (silver.rows(table) for table in (ORDER_LINES, PRODUCTS, REVIEWS))
    expected = Expected(lines, products, reviews, date.fromisoformat(as_of))
    for grain in grains:
        assert keyed(lake.read(SALES[grain]), SALES[grain]) == expected.by_product(grain)
        assert keyed(lake.read(SALES_ROLLUP[grain]), SALES_ROLLUP[grain]) == expected.rollup(grain)


def _sample(lake: Lakehouse) -> Silver:
    silver = Silver(lake)
    for table, rows in ((ORDER_LINES, LINES), (PRODUCTS, PRODUCTS_SOLD), (REVIEWS, RATINGS)):
        silver.deliver(table, rows)
    return silver


def test_empty_silver_is_bad_input(lake: Lakehouse) -> None:
    """Without a single order line the job says which table of which catalog is empty and what to run."""
    with pytest.raises(BadInputError) as error:
        _run(lake, "2024-03-09")
    assert error.value.message == "silver.order_lines of catalog demo is empty: run ingest first."


def test_any_order_of_runs_ends_as_a_full_rebuild(lake: Lakehouse, grains: tuple[str, ...]) -> None:
    """A backfill in random order, with repeats and corrections between, ends as one rebuild as of the latest day."""
    silver = _sample(lake)
    as_ofs = ["2021-01-04", "2024-02-29", "2024-03-12", "2024-03-10"]
    random.Random(7).shuffle(as_ofs)
    corrections = [
        (ORDER_LINES, [line("O2", "1", "2021-01-05", delivery=1), line("O12", "1", "2024-03-10", product="P5")]),
        (PRODUCTS, [product("P3", "Cocoa", department="Home", delivery=1), product("P9", "Late", department="Home")]),
        (REVIEWS, [review("R1", "P1", "2021-01-04", 1, delivery=1)]),
    ]
    for number, as_of in enumerate(as_ofs):
        _run(lake, as_of)
        if number < len(corrections):
            silver.deliver(*corrections[number])
    _run(lake, as_ofs[0])
    _assert_equals_full_rebuild(lake, silver, "2024-03-12", grains)


def test_only_touched_periods_are_planned_and_then_nothing(lake: Lakehouse) -> None:
    """After the first run an older day or a repeat writes nothing, and a change rewrites its own periods only."""
    silver = _sample(lake)
    dry = _run(lake, "2024-03-09", dry_run=True)
    assert dry.dry_run and not any(lake.exists(table) for table in GOLD)
    assert dry.details["rewrites"] == {table.full_name: "all" for table in GOLD}
    _run(lake, "2024-03-09")
    _assert_equals_full_rebuild(lake, silver, "2024-03-09")

    before = _versions(lake)
    assert _run(lake, "2024-02-29").rows_out == 0
    assert _versions(lake) == before

    # A week and a month end without a new sale: only what was partial is no more; no day is touched.
    ended = _planned(lake, "2024-03-11")
    assert (ended["sales_day"], ended["sales_week"], ended["sales_month"]) == ([], ["2024-03-04"], [])

    moved = [line("O4", "1", "2024-02-28", delivery=1), line("O3", "1", "2021-01-03", product="P2", delivery=1)]
    same = {**LINES[4], "_delivered_at": moved[1]["_delivered_at"]}
    silver.deliver(ORDER_LINES, [moved[0], same])
    planned = _planned(lake, "2024-03-09")
    assert planned["sales_day"] == planned["sales_day_rollup"] == ["2021-01-04", "2024-02-28"]
    assert planned["sales_week"] == ["2021-01-04", "2024-02-26"]
    assert planned["sales_month"] == ["2021-01-01", "2024-02-01"]
    assert planned["sales_year"] == ["2021-01-01", "2024-01-01"]
    _run(lake, "2024-03-09")
    _assert_equals_full_rebuild(lake, silver, "2024-03-09")
    assert _planned(lake, "2024-03-09") == {}


def test_what_a_run_for_a_day_to_come_wrote_is_written_anew(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that says it has looked up to 2062 is as if it were not there: the next right run makes all of it right."""
    silver = _sample(lake)
    with monkeypatch.context() as before:
        before.setattr(sales_plan, "last_delivered_day", lambda lake: date(2062, 12, 31))
        _run(lake, "2062-11-28")
    assert not lake.read(SALES["year"]).where("is_partial AND period_start = '2024-01-01'").count()
    _run(lake, "2024-03-12")
    _assert_equals_full_rebuild(lake, silver, "2024-03-12")
    assert _run(lake, "2024-03-12").rows_out == 0


def test_no_run_looks_past_what_was_delivered(lake: Lakehouse, grains: tuple[str, ...]) -> None:
    """A delivery that did not come ends no month: it stays partial, the report says until when there are lines."""
    silver = Silver(lake)
    at_night = {
        day: {"_delivered_at": datetime.fromisoformat(day)} for day in ("2024-03-29", "2024-03-30", "2024-04-02")
    }
    silver.deliver(ORDER_LINES, [line(f"O{day}", "1", day, **at_night[day]) for day in ("2024-03-29", "2024-03-30")])
    report = _run(lake, "2024-04-30")
    assert any(said.startswith("order lines end on 2024-03-30: what ends after that day") for said in report.summary)
    _assert_equals_full_rebuild(lake, silver, "2024-03-30", grains)
    silver.deliver(ORDER_LINES, [line("O3", "1", "2024-04-02", **at_night["2024-04-02"])])
    _run(lake, "2024-04-30")
    _assert_equals_full_rebuild(lake, silver, "2024-04-02", grains)


def test_earlier_data_end_what_was_partial(lake: Lakehouse, grains: tuple[str, ...]) -> None:
    """Lines of an earlier month, or the earliest cancelled, mark the first periods again, which nobody touched otherwise."""
    silver = Silver(lake)
    last = line("O3", "1", "2024-05-31")
    silver.deliver(ORDER_LINES, [line("O1", "1", "2024-02-10"), line("O2", "1", "2024-04-02"), last])
    _run(lake, "2024-05-31")
    _assert_equals_full_rebuild(lake, silver, "2024-05-31", grains)
    silver.deliver(ORDER_LINES, [line("O0", "1", "2024-01-20")])
    assert _planned(lake, "2024-05-31")["sales_month"] == ["2024-01-01", "2024-02-01"]
    _run(lake, "2024-05-31")
    _assert_equals_full_rebuild(lake, silver, "2024-05-31", grains)
    gone = [
        line(*one, status="cancelled", delivery=1) for one in (("O0", "1", "2024-01-20"), ("O1", "1", "2024-02-10"))
    ]
    silver.deliver(ORDER_LINES, gone)
    assert _planned(lake, "2024-05-31")["sales_month"] == ["2024-01-01", "2024-02-01", "2024-04-01"]
    _run(lake, "2024-05-31")
    _assert_equals_full_rebuild(lake, silver, "2024-05-31", grains)
    assert _planned(lake, "2024-05-31") == {}


def test_tables_of_an_older_release_are_rebuilt(
    lake: Lakehouse, grains: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first day of the data was not kept beside the versions yet, nobody knows what is partial: all is planned."""
    Silver(lake).deliver(ORDER_LINES, [line("O1", "1", "2024-01-10")])
    with monkeypatch.context() as patch:
        state = sales_plan.SalesPlan.state.fget
        assert state is not None
        patch.setattr(
            sales_plan.SalesPlan,
            "state",
            property(lambda plan: {name: value for name, value in state(plan).items() if name != sales_plan.FIRST_DAY}),
        )
        _run(lake, "2024-01-31")
    assert set(_planned(lake, "2024-01-31").values()) == {None}


def test_lost_history_and_full_rebuild_everything(
    lake: Lakehouse, grains: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the change feed every period is planned; --full as of an earlier day forgets what later runs saw."""
    silver = Silver(lake)
    silver.deliver(ORDER_LINES, [line("O1", "1", "2024-01-01"), line("O2", "1", "2024-01-02")])
    _run(lake, "2024-01-02")
    silver.deliver(ORDER_LINES, [line("O3", "1", "2024-01-01")])
    with monkeypatch.context() as patch:
        patch.setattr(Lakehouse, "changes", lambda *_: None)
        assert set(_planned(lake, "2024-01-02").values()) == {None}
    _run(lake, "2024-01-01", full=True)
    _assert_equals_full_rebuild(lake, silver, "2024-01-01", grains)
