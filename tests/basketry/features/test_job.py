"""The job: in any order of runs, repeated or restated, each date holds what its lines give, and bad input one sentence."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from basketry.errors import BadInputError, ContractError
from basketry.features import category_selection, job, read, restate
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.schemas import declared_schema
from basketry.tables import FEATURE_DATES, FEATURES, ORDER_LINES, PRODUCTS, PROPENSITY_SCORES, SCORED_CATEGORIES, Table
from tests.basketry.features.samples import Row, by_key, computed, counted, frame, line, product

Silver = dict[Table, dict[tuple[object, ...], Row]]
PRODUCTS_SOLD = [product("P1", "Tea"), product("P2", "Tea"), product("P3", "Milk 'n more"), product("P4", None)]
LINES = [
    line("O1", "1", "2024-01-01"),
    line("O1", "2", "2024-01-01", product="P3", instore_discount="1"),
    line("O2", "1", "2024-01-20", "C2", product="P2", campaign_coupon_discount="0.5"),
    line("O3", "1", "2024-02-10", None, product="P4"),
    line("O4", "1", "2024-02-10", "C1", product="P2"),
    line("O5", "1", "2024-02-12", "C3", product="P3"),
    line("O6", "1", "2024-02-12", "C4", status="cancelled"),
]
D0, D1, D2 = date(2024, 2, 9), date(2024, 2, 10), date(2024, 2, 11)


def _deliver(lake: Lakehouse, silver: Silver, table: Table, rows: Sequence[Row]) -> None:
    lake.merge(table, frame(lake.spark, table, rows))
    silver.setdefault(table, {}).update({tuple(row[name] for name in table.key): row for row in rows})


def _sample(lake: Lakehouse) -> Silver:
    silver: Silver = {}
    _deliver(lake, silver, ORDER_LINES, LINES)
    _deliver(lake, silver, PRODUCTS, PRODUCTS_SOLD)
    return silver


def _run(lake: Lakehouse, as_of: date, **other: object) -> JobReport:
    arguments = {"days": 1, "dates": None, "training": False, "only_missing": False, "choose_categories": False}
    arguments |= {"categories_as_of": None, "dry_run": False, "run_id": "r", "as_of": as_of}
    return job.run(lake, Namespace(**{**arguments, **other}))


def _restate(lake: Lakehouse, as_of: date = date(2024, 3, 1), dry_run: bool = False) -> list[str]:
    report = restate.run(lake, Namespace(as_of=as_of, dry_run=dry_run, run_id="r"))
    return list(report.details["restated"])  # type: ignore[call-overload]


def _assert_right(lake: Lakehouse, silver: Silver, dates: Sequence[date], categories: Sequence[str]) -> None:
    """The three tables hold these dates and no other, with what counting gives."""
    lines = counted(silver[ORDER_LINES].values(), silver[PRODUCTS].values())
    wanted = computed(lines, sorted(dates), categories)
    for table in FEATURES:
        assert by_key((row.asDict() for row in lake.read(table).collect()), table) == by_key(wanted[table.name], table)
    stored = read.stored_feature_dates(lake)
    assert set(stored) == set(dates)
    assert {tuple(row.categories) for row in stored.values()} == {tuple(sorted(categories))}


ALL = ("Milk 'n more", "Tea", "Uncategorised")


def test_repeated_and_late_runs_end_the_same(lake: Lakehouse) -> None:
    """D, D+1, then D again, then both at once: each date is there once, right, and the categories chosen once."""
    silver = _sample(lake)
    dry = _run(lake, D1, dry_run=True)
    assert dry.rows_out and not lake.exists(FEATURES[0]) and not lake.exists(FEATURE_DATES)
    first = _run(lake, D1)
    assert first.details["chosen"] == ["Tea", "Milk 'n more", "Uncategorised"]
    assert (first.rows_in, first.rows_out) == (6, 2 + 3 + 3)
    _run(lake, D2)
    again = _run(lake, D1)
    assert again.details["chosen"] == [] and again.rows_out == first.rows_out
    _assert_right(lake, silver, [D1, D2], ALL)
    _run(lake, D2, days=2)
    _assert_right(lake, silver, [D1, D2], ALL)
    row = read.stored_feature_dates(lake)[D1]
    assert (row.history_days, row.customers, row.order_lines_version) == (41, 2, lake.version(ORDER_LINES))

    assert _run(lake, D2, days=3, only_missing=True).details["dates"] == [D0.isoformat()]
    nothing = _run(lake, D2, days=3, only_missing=True)
    assert (nothing.rows_out, nothing.summary) == (0, ("the features of every date are stored: nothing to do",))
    _assert_right(lake, silver, [D0, D1, D2], ALL)


def test_a_new_choice_reaches_missing_dates(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new choice of categories leaves the old one in place, and a date that lacks one of its categories is missing."""
    silver = _sample(lake)
    with monkeypatch.context() as patch:
        patch.setattr(
            category_selection, "load_category_selection", lambda *_: category_selection.CategorySelection(("Tea",))
        )
        _run(lake, D1)
        _assert_right(lake, silver, [D1], ("Tea",))
    report = _run(lake, D2, only_missing=True, choose_categories=True, dates=(D1,), categories_as_of=D1)
    assert report.details == {"dates": [D1.isoformat()], "chosen": ["Tea", "Milk 'n more", "Uncategorised"]}
    assert category_selection.newest_scored_categories(lake) == ("Tea", "Milk 'n more", "Uncategorised")
    assert [row.baskets for row in lake.read(SCORED_CATEGORIES).orderBy("position").collect()] == [3, 1, 1]
    _assert_right(lake, silver, [D1], ALL)


