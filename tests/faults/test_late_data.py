"""A correction that comes three and forty days late ends as if it had been there from the start, and touches nothing else.

One retailer, two lakes that share what was learned before the day that is corrected. In one the lines of that day come in
three deliveries, forty days apart, among those of the days between, and what the DAGs daily_sales, restate and
daily_scoring do is done as the days go by. In the other everything is there before the first of these days is looked at.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from basketry import registry
from basketry.config.settings import Settings
from tests.faults.lake import contents, lost
from tests.faults.plan import CATALOG, own_experiments, store
from tests.kit.documents import QUICK, copy_include
from tests.kit.jobs import run_script
from tests.kit.registry import registry_at
from tools.demo import deliver

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from basketry.lake.report import JobReport

END = date(2026, 11, 20)
D = END - timedelta(days=40)
BEFORE, THEN, MONTH, LATER = (D + timedelta(days=days) for days in (-1, 3, 28, 30))
SCORING = ("features", "score_propensity", "rfm", "forecast", "decide_products")
DAILY = {
    BEFORE: SCORING,
    D: SCORING,
    THEN: SCORING[:3],
    MONTH: ("forecast_accuracy",),  # of what was forecast on D
    LATER: ("propensity_outcomes",),  # of what was scored on D
    END: SCORING[:3],
}
"""What of daily_scoring is run as of each day: no more than shows that each of its tables is restated."""

RESTATED = (
    "sales_day",
    "sales_week",
    "sales_year_rollup",
    "customer_features",
    "category_features",
    "customer_category_features",
    "propensity_scores",
    "propensity_wide",
    "propensity_outcomes",
    "rfm_segments",
    "rfm_profiles",
    "rfm_migration",
    "product_features",
    "product_forecasts",
    "product_decisions",
    "price_response",
    "forecast_accuracy",
    "forecast_outcomes",
)
"""Gold tables that must be there and not be empty, so that their equality says something."""

pytestmark = [pytest.mark.full, pytest.mark.timeout(1800)]


class Retailer:
    """A lake, and what its jobs do to it."""

    def __init__(self, spark: SparkSession, home: Path, include: Path) -> None:
        from basketry.lake.opening import open_lake

        settings = Settings.from_environment({"BASKETRY_HOME": str(home), "BASKETRY_INCLUDE": str(include)})
        self.lake = open_lake(spark, CATALOG, settings)
        self.folder = home / "lake" / CATALOG

    def run(self, script: str, *arguments: str, as_of: date | None = None) -> JobReport:
        """A job by itself."""
        options = [f"--catalog={CATALOG}", f"--run-id={script} {as_of or 'undated'}", *arguments]
        return run_script(self.lake, script, options + ([f"--as-of={as_of}"] if as_of else []))

    def load(self, feed: str, files: Iterable[Path]) -> None:
        """Deliver files and ingest them."""
        folder = self.lake.settings.landing_folder(CATALOG, feed)
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy2(file, folder)
        self.run("ingest", f"--feed={feed}")

    def score(self, day: date) -> None:
        """The day's daily_scoring."""
        for script in DAILY[day]:
            self.run(script, as_of=day)

    def restate(self, day: date) -> tuple[list[str], dict[str, list[str]]]:
        """The day's restate: the days whose features, and those whose results were made again."""
        features = self.run("restate_features", as_of=day).details["restated"]
        results: Any = self.run("restate_results", as_of=day).details["restated"]
        return features, results  # type: ignore[return-value]

    def files(self, day: date) -> dict[str, set[str]]:
        """The files that hold the rows of an as-of date, by table that keeps such a date's rows in files of their own."""
        by_table = {}
        for log in self.folder.glob("gold/*/_delta_log"):
            table = DeltaTable(str(log.parent))
            if table.metadata().partition_columns == ["as_of"]:
                by_table[log.parent.name] = set(table.file_uris([("as_of", "=", str(day))]))
        return {name: files for name, files in by_table.items() if files}

    def versions(self) -> dict[str, int]:
        """The Delta version of each gold table."""
        return {log.parent.name: DeltaTable(str(log.parent)).version() for log in self.folder.glob("gold/*/_delta_log")}


@dataclass(kw_only=True)
class Story:
    """What happened.

    restated: by day of the run, the days whose features and whose results were made again. sales: the periods that each run
    rewrote, by table. kept: the files with the rows of the day before D, on that day and at the end.
    """

    late: Retailer
    whole: Retailer
    restated: dict[date, tuple[list[str], dict[str, list[str]]]] = field(default_factory=dict)
    sales: dict[date, dict[str, list[str]]] = field(default_factory=dict)
    kept: list[dict[str, set[str]]] = field(default_factory=list)


def _deliveries(folder: Path, out: Path) -> dict[str, Path]:
    """Order lines as they come: until D, D+3, D+30 and D+40, and two corrections of D.

    Of D's sales a third comes three days late and a ninth forty days late, together with one that was said to be cancelled.
    """
    lines = [line for file in sorted(folder.glob("*.csv.gz")) for line in _read(file)[1:]]
    head = _read(next(folder.glob("*.csv.gz")))[0]
    sold = [line for line in lines if _day(line) == D and ",SALE,Paid," in line]
    first, second, wrong = sold[1::3], sold[2::9], sold[0]
    until = {"history": D, "then": THEN, "later": LATER, "end": END}
    parts: dict[str, list[str]] = {name: [] for name in until}
    for line in lines:
        if line not in {*first, *second}:
            name = next((name for name, last in until.items() if _day(line) <= last), "end")
            parts[name].append(line.replace(",Paid,", ",Cancelled,") if line == wrong else line)
    parts |= {"first": first, "second": [*second, wrong]}
    paths = {}
    for name, rows in parts.items():
        last = {"first": THEN, "second": END, **until}[name]  # a file's name says when it was delivered
        paths[name] = out / f"order_lines_{last + timedelta(days=1)}_{name}.csv.gz"
        with gzip.open(paths[name], "wt") as file:
            file.writelines([head, *rows])
    return paths


