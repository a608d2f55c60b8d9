"""What is made again when lines come late: the touched days, once, by the version that made them, through any interruption."""

from __future__ import annotations

from argparse import Namespace
from datetime import date, timedelta
from typing import Any

import pytest

from basketry.errors import NotDeliveredError
from basketry.features import core
from basketry.jobs import DatedArguments
from basketry.jobs.rfm import RfmArguments
from basketry.lake import restatement
from basketry.lake.change_feed import InputDependency
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.registry import ModelGoneError
from basketry.tables import JOB_RUNS, ORDER_LINES, RFM_PROFILES
from tests.kit.jobs import job_arguments
from tests.kit.lake import fill, frame
from tests.kit.rows import order_line

pytestmark = pytest.mark.slow

DAYS = tuple(date(2024, 2, 9) + timedelta(days=number) for number in range(3))
INPUTS = (
    InputDependency(
        ORDER_LINES, ("customer_id", "order_date", "line_kind", "status", "net_amount"), core.counts_in_features
    ),
)


class Shop:
    """A lake with rows of three days, and a job that notes for which of them it is called, and with which version."""

    def __init__(self, lake: Lakehouse) -> None:
        self.lake = lake
        self.made: list[tuple[date, str]] = []
        self.failing: dict[date, Exception] = {}
        self.deliveries = 0
        assert lake.settings.lake is not None
        rows = [
            {"as_of": day, "view": "named", "segment": "New", "model_version": version}
            for day, version in zip(DAYS, ("1", "2", "fallback"), strict=True)
        ]
        fill(lake.settings.lake, lake.catalog, RFM_PROFILES, rows)
        self.deliver("O1", DAYS[0] - timedelta(days=30))

    def deliver(self, order: str, day: date, **other: Any) -> None:
        """A line, by a delivery of its own."""
        self.deliveries += 1
        row = order_line(order, "1", day, delivery=self.deliveries, **other)
        self.lake.merge(ORDER_LINES, frame(self.lake.spark, ORDER_LINES, [row]))

    def job(self, lake: Lakehouse, arguments: Namespace) -> JobReport:
        """Makes a day."""
        if arguments.as_of in self.failing:
            raise self.failing[arguments.as_of]
        self.made.append((arguments.as_of, arguments.model))
        return JobReport(
            rows_in=1, rows_out=1, summary=(), as_of=arguments.as_of, input_versions=lake.versions(ORDER_LINES)
        )

    def restate(self, as_of: date = DAYS[-1], *, dry_run: bool = False) -> list[tuple[date, str]]:
        """Restate; what was made by it."""
        self.made.clear()
        results = (
            restatement.RestatableResult(
                job="segments", run=self.job, arguments=RfmArguments, table=RFM_PROFILES, inputs=INPUTS
            ),
        )
        options = {"run_id": f"restate {self.deliveries}", "as_of": as_of, "dry_run": dry_run}
        arguments = job_arguments(self.lake.catalog, restatement.JOB_NAME, **options)
        self.report = restatement.run_job(
            self.lake, restatement.JOB_NAME, arguments, lambda lake, given: restatement.restate(lake, given, results)
        )
        return list(self.made)


def test_each_touched_day_is_made_again_once(lake: Lakehouse) -> None:
    """What nobody noted, then nothing, then what a late line touches; what was finished before a failure is kept."""
    shop = Shop(lake)
    assert shop.restate(dry_run=True) == [] and "3 of 3 days were touched" in shop.report.summary[0]
    assert shop.restate(DAYS[1]) == [(DAYS[0], "1"), (DAYS[1], "2")]
    assert shop.restate() == [(DAYS[2], "as-then")] and shop.restate() == []

    shop.deliver("O2", DAYS[2] + timedelta(days=1))
    shop.deliver("O3", DAYS[0], line_kind="fee")
    assert shop.restate() == [] and "nothing that came late touches any of its 3 days" in shop.report.summary[0]

    shop.deliver("O4", DAYS[1])
    shop.failing = {DAYS[2]: RuntimeError("the machine went down")}
    with pytest.raises(RuntimeError):
        shop.restate()
    assert shop.made == [(DAYS[1], "2")]
    shop.failing.clear()
    assert shop.restate() == [(DAYS[2], "as-then")] and shop.restate() == []

    noted = {(row.job, row.as_of, row.run_id) for row in lake.read(JOB_RUNS).collect()}
    assert ("segments", DAYS[1], f"restate {shop.deliveries} {DAYS[1]}") in noted


def test_a_day_whose_model_is_gone_stays_and_is_told(lake: Lakehouse) -> None:
    """The others are made again, and the next run does not ask again."""
    shop = Shop(lake)
    shop.failing = {DAYS[1]: ModelGoneError("version 2 of demo.gold.rfm is gone")}
    assert [day for day, _ in shop.restate()] == [DAYS[0], DAYS[2]]
    assert f"1 stay as they were made, because their model is gone: {DAYS[1]}" in shop.report.summary[0]
    assert shop.restate() == []


def test_a_day_whose_lines_are_not_delivered_waits_for_them(lake: Lakehouse) -> None:
    """A forecast made before a delivery came: the others are made again, it is told, and asked for again until it can be."""
    shop = Shop(lake)
    shop.failing = {DAYS[1]: NotDeliveredError(f"order lines of catalog demo end on {DAYS[0]}, before {DAYS[1]}: …")}
    assert [day for day, _ in shop.restate()] == [DAYS[0], DAYS[2]]
    assert (
        f"1 stay as they were made, because their order lines are not delivered yet: {DAYS[1]}"
        in shop.report.summary[0]
    )
    assert shop.restate() == []
    shop.deliver("O6", DAYS[0], line_kind="fee")
    shop.failing.clear()
    assert shop.restate() == [(DAYS[1], "2")] and shop.restate() == []


def test_what_is_built_on_a_day_that_was_made_again_follows(lake: Lakehouse) -> None:
    """Though nothing that it looks at itself changed since it was made."""
    shop = Shop(lake)
    shop.restate()
    shop.deliver("O5", DAYS[2])
    followers: list[date] = []

    def follow(lake: Lakehouse, arguments: Namespace) -> JobReport:
        """Made a day later, from the rows of the day."""
        followers.append(arguments.as_of)
        return JobReport(
            rows_in=1, rows_out=1, summary=(), as_of=arguments.as_of, input_versions=lake.versions(ORDER_LINES)
        )

    for day in DAYS:
        later = job_arguments(lake.catalog, "propensity_outcomes", run_id=day, as_of=day + timedelta(days=1))
        restatement.run_job(lake, "outcomes", later, follow)
    followers.clear()
    results = (
        restatement.RestatableResult(
            job="segments", run=shop.job, arguments=RfmArguments, table=RFM_PROFILES, inputs=INPUTS
        ),
        restatement.RestatableResult(
            job="outcomes",
            run=follow,
            arguments=DatedArguments,
            table=RFM_PROFILES,
            inputs=INPUTS,
            built_on="segments",
            days_ahead="1",
        ),
    )
    arguments = job_arguments(lake.catalog, restatement.JOB_NAME, as_of=DAYS[2] + timedelta(days=1))
    restatement.restate(lake, arguments, results)
    assert followers == [DAYS[2] + timedelta(days=1)]