def test_late_lines_restate_exactly_what_they_touch(lake: Lakehouse) -> None:
    """A late, moved, cancelled or recategorised sale restates the stored dates from its day on; all else none."""
    silver = _sample(lake)
    _run(lake, D2, days=3, choose_categories=True, categories_as_of=D2)
    scores = [(day, "C1", "Tea", 0.5, 1, 1, "1", False) for day in (D0, D1, D2)]
    lake.append(PROPENSITY_SCORES, lake.spark.createDataFrame(scores, declared_schema(PROPENSITY_SCORES)))
    assert _restate(lake) == []

    same = [{**LINES[0], "_delivered_at": line("O9", "1", D0, delivery=1)["_delivered_at"], "store_id": "S"}]
    _deliver(
        lake,
        silver,
        ORDER_LINES,
        [*same, line("O7", "1", "2024-02-12"), line("O8", "1", "2024-01-05", line_kind="fee")],
    )
    assert _restate(lake) == []
    _deliver(lake, silver, ORDER_LINES, [line("O9", "1", D1, "C9")])
    assert _restate(lake, dry_run=True) == _restate(lake) == [D1.isoformat(), D2.isoformat()]
    assert _restate(lake) == []
    _assert_right(lake, silver, [D0, D1, D2], ALL)
    stale = {row.as_of for row in lake.read(PROPENSITY_SCORES).where("is_stale").collect()}
    assert stale == {D1, D2} and lake.read(PROPENSITY_SCORES).count() == 3

    _deliver(lake, silver, PRODUCTS, [product("P4", "Tea", delivery=1)])
    assert _restate(lake, as_of=D1) == [D1.isoformat()]
    assert _restate(lake) == [D2.isoformat()]
    _deliver(lake, silver, ORDER_LINES, [{**LINES[0], "status": "cancelled", "_delivered_at": _later(2)}])
    assert len(_restate(lake)) == 3
    _assert_right(lake, silver, [D0, D1, D2], ALL)


def _later(days: int) -> object:
    return line("O", "1", D0, delivery=days)["_delivered_at"]


