"""The clusters of a run: begun from those of the run before, stored in gold.marketing_clusters and tracked in MLflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry import registry
from basketry.domains.marketing import mixes
from basketry.domains.marketing.clusters import CATEGORY, MixClusters, PreviousClusters, fit_mix
from basketry.domains.marketing.settings import MarketingSettings
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.sql import as_of_predicate
from basketry.retail.clustering import Clusters
from basketry.tables import MARKETING_AUDIENCE, MARKETING_CLUSTERS

_ALL = 10_000
"""Categories have no limit but this."""


@dataclass(frozen=True)
class MixSegments:
    """The clusters of one mix and who is in them.

    Attributes:
        mix: Which mix.
        fitted: The clusters; None where there are too few customers.
        members: customer_id, cluster, cluster_name of every customer.
    """

    mix: str
    fitted: MixClusters | None
    members: DataFrame

    @property
    def names(self) -> dict[int, str]:
        """The clusters' names by number; none where there are no clusters."""
        return dict(self.fitted.names) if self.fitted else {}

    def lines(self) -> Iterator[str]:
        """Say for people what was fitted."""
        if self.fitted is None:
            yield f"clusters by {self.mix} mix: too few customers"
        else:
            yield f"clusters by {self.mix} mix, {self.fitted.from_run}: {'; '.join(self.fitted.names.values())}"


def fit_segments(
    lake: Lakehouse, as_of: date, people: DataFrame, *, purchases: Mapping[str, DataFrame], settings: MarketingSettings
) -> dict[str, MixSegments]:
    """Fit the clusters of each mix on a sample of the audience and assign everybody.

    Args:
        lake: The tables of the catalog.
        as_of: Day of the audience.
        people: The audience.
        purchases: What was bought, one row per customer and column, by mix.
        settings: How clusters are fitted.
    """
    available = people.count()
    segments = {}
    for mix, bought in purchases.items():
        rows = bought.join(people.select("customer_id"), "customer_id", "left_semi")
        columns = mixes.mix_columns(rows, mix, _ALL if mix == CATEGORY else settings.clusters.products)
        lists = mixes.pack_purchases(rows, mix, columns)
        sample = mixes.sample_shares(lists, len(columns), wanted=settings.clusters.customers, available=available)
        fitted = None
        if len(sample):
            fitted = fit_mix(mix, sample, columns, previous=read_previous_clusters(lake, mix, as_of), settings=settings)
        segments[mix] = MixSegments(mix, fitted, _members(lake, lists, fitted))
    return segments


def _members(lake: Lakehouse, lists: DataFrame, fitted: MixClusters | None) -> DataFrame:
    if fitted is None:
        return lake.spark.createDataFrame([], "customer_id string, cluster int, cluster_name string")
    return mixes.assign_clusters(lists, fitted)


def read_previous_clusters(lake: Lakehouse, mix: str, as_of: date) -> PreviousClusters | None:
    """Read the clusters of the newest run as of an earlier day; None when there is none."""
    if not lake.exists(MARKETING_CLUSTERS):
        return None
    rows = lake.read(MARKETING_CLUSTERS).where((F.col("mix") == mix) & (F.col("as_of") < F.lit(as_of)))
    newest = rows.agg(F.max("as_of")).collect()[0][0]
    if newest is None:
        return None
    stored = rows.where(F.col("as_of") == F.lit(newest)).orderBy("cluster").collect()
    columns = tuple(sorted(stored[0].centroid))
    centroids = np.array([[row.centroid[name] for name in columns] for row in stored])
    clusters = Clusters(centroids, tuple(row.cluster for row in stored), 0.0)
    return PreviousClusters(newest.isoformat(), columns, clusters)


def write_clusters(lake: Lakehouse, as_of: date, segments: Mapping[str, MixSegments]) -> None:
    """Write gold.marketing_clusters of a day, counted from the audience as it is stored, and log them to MLflow."""
    is_day = as_of_predicate(as_of)
    stored = lake.read(MARKETING_AUDIENCE).where(is_day)
    fitted = [segment.fitted for segment in segments.values() if segment.fitted is not None]
    rows = []
    for mix_clusters in fitted:
        clusters = stored.groupBy(F.col(f"{mix_clusters.mix}_cluster").alias("cluster"))
        sizes = clusters.agg(F.count("*").alias("n"), F.sum("spent").alias("spent")).collect()
        size_of = {row.cluster: (int(row.n), row.spent) for row in sizes}
        rows += [_row(as_of, mix_clusters, label, size_of) for label in mix_clusters.clusters.labels]
    if rows:
        lake.record(MARKETING_CLUSTERS, rows, is_day)
        with registry.registry_client(registry.registered_name(lake.catalog, "marketing_clusters")):
            _log_to_mlflow(lake, as_of, fitted)


def _row(
    as_of: date, mix_clusters: MixClusters, label: int, size_of: Mapping[int, tuple[int, Decimal | None]]
) -> tuple[object, ...]:
    clusters = mix_clusters.clusters
    centroid = clusters.centroids[clusters.labels.index(label)]
    customers, spent = size_of.get(label, (0, None))
    return (
        as_of,
        mix_clusters.mix,
        label,
        mix_clusters.names[label],
        customers,
        spent or Decimal(0),
        {name: float(value) for name, value in zip(mix_clusters.columns, centroid, strict=True)},
        dict(mix_clusters.over_index[label]),
        mix_clusters.from_run,
    )


def _log_to_mlflow(lake: Lakehouse, as_of: date, fitted: Sequence[MixClusters]) -> None:
    import mlflow

    mlflow.set_experiment(lake.experiment("marketing_clusters"))
    for mix_clusters in fitted:
        mix, centroids = mix_clusters.mix, mix_clusters.clusters.centroids.tolist()
        tags = {"basketry.as_of": as_of.isoformat(), "basketry.mix": mix}
        with mlflow.start_run(run_name=f"{mix}-{as_of}", tags=tags):
            mlflow.log_params({"from_run": mix_clusters.from_run, "columns": len(mix_clusters.columns)})
            mlflow.log_metrics({name: value for name, value in mix_clusters.metrics.items() if np.isfinite(value)})
            mlflow.log_dict({str(label): name for label, name in mix_clusters.names.items()}, "names.json")
            mlflow.log_dict({"columns": list(mix_clusters.columns), "centroids": centroids}, "centroids.json")
