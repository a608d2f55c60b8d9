"""The clusters of a run: begun from those of the run before, kept in gold.marketing_clusters and tracked in MLflow."""

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
from basketry.domains.marketing.clusters import CATEGORY, MixClusters, Previous, fit_mix
from basketry.domains.marketing.settings import ClusterSettings
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.clustering import Clusters
from basketry.tables import MARKETING_AUDIENCE, MARKETING_CLUSTERS

_ALL = 10_000
"""Categories have no limit but this."""


@dataclass(frozen=True)
class Segments:
    """The clusters of one mix and who is in them: members has customer_id, cluster, cluster_name."""

    mix: str
    found: MixClusters | None
    members: DataFrame

    @property
    def names(self) -> dict[int, str]:
        """The clusters' names by number; none where there are no clusters."""
        return dict(self.found.names) if self.found else {}

    def lines(self) -> Iterator[str]:
        """For people."""
        if self.found is None:
            yield f"clusters by {self.mix} mix: too few customers"
        else:
            yield f"clusters by {self.mix} mix, {self.found.from_run}: {'; '.join(self.found.names.values())}"


def find(
    lake: Lakehouse, as_of: date, people: DataFrame, bought: Mapping[str, DataFrame], settings: ClusterSettings
) -> dict[str, Segments]:
    """Fit the clusters of each mix on a sample of the audience and assign everybody. bought: rows of each mix."""
    known = people.count()
    return {mix: _segments(lake, as_of, people, mix, rows, known, settings) for mix, rows in bought.items()}


def _segments(
    lake: Lakehouse, as_of: date, people: DataFrame, mix: str, bought: DataFrame, known: int, settings: ClusterSettings
) -> Segments:
    rows = bought.join(people.select("customer_id"), "customer_id", "left_semi")
    columns = mixes.mix_columns(rows, mix, _ALL if mix == CATEGORY else settings.products)
    lists = mixes.packed(rows, mix, columns)
    sample = mixes.sampled(lists, len(columns), settings.customers, known)
    found = fit_mix(mix, sample, columns, previous(lake, mix, as_of), settings) if len(sample) else None
    if found is None:
        nobody = lake.spark.createDataFrame([], "customer_id string, cluster int, cluster_name string")
        return Segments(mix, None, nobody)
    return Segments(mix, found, mixes.assigned(lists, found))


def previous(lake: Lakehouse, mix: str, as_of: date) -> Previous | None:
    """The clusters of the newest run as of an earlier day; None when there is none."""
    if not lake.exists(MARKETING_CLUSTERS):
        return None
    rows = lake.read(MARKETING_CLUSTERS).where((F.col("mix") == mix) & (F.col("as_of") < F.lit(as_of)))
    newest = rows.agg(F.max("as_of")).collect()[0][0]
    if newest is None:
        return None
    stored = rows.where(F.col("as_of") == F.lit(newest)).orderBy("cluster").collect()
    columns = tuple(sorted(stored[0].centroid))
    centroids = np.array([[row.centroid[name] for name in columns] for row in stored])
    return Previous(newest.isoformat(), columns, Clusters(centroids, tuple(row.cluster for row in stored), 0.0))


def keep(lake: Lakehouse, as_of: date, found: Mapping[str, Segments]) -> None:
    """Write gold.marketing_clusters of the day, counted from the audience as it is stored, and log to MLflow."""
    where = f"as_of = DATE'{as_of}'"
    stored = lake.read(MARKETING_AUDIENCE).where(where)
    lines = []
    for mix, segment in found.items():
        if segment.found is not None:
            counted = stored.groupBy(F.col(f"{mix}_cluster").alias("cluster"))
            sizes = {
                row.cluster: row
                for row in counted.agg(F.count("*").alias("n"), F.sum("spent").alias("spent")).collect()
            }
            lines += [_row(as_of, segment.found, label, sizes) for label in segment.found.clusters.labels]
    if lines:
        lake.record(MARKETING_CLUSTERS, lines, where)
    _track(lake, as_of, found)


def _row(as_of: date, found: MixClusters, label: int, sizes: Mapping[int, object]) -> tuple[object, ...]:
    clusters = found.clusters
    centroid = clusters.centroids[clusters.labels.index(label)]
    size = sizes.get(label)
    return (
        as_of,
        found.mix,
        label,
        found.names[label],
        getattr(size, "n", 0),
        getattr(size, "spent", None) or Decimal(0),
        {name: float(value) for name, value in zip(found.columns, centroid, strict=True)},
        dict(found.over_index[label]),
        found.from_run,
    )


def _track(lake: Lakehouse, as_of: date, found: Mapping[str, Segments]) -> None:
    if not any(segment.found for segment in found.values()):
        return
    with registry.answering(registry.registered_name(lake.catalog, "marketing_clusters")):
        _log(lake, as_of, [segment.found for segment in found.values() if segment.found])


def _log(lake: Lakehouse, as_of: date, found: Sequence[MixClusters]) -> None:
    import mlflow

    folder = "" if lake.settings.runtime == "local" else "/Shared/basketry/"
    mlflow.set_experiment(f"{folder}{lake.catalog}_marketing_clusters")
    for one in found:
        with mlflow.start_run(
            run_name=f"{one.mix}-{as_of}", tags={"basketry.as_of": as_of.isoformat(), "basketry.mix": one.mix}
        ):
            mlflow.log_params({"from_run": one.from_run, "columns": len(one.columns)})
            mlflow.log_metrics({name: value for name, value in one.metrics.items() if np.isfinite(value)})
            mlflow.log_dict({str(label): name for label, name in one.names.items()}, "names.json")
            mlflow.log_dict(
                {"columns": list(one.columns), "centroids": one.clusters.centroids.tolist()}, "centroids.json"
            )