def test_bad_input_is_one_sentence_and_writes_nothing(lake: Lakehouse, settings: object) -> None:
    """No lines, no sale, a day before or after the data, an unknown category: named, before anything is written."""
    expected = {}
    with pytest.raises(BadInputError) as error:
        _run(lake, D1)
    assert error.value.message == "silver.order_lines of catalog demo is empty: run ingest first."
    lake.merge(ORDER_LINES, frame(lake.spark, ORDER_LINES, [line("O1", "1", "2024-01-01", line_kind="fee")]))
    lake.merge(PRODUCTS, frame(lake.spark, PRODUCTS, PRODUCTS_SOLD))
    expected[D1, ()] = "silver.order_lines of catalog demo has no sale: run ingest first."
    _assert_refused(lake, expected)
    lake.merge(ORDER_LINES, frame(lake.spark, ORDER_LINES, LINES[1:]))
    early, late = date(2023, 12, 31), date(2024, 2, 17)
    expected = {
        (
            early,
            (),
        ): "nothing is known as of 2023-12-31: order lines of catalog demo begin on 2024-01-01; take a later day.",
        (
            late,
            (),
        ): "order lines of catalog demo end on 2024-02-16, before 2024-02-17: ingest the days between or take an"
        " earlier day.",
        (D1, ("days", 0)): "--days is 0; make it at least 1.",
        (
            D1,
            ("dates", (D2,)),
        ): "--dates has 2024-02-11, which is after --as-of 2024-02-10: no job looks past that day.",
    }
    _assert_refused(lake, expected)
    assert not any(lake.exists(table) for table in (*FEATURES, FEATURE_DATES, SCORED_CATEGORIES))
    assert _run(lake, date(2024, 1, 2), days=4).details["dates"] == ["2024-01-01", "2024-01-02"]


def _assert_refused(lake: Lakehouse, expected: dict[tuple[date, tuple[object, ...]], str]) -> None:
    for (as_of, other), message in expected.items():
        with pytest.raises(BadInputError) as error:
            _run(lake, as_of, **(dict([other]) if other else {}))
        assert error.value.message == message


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", category_selection.CategorySelection()),
        ("propensity: {top: 3}", category_selection.CategorySelection(top=3)),
        ("propensity: {categories: [Tea, Coffee]}", category_selection.CategorySelection(("Tea", "Coffee"))),
        ("propensity: {tops: 3}", "unknown key 'tops' in propensity; did you mean 'top'?"),
        ("propensity: {top: 0}", "top is 0; make it at least 1."),
        ("propensity: {categories: [Tea, Tea]}", "categories is empty or repeats one; list each category once."),
        ("propensity: {}", "propensity has neither or both of 'categories' and 'top'; write one of them."),
    ],
)
def test_what_a_catalog_may_say(tmp_path: Path, text: str, outcome: object) -> None:
    """A list of categories or a number; anything else names file, line and fix."""
    folder = tmp_path / "include" / "catalogs"
    folder.mkdir(parents=True)
    (folder / "demo.yaml").write_text(f"catalog: demo\n{text}\n")
    if isinstance(outcome, category_selection.CategorySelection):
        assert category_selection.load_category_selection("demo", tmp_path / "include") == outcome
        return
    with pytest.raises(ContractError) as error:
        category_selection.load_category_selection("demo", tmp_path / "include")
    assert error.value.message == f"include/catalogs/demo.yaml:2: {outcome}"


def test_an_unknown_category_is_named(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog that scores a category no product has is told so, with the nearest one."""
    _sample(lake)
    monkeypatch.setattr(
        category_selection, "load_category_selection", lambda *_: category_selection.CategorySelection(("Teas",))
    )
    with pytest.raises(BadInputError) as error:
        _run(lake, D1)
    assert error.value.message == "include/catalogs/demo.yaml scores the unknown category 'Teas'; did you mean 'Tea'?"
