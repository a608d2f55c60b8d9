"""Scores every known customer and category as of one or more days, by one version of the model that is resolved once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from basketry.domains.propensity import dataset, drift
from basketry.domains.propensity.inputs import KEYS
from basketry.domains.propensity.settings import PropensitySettings, load_settings
from basketry.domains.propensity.tracking import LOADER, PropensityVersion
from basketry.errors import BadInputError
from basketry.features.read import stored_feature_dates
from basketry.jobs.propensity import ScorePropensityArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.schemas import with_nulls
from basketry.lake.sql import date_literal
from basketry.learning import versions
from basketry.retail.sampling import sample_customers
from basketry.tables import FEATURE_DATES, PROPENSITY_DRIFT, PROPENSITY_SCORES, propensity_wide, propensity_wide_column

if TYPE_CHECKING:
    import pyarrow as pa

_SCORED = "as_of date, customer_id string, category string, probability double"


@dataclass(frozen=True)
class ScoringBatch:
    """Days that one version scores for the same categories."""

    version: PropensityVersion
    dates: tuple[date, ...]
    categories: tuple[str, ...]

    @property
    def note(self) -> str:
        """Which of its categories the version does not score, if any."""
        left_out = [name for name in self.version.categories if name not in self.categories]
        if not left_out:
            return ""
        return f"{', '.join(left_out)} not scored on {self.days}: the features have them no more"

    @property
    def days(self) -> str:
        """The days for people."""
        return f"{self.dates[0]} to {self.dates[-1]}" if len(self.dates) > 1 else str(self.dates[0])

    @property
    def where(self) -> str:
        """The days as a SQL predicate."""
        return f"as_of IN ({', '.join(date_literal(day) for day in self.dates)})"


def run(lake: Lakehouse, arguments: ScorePropensityArguments) -> JobReport:
    """Score the --days days that end on --as-of; nothing is written when an input of any of them drifted too far."""
    settings = load_settings(lake.settings.include)
    if arguments.days < 1:
        raise BadInputError(f"--days is {arguments.days}; make it at least 1.")
    dates = [arguments.as_of - timedelta(days=number) for number in reversed(range(arguments.days))]
    choices = versions.resolve(lake, LOADER, arguments.model, dates)
    batches = [batch for choice in choices for batch in _batches(lake, choice)]
    drifts_by_batch = [_check_drift(lake, batch, settings) for batch in batches]
    written = 0
    if not arguments.dry_run:
        for batch, drifts in zip(batches, drifts_by_batch, strict=True):
            written += _write(lake, batch, drifts)
    notes = [note for note in (*(choice.note for choice in choices), *(batch.note for batch in batches)) if note]
    return JobReport(
        rows_in=written,
        rows_out=written,
        summary=(*_summary(batches, drifts_by_batch), *notes),
        as_of=arguments.as_of,
        input_versions=_input_versions(lake),
        details={"notes": notes},
        model_version=", ".join(choice.version.number for choice in choices),
        dry_run=arguments.dry_run,
    )


def _input_versions(lake: Lakehouse) -> dict[str, int]:
    version = lake.version(FEATURE_DATES)
    return {} if version is None else {FEATURE_DATES.full_name: version}


def _batches(lake: Lakehouse, choice: versions.ResolvedVersion[PropensityVersion]) -> list[ScoringBatch]:
    """Group the days of a version by which of its categories are stored for them: one that was dropped stops no other."""
    stored = stored_feature_dates(lake)
    dates_by_categories: dict[tuple[str, ...], list[date]] = {}
    for day in choice.dates:
        stored_categories = stored[day].categories if day in stored else ()
        left = tuple(name for name in choice.version.categories if name in stored_categories)
        dates_by_categories.setdefault(left or choice.version.categories, []).append(day)
    return [ScoringBatch(choice.version, tuple(days), categories) for categories, days in dates_by_categories.items()]


def _inputs(lake: Lakehouse, batch: ScoringBatch) -> DataFrame:
    version = batch.version
    absent = dataset.absent_columns(version.definition)
    if absent:
        raise BadInputError(
            f"version {version.number} needs {', '.join(absent)}, which the features have no more: train and promote a new one."
        )
    return dataset.input_rows(lake, batch.dates, batch.categories, version.definition)


def _check_drift(lake: Lakehouse, batch: ScoringBatch, settings: PropensitySettings) -> list[drift.Drift]:
    """Return the drift of a version's inputs.

    Raises:
        BadInputError: An input is past the limit of refusal.
    """
    inputs = _inputs(lake, batch)
    most = lake.read(FEATURE_DATES).where(batch.where).agg(F.max("customers")).collect()[0][0] or 1
    share = drift.SAMPLE_ROWS / (most * len(batch.categories))
    drifts = drift.measure_drift(sample_customers(inputs, share), batch.version, settings)
    refused = drift.describe_drifts(drifts, drift.REFUSED)
    if refused:
        raise BadInputError(
            f"inputs of version {batch.version.number} drifted past {settings.drift.refusal:g} ({refused}): see what changed"
            " in the deliveries, train again, or raise drift.refusal in propensity.yaml."
        )
    return drifts


def score_inputs(inputs: DataFrame, version: PropensityVersion) -> DataFrame:
    """Return keys and probability of every row of inputs, scored in batches that are no larger than Arrow's."""
    estimator = version.estimator
    names = ["category", *version.definition.names]

    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the probabilities of the rows of each batch."""
        import pyarrow as pa
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # Spark already runs one task per core
            for batch in batches:
                if batch.num_rows:
                    probabilities = estimator.predict_proba(batch.select(names).to_pandas())[:, 1]
                    columns = [*(batch.column(key) for key in KEYS), pa.array(probabilities, pa.float64())]
                    yield pa.RecordBatch.from_arrays(columns, [*KEYS, "probability"])

    return inputs.select("as_of", "customer_id", *names).mapInArrow(score, _SCORED)


def rank_scores(scores: DataFrame) -> DataFrame:
    """Add the decile within the category and the rank among the customer's categories; equal scores share a decile."""
    category = Window.partitionBy("as_of", "category")
    above = F.rank().over(category.orderBy(F.desc("probability"))) - 1
    share = above / F.count(F.lit(1)).over(category)
    customer = Window.partitionBy("as_of", "customer_id").orderBy(F.desc("probability"), "category")
    ranks = {"decile": F.floor(share * 10 + 1).cast("int"), "category_rank": F.row_number().over(customer)}
    return scores.withColumns(ranks)


