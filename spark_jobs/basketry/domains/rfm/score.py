"""Gives every customer of a day a named segment and a cluster by one version of the model, and says who moved.

Dates may come in any order: a day that is written between two others is looked back at by the later ones, so the later
days' previous segments and migration are refreshed; they end as if the days had come one after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.rfm import core, migration
from basketry.domains.rfm.grid import SegmentGrid
from basketry.domains.rfm.holdout import DAYS_AHEAD, HISTORY, PURCHASES, SPEND
from basketry.domains.rfm.settings import RfmSettings, load_settings
from basketry.domains.rfm.tracking import LOADER, RfmVersion
from basketry.domains.rfm.values import VALUES
from basketry.errors import BadInputError
from basketry.jobs.rfm import RfmArguments
from basketry.lake.change_feed import InputDependency
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning import versions
from basketry.retail.coverage import check_delivered
from basketry.tables import ORDER_LINES, RFM_SEGMENTS

if TYPE_CHECKING:
    import pyarrow as pa

INPUTS = (
    InputDependency(
        ORDER_LINES, ("customer_id", "order_date", "line_kind", "status", "net_amount"), core.counts_for_segments
    ),
)
"""What segments are computed from."""

_COPIED_COLUMNS = ("customer_id", *VALUES, "monetary_total")
_COMPUTED_COLUMNS = ("r", "f", "m", "segment", "cluster", "expected_purchases_90d", "expected_spend_90d")
_SCHEMA = ", ".join(f"{name} {RFM_SEGMENTS.column(name).type}" for name in (*_COPIED_COLUMNS, *_COMPUTED_COLUMNS))


def run(lake: Lakehouse, arguments: RfmArguments) -> JobReport:
    """Assign as of --as-of, then look back: what the customers of 90 days ago did since, and who moved."""
    settings = load_settings(lake.settings.include)
    as_of: date = arguments.as_of
    inputs = lake.versions(ORDER_LINES)  # first: what comes meanwhile came late
    [choice] = versions.resolve(lake, LOADER, arguments.model, [as_of])
    check_delivered(lake, as_of)
    lines = lake.read(ORDER_LINES)
    if core.has_no_spend(lines, as_of, choice.version.window_days):
        raise _nobody(as_of, choice.version)
    days = core.purchase_days(lines, as_of)
    rows = assign_segments(days, as_of, choice.version, settings.grid)
    sizes: Mapping[str, int]
    if arguments.dry_run:
        sizes = {row.segment: row["count"] for row in rows.groupBy("segment").count().collect()}
    else:
        sizes = _write(lake, as_of, rows, days=days, settings=settings)
    customers = sum(sizes.values())
    if not customers:
        raise _nobody(as_of, choice.version)
    notes = [choice.note] if choice.note else []
    segments = (f"{name}: {count:,}" for name, count in sorted(sizes.items(), key=lambda entry: -entry[1]))
    return JobReport(
        rows_in=customers,
        rows_out=0 if arguments.dry_run else customers,
        summary=(
            f"{customers:,} customers as of {as_of} by version {choice.version.number}: {', '.join(segments)}",
            *notes,
        ),
        as_of=as_of,
        input_versions=inputs,
        details={"notes": notes},
        model_version=choice.version.number,
        dry_run=arguments.dry_run,
    )


def _nobody(as_of: date, version: RfmVersion) -> BadInputError:
    return BadInputError(
        f"no customer has a purchase date with positive spend in the {version.window_days} days up to {as_of}: load order"
        " lines of these days."
    )


def assign_segments(days: DataFrame, as_of: date, version: RfmVersion, grid: SegmentGrid) -> DataFrame:
    """Return the rows of gold.rfm_segments of a day from `core.purchase_days`, without the columns that look back."""
    values = core.customer_values(days, as_of, version.window_days)
    rows = score_customers(values, version, grid)
    return rows.withColumns({"as_of": F.lit(as_of), "model_version": F.lit(version.number)})


def score_customers(values: DataFrame, version: RfmVersion, grid: SegmentGrid) -> DataFrame:
    """Return scores, both segments and expectations of every customer, in batches that are no larger than Arrow's."""
    inputs = tuple(dict.fromkeys((*VALUES, *HISTORY)))

    def assign(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield each customer's scores, segments and expectations."""
        import pandas as pd
        import pyarrow as pa
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # Spark already runs one task per core
            for batch in batches:
                if not batch.num_rows:
                    continue
                frame = pd.DataFrame(
                    {name: batch.column(f"x_{name}").to_numpy(zero_copy_only=False) for name in inputs}
                )
                scores = version.scoring.scores(frame)
                ahead = version.expectations.shown_of(frame)
                added = [
                    *(pa.array(column, pa.int32()) for column in scores.T),
                    pa.array(grid.segments(scores), pa.string()),
                    pa.array(version.clusters_of(frame), pa.int32()),
                    *(pa.array(ahead[name], pa.float64(), from_pandas=True) for name in (PURCHASES, SPEND)),
                ]
                columns = [*(batch.column(name) for name in _COPIED_COLUMNS), *added]
                yield pa.RecordBatch.from_arrays(columns, [*_COPIED_COLUMNS, *_COMPUTED_COLUMNS])

    return values.select(*_COPIED_COLUMNS, *core.input_doubles()).mapInArrow(assign, _SCHEMA)


def _write(
    lake: Lakehouse, as_of: date, rows: DataFrame, *, days: DataFrame, settings: RfmSettings
) -> Mapping[str, int]:
    """Write segments, profiles, outcomes and migration, one commit each, and return customers by named segment.

    Profiles come after segments and say which days are there: a run that is cut off before them leaves a day that no
    other looks at, and its next try heals it.
    """
    before = migration.newest_before(migration.assigned_dates(lake), as_of)
    segments = core.with_history(rows, migration.read_segments(lake, before), as_of)
    lake.replace_day(RFM_SEGMENTS, segments, as_of)
    treatments = settings.grid.treatments
    sizes = migration.write_profiles(lake, as_of, treatments, None)
    dates = migration.assigned_dates(lake)
    past = as_of - timedelta(days=DAYS_AHEAD)
    if past in dates:
        migration.write_profiles(lake, past, treatments, core.bought_after(days, past, as_of))
    migration.refresh_later_days(lake, as_of, looked_back_at=before, dates=dates, distances=settings.migration_days)
    return sizes
