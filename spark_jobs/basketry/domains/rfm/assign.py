"""Gives every customer of a day a named segment and a cluster by one version of the model, and says who moved.

Dates may come in any order: a day that is written between two others is looked back at by the later ones, so the later
days' previous segments and moves are brought in line; they end as if the days had come one after another.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.rfm import core, moves
from basketry.domains.rfm.grid import Grid
from basketry.domains.rfm.holdout import DAYS_AHEAD, HISTORY, PURCHASES, SPEND
from basketry.domains.rfm.settings import RfmSettings, load_settings
from basketry.domains.rfm.tracking import MODEL, Version, load
from basketry.domains.rfm.values import VALUES
from basketry.errors import BadInputError
from basketry.lake.change_feed import Sight
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning import versions
from basketry.retail.coverage import check_delivered
from basketry.tables import ORDER_LINES, RFM_SEGMENTS

if TYPE_CHECKING:
    import pyarrow as pa

SEES = (Sight(ORDER_LINES, ("customer_id", "order_date", "line_kind", "status", "net_amount"), core.counts),)
"""What segments look at."""

KIND: versions.Kind[Version] = versions.Kind(MODEL, load, "rfm --fit")

_PASSED_ON = ("customer_id", *VALUES, "monetary_total")
_ADDED = ("r", "f", "m", "segment", "cluster", "expected_purchases_90d", "expected_spend_90d")
_SCHEMA = ", ".join(f"{name} {RFM_SEGMENTS.column(name).type}" for name in (*_PASSED_ON, *_ADDED))


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Assign as of --as-of, then look back: what those of 90 days ago did since, and who moved."""
    settings = load_settings(lake.settings.include)
    as_of: date = arguments.as_of
    inputs = lake.versions(ORDER_LINES)  # first: what comes meanwhile came late
    [choice] = versions.choose(lake, KIND, arguments.model, [as_of])
    check_delivered(lake, as_of)
    lines = lake.read(ORDER_LINES)
    if core.is_empty(lines, as_of, choice.version.window_days):
        raise _nobody(as_of, choice.version)
    days = core.purchase_days(lines, as_of)
    rows = assigned(days, as_of, choice.version, settings.grid)
    if arguments.dry_run:
        found: Mapping[str, int] = {row.segment: row["count"] for row in rows.groupBy("segment").count().collect()}
    else:
        found = _write(lake, as_of, rows, days, settings)
    customers = sum(found.values())
    if not customers:
        raise _nobody(as_of, choice.version)
    notes = [choice.note] if choice.note else []
    told = (f"{name}: {count:,}" for name, count in sorted(found.items(), key=lambda one: -one[1]))
    return JobReport(
        customers,
        0 if arguments.dry_run else customers,
        (f"{customers:,} customers as of {as_of} by version {choice.version.number}: {', '.join(told)}", *notes),
        as_of=as_of,
        input_versions=inputs,
        details={"notes": notes},
        model_version=choice.version.number,
        dry_run=arguments.dry_run,
    )


def _nobody(as_of: date, version: Version) -> BadInputError:
    return BadInputError(
        f"no customer has a purchase date with positive spend in the {version.window_days} days up to {as_of}: load order"
        " lines of these days."
    )


def assigned(days: DataFrame, as_of: date, version: Version, grid: Grid) -> DataFrame:
    """Rows of gold.rfm_segments of a day, without the columns that look back. days: from `core.purchase_days`."""
    values = core.customer_values(days, as_of, version.window_days)
    rows = segmented(values, version, grid)
    return rows.withColumns({"as_of": F.lit(as_of), "model_version": F.lit(version.number)})


def segmented(values: DataFrame, version: Version, grid: Grid) -> DataFrame:
    """Scores, both segments and expectations of every customer, a batch at a time; no batch is larger than Arrow's."""
    wanted = tuple(dict.fromkeys((*VALUES, *HISTORY)))

    def assign(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Each customer's cluster and segment."""
        import pandas as pd
        import pyarrow as pa
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # Spark already runs a task a core
            for batch in batches:
                if not batch.num_rows:
                    continue
                frame = pd.DataFrame(
                    {name: batch.column(f"x_{name}").to_numpy(zero_copy_only=False) for name in wanted}
                )
                scores = version.scoring.scores(frame)
                ahead = version.expectations.shown_of(frame)
                added = [
                    *(pa.array(column, pa.int32()) for column in scores.T),
                    pa.array(grid.segments(scores), pa.string()),
                    pa.array(version.clusters_of(frame), pa.int32()),
                    *(pa.array(ahead[name], pa.float64(), from_pandas=True) for name in (PURCHASES, SPEND)),
                ]
                columns = [*(batch.column(name) for name in _PASSED_ON), *added]
                yield pa.RecordBatch.from_arrays(columns, [*_PASSED_ON, *_ADDED])

    return values.select(*_PASSED_ON, *core.doubles()).mapInArrow(assign, _SCHEMA)


def _write(lake: Lakehouse, as_of: date, rows: DataFrame, days: DataFrame, settings: RfmSettings) -> Mapping[str, int]:
    """Segments, profiles, what came true and moves, a commit each; returns customers by named segment.

    Profiles come after segments and say which days are there: a run that is cut off before them leaves a day that no
    other looks at, and its next try heals it.
    """
    before = moves.newest(moves.stored_dates(lake), as_of)
    lake.replace(RFM_SEGMENTS, core.with_history(rows, moves.segments_of(lake, before), as_of), where=moves.on(as_of))
    found = moves.write_profiles(lake, as_of, settings.grid.treatments, None)
    dates = moves.stored_dates(lake)
    past = as_of - timedelta(days=DAYS_AHEAD)
    if past in dates:
        moves.write_profiles(lake, past, settings.grid.treatments, core.bought_after(days, past, as_of))
    moves.bring_in_line(lake, as_of, before, dates, settings.migration_days)
    return found