def _write(lake: Lakehouse, batch: ScoringBatch, drifts: Sequence[drift.Drift]) -> int:
    """Write drift, scores and the wide table of these dates, one commit each, and return the number of scores."""
    version, where = batch.version, batch.where
    lake.record(PROPENSITY_DRIFT, [entry.row for entry in drifts], f"{where} AND model_version = '{version.number}'")
    scores = rank_scores(score_inputs(_inputs(lake, batch), version))
    scores = scores.withColumns({"model_version": F.lit(version.number), "is_stale": F.lit(False)})
    written = lake.replace(PROPENSITY_SCORES, scores, where=where)
    _write_wide(lake, lake.read(PROPENSITY_SCORES).where(where), batch.categories, where)
    return written


def _write_wide(lake: Lakehouse, stored: DataFrame, categories: Sequence[str], where: str) -> None:
    table = lake.evolve(propensity_wide(categories))
    own = {propensity_wide_column(category): category for category in categories}
    columns = [
        F.max(F.when(F.col("category") == category, F.col("probability"))).alias(name) for name, category in own.items()
    ]
    wide = stored.groupBy("as_of", "customer_id", "model_version").agg(*columns)
    others = {column.name: column.type for column in table.columns if column.name not in wide.columns}
    lake.replace(table, with_nulls(wide, others), where=where)


def _summary(batches: Sequence[ScoringBatch], drifts_by_batch: Sequence[Sequence[drift.Drift]]) -> Iterator[str]:
    for batch in batches:
        yield f"{batch.days}: scored by version {batch.version.number}, {len(batch.categories)} categories"
    warned = drift.describe_drifts([entry for drifts in drifts_by_batch for entry in drifts], drift.WARNING)
    yield f"inputs drifted: {warned}" if warned else "no input drifted"
