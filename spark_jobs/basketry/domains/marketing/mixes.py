"""From what was bought to a cluster for each customer: the Spark side of `clusters`. DataFrames in, DataFrames out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.marketing.clusters import CATEGORY, MixClusters, scaled
from basketry.retail import clustering
from basketry.retail.clustering.measures import Floats

_ASSIGNED = "customer_id string, cluster int"


def mix_columns(rows: DataFrame, mix: str, most: int) -> list[str]:
    """What a mix is made of: every category, or the products with the most buyers. rows: one a customer and column."""
    counted = rows.groupBy(_name(mix)).agg(F.count("*").alias("buyers"))
    best = counted.orderBy(F.desc("buyers"), _name(mix)).limit(most)
    return sorted(str(row[0]) for row in best.select(_name(mix)).collect())


def _name(mix: str) -> str:
    return "category" if mix == CATEGORY else "product_id"


def packed(rows: DataFrame, mix: str, columns: Sequence[str]) -> DataFrame:
    """One row a customer: the columns bought, by position, and what was spent on each (1/10,000)."""
    places = rows.sparkSession.createDataFrame(list(enumerate(columns)), f"place int, {_name(mix)} string")
    known = rows.join(F.broadcast(places), _name(mix), "left")
    bought = F.struct(F.coalesce("place", F.lit(-1)).alias("place"), F.greatest("spent", F.lit(0)).alias("spent"))
    lists = known.groupBy("customer_id").agg(F.collect_list(bought).alias("bought"))
    return lists.select("customer_id", F.col("bought.place").alias("places"), F.col("bought.spent").alias("spent"))


def matrix(batch: pa.RecordBatch, columns: int) -> Floats:
    """Scaled shares of a batch of `packed` rows: customers x columns."""
    places, spent = batch.column("places"), batch.column("spent")
    rows = np.repeat(np.arange(batch.num_rows), np.diff(places.offsets.to_numpy()))
    at, amounts = places.flatten().to_numpy(), spent.flatten().to_numpy().astype(np.float64)
    # One more column takes what is in none of them: shares are of everything spent.
    found = np.zeros((batch.num_rows, columns + 1))
    np.add.at(found, (rows, np.where(at < 0, columns, at)), amounts)
    return scaled(found)[:, :columns]


def sampled(lists: DataFrame, columns: int, customers: int, known: int) -> Floats:
    """Scaled shares of about that many customers, the same ones whenever they are asked for. known: how many there are."""
    parts = max(1, -(-known // customers))
    chosen = lists.where(F.pmod(F.xxhash64("customer_id"), F.lit(parts)) == 0).orderBy("customer_id")
    table = chosen.select("places", "spent").toArrow()
    batches = table.combine_chunks().to_batches()
    return np.concatenate([matrix(batch, columns) for batch in batches]) if batches else np.zeros((0, columns))


def assigned(lists: DataFrame, found: MixClusters) -> DataFrame:
    """customer_id, cluster, cluster_name of every customer."""
    names = F.create_map(*(F.lit(part) for item in sorted(found.names.items()) for part in item))
    rows = lists.mapInArrow(_assigner(found), _ASSIGNED)
    return rows.withColumn("cluster_name", names[F.col("cluster")])


def _assigner(found: MixClusters) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    clusters, columns = found.clusters, len(found.columns)

    def assign(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Each customer's nearest cluster."""
        for batch in batches:
            if batch.num_rows:
                labels = clustering.assign(matrix(batch, columns), clusters)
                arrays = [batch.column("customer_id"), pa.array(labels, pa.int32())]
                yield pa.RecordBatch.from_arrays(arrays, ["customer_id", "cluster"])

    return assign