def _read(file: Path) -> list[str]:
    with gzip.open(file, "rt") as lines:
        return lines.readlines()


def _day(line: str) -> date:
    try:
        return datetime.strptime(line.split(",")[5], "%m/%d/%Y").date()
    except ValueError:
        return date.min  # one of the simulator's bad rows: whoever loads it sets it aside


def _learned(shop: Retailer) -> None:
    """Everything up to the day before D: trained, promoted, scored."""
    shop.run("sales", as_of=BEFORE)
    shop.run("features", "--training", "--only-missing", "--choose-categories", as_of=BEFORE)
    for model, script, *options in (
        ("propensity", "train_propensity"),
        ("rfm", "rfm", "--fit"),
        ("forecast", "train_forecast"),
    ):
        shop.run(script, *options, as_of=BEFORE)
        challenger = registry.alias_version(registry.registered_name(CATALOG, model), registry.CHALLENGER)
        shop.run("judge", f"--model={model}")
        shop.run(
            "promote",
            *(f"--model={model}", f"--challenger={challenger}", "--override", "--decided-by=tests"),
            *("--decided-at=2026-10-11T00:00:00+00:00", "--reason=a champion is needed"),
        )
    shop.score(BEFORE)


def _days_go_by(story: Story, delivered: dict[str, Path]) -> None:
    """What the DAGs do from D on, with a correction among the files of D+3 and of D+40."""
    shop = story.late
    story.kept.append(shop.files(BEFORE))
    shop.score(D)
    for day, files in ((THEN, ("then", "first")), (LATER, ("later",)), (END, ("end", "second"))):
        shop.load("order_lines", [delivered[name] for name in files])
        if day != LATER:
            rewrites: Any = shop.run("sales", as_of=day).details["rewrites"]
            story.sales[day] = rewrites
        story.restated[day] = shop.restate(day)
        if day == LATER:
            shop.score(MONTH)
        shop.score(day)
    story.kept.append(shop.files(BEFORE))


@pytest.fixture(scope="module")
def story(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Both lakes at the end."""
    home = tmp_path_factory.mktemp("late")
    copy_include(home, QUICK)
    own_experiments(home)
    late, whole = (Retailer(spark, home / name, home / "include") for name in ("late", "whole"))
    deliver(home / "demo", END, scale=0.05, weeks=46)
    delivered = _deliveries(home / "demo" / "order_lines", home)
    with registry_at(store(home)):
        for feed in ("products", "reviews"):
            late.load(feed, (home / "demo" / feed).iterdir())
        late.load("order_lines", [delivered["history"]])
        _learned(late)
        shutil.copytree(home / "late", home / "whole")
        history = Story(late=late, whole=whole)
        _days_go_by(history, delivered)
        whole.load("order_lines", [file for name, file in delivered.items() if name != "history"])
        whole.run("sales", as_of=END)
        for day in (D, THEN, MONTH, LATER, END):
            whole.score(day)
        yield history


def test_every_table_equals_one_that_had_it_from_the_start(story: Story) -> None:
    """Silver and gold, row for row: sales, features, scores, segments, forecasts, decisions, what came true."""
    late, whole = (
        {name: rows for name, rows in contents(shop.folder).items() if name.startswith(("silver/", "gold/"))}
        for shop in (story.late, story.whole)
    )
    differing = lost(whole, late)
    assert not differing, f"(missing, too many) by table: {differing}"
    assert {f"gold/{name}" for name in RESTATED} <= {name for name, rows in late.items() if rows}


def test_what_saw_the_correction_is_made_again_and_nothing_else(story: Story) -> None:
    """At D+3 what was made as of D; at D+40 all from D on; never the day before, nor anything for the sake of new days."""
    d, then, month, later = map(str, (D, THEN, MONTH, LATER))
    features, results = story.restated[THEN]
    assert features == [d]
    assert results == {**dict.fromkeys(results, []), **dict.fromkeys(SCORING[1:], [d])}
    features, results = story.restated[LATER]
    assert features == [] and set(map(len, results.values())) == {0} and len(results) == 6
    features, results = story.restated[END]
    assert features == [d, then]
    assert results == {
        "rfm": [d, then],
        "forecast": [d],
        "decide_products": [d],
        "forecast_accuracy": [month],
        "score_propensity": [d, then],
        "propensity_outcomes": [later],
    }


def test_the_day_before_keeps_its_very_files(story: Story) -> None:
    """Rows of the day before the corrected one are at the end in the files in which they were before any correction."""
    before, after = story.kept
    assert len(before) > 8 and before == after


def test_sales_rewrite_the_corrected_day_and_the_new_ones(story: Story) -> None:
    """By day: the corrected one, and those that had not been looked at."""
    new = [(THEN, D, THEN), (END, THEN, END)]
    for day, last, until in new:
        days = {str(last + timedelta(days=number)) for number in range(1, (until - last).days + 1)}
        written = set(story.sales[day]["gold.sales_day"])
        assert str(D) in written and written - {str(D)} <= days and len(written) > 3


def test_a_second_look_finds_nothing(story: Story) -> None:
    """Restating again writes no row."""
    before = story.late.versions()
    features, results = story.late.restate(END)
    assert features == [] and not any(results.values())
    assert story.late.versions() == before
