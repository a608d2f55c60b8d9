"""The job: in any order of runs, repeated or restated, each date holds what its lines give, and bad input one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from basketry.errors import BadInputError, ContractError
from basketry.features import category_selection, read
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.schemas import declared_schema
from basketry.tables import FEATURE_DATES, FEATURES, ORDER_LINES, PRODUCTS, PROPENSITY_SCORES, SCORED_CATEGORIES
from tests.basketry.features.samples import LINES, PRODUCTS_SOLD, by_key, computed, counted
from tests.kit.jobs import run_job
from tests.kit.lake import Silver, frame
from tests.kit.rows import lineage, order_line, product

pytestmark = pytest.mark.slow

D0, D1, D2 = date(2024, 2, 9), date(2024, 2, 10), date(2024, 2, 11)


def _sample(lake: Lakehouse) -> Silver:
    silver = Silver(lake)
    silver.deliver(ORDER_LINES, LINES)
    silver.deliver(PRODUCTS, PRODUCTS_SOLD)
    return silver


def _run(lake: Lakehouse, as_of: date, **other: object) -> JobReport:
    return run_job(lake, "features", as_of=as_of, run_id="r", **other)


def _restate(lake: Lakehouse, as_of: date = date(2024, 3, 1), dry_run: bool = False) -> list[str]:
    report = run_job(lake, "restate_features", as_of=as_of, dry_run=dry_run)
    return list(report.details["restated"])  # type: ignore[call-overload]


def _assert_right(lake: Lakehouse, silver: Silver, dates: Sequence[date], categories: Sequence[str]) -> None:
    """The three tables hold these dates and no other, with what counting gives."""
    lines = counted(silver.rows(ORDER_LINES), silver.rows(PRODUCTS))
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

    same = {**LINES[0], **lineage(1), "store_id": "S"}
    fee = order_line("O8", "1", "2024-01-05", line_kind="fee")
    silver.deliver(ORDER_LINES, [same, order_line("O7", "1", "2024-02-12"), fee])
    assert _restate(lake) == []
    silver.deliver(ORDER_LINES, [order_line("O9", "1", D1, "C9")])
    assert _restate(lake, dry_run=True) == _restate(lake) == [D1.isoformat(), D2.isoformat()]
    assert _restate(lake) == []
    _assert_right(lake, silver, [D0, D1, D2], ALL)
    stale = {row.as_of for row in lake.read(PROPENSITY_SCORES).where("is_stale").collect()}
    assert stale == {D1, D2} and lake.read(PROPENSITY_SCORES).count() == 3

    silver.deliver(PRODUCTS, [product("P4", "Tea", delivery=1)])
    assert _restate(lake, as_of=D1) == [D1.isoformat()]
    assert _restate(lake) == [D2.isoformat()]
    silver.deliver(ORDER_LINES, [{**LINES[0], **lineage(2), "status": "cancelled"}])
    assert len(_restate(lake)) == 3
    _assert_right(lake, silver, [D0, D1, D2], ALL)


def test_bad_input_is_one_sentence_and_writes_nothing(lake: Lakehouse, settings: object) -> None:
    """No lines, no sale, a day before or after the data, an unknown category: named, before anything is written."""
    expected = {}
    with pytest.raises(BadInputError) as error:
        _run(lake, D1)
    assert error.value.message == "silver.order_lines of catalog demo is empty: run ingest first."
    lake.merge(ORDER_LINES, frame(lake.spark, ORDER_LINES, [order_line("O1", "1", "2024-01-01", line_kind="fee")]))
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
