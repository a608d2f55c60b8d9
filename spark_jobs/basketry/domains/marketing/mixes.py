"""From what was bought to a cluster for each customer: the Spark side of `clusters`. DataFrames in, DataFrames out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.marketing.clusters import CATEGORY, MixClusters, hellinger_shares
from basketry.retail import clustering
from basketry.retail.clustering.measures import Floats

_ASSIGNED = "customer_id string, cluster int"


def mix_columns(rows: DataFrame, mix: str, most: int) -> list[str]:
    """Find what a mix is made of: every category, or the products with the most buyers.

    Args:
        rows: One row per customer and category or product.
        mix: Which mix.
        most: Greatest number of columns.
    """
    buyers = rows.groupBy(_column_of(mix)).agg(F.count("*").alias("buyers"))
    best = buyers.orderBy(F.desc("buyers"), _column_of(mix)).limit(most)
    return sorted(str(row[0]) for row in best.select(_column_of(mix)).collect())


def _column_of(mix: str) -> str:
    return "category" if mix == CATEGORY else "product_id"


def pack_purchases(rows: DataFrame, mix: str, columns: Sequence[str]) -> DataFrame:
    """Pack purchases into one row per customer.

    Returns:
        Columns customer_id, positions (of the columns bought, -1 for any other) and spent (on each, 1/10,000).
    """
    positions = rows.sparkSession.createDataFrame(list(enumerate(columns)), f"position int, {_column_of(mix)} string")
    joined = rows.join(F.broadcast(positions), _column_of(mix), "left")
    position = F.coalesce("position", F.lit(-1)).alias("position")
    bought = F.struct(position, F.greatest("spent", F.lit(0)).alias("spent"))
    lists = joined.groupBy("customer_id").agg(F.collect_list(bought).alias("bought"))
    return lists.select(
        "customer_id", F.col("bought.position").alias("positions"), F.col("bought.spent").alias("spent")
    )


def share_matrix(batch: pa.RecordBatch, columns: int) -> Floats:
    """Compute the scaled shares of a batch of `pack_purchases` rows: customers x columns."""
    positions, spent = batch.column("positions"), batch.column("spent")
    rows = np.repeat(np.arange(batch.num_rows), np.diff(positions.offsets.to_numpy()))
    column, amounts = positions.flatten().to_numpy(), spent.flatten().to_numpy().astype(np.float64)
    # One more column takes what is in none of them: shares are of everything spent.
    sums = np.zeros((batch.num_rows, columns + 1))
    np.add.at(sums, (rows, np.where(column < 0, columns, column)), amounts)
    return hellinger_shares(sums)[:, :columns]


def sample_shares(lists: DataFrame, columns: int, *, wanted: int, available: int) -> Floats:
    """Compute the scaled shares of a sample of customers, the same ones whenever they are asked for.

    Args:
        lists: See `pack_purchases`.
        columns: Number of columns.
        wanted: About how many customers the sample has.
        available: How many customers there are.
    """
    parts = max(1, math.ceil(available / wanted))
    chosen = lists.where(F.pmod(F.xxhash64("customer_id"), F.lit(parts)) == 0).orderBy("customer_id")
    table = chosen.select("positions", "spent").toArrow()
    batches = table.combine_chunks().to_batches()
    return np.concatenate([share_matrix(batch, columns) for batch in batches]) if batches else np.zeros((0, columns))


def assign_clusters(lists: DataFrame, mix_clusters: MixClusters) -> DataFrame:
    """Assign every customer to the nearest cluster: customer_id, cluster, cluster_name."""
    names = F.create_map(*(F.lit(part) for item in sorted(mix_clusters.names.items()) for part in item))
    rows = lists.mapInArrow(_assigner(mix_clusters), _ASSIGNED)
    return rows.withColumn("cluster_name", names[F.col("cluster")])


def _assigner(mix_clusters: MixClusters) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    clusters, columns = mix_clusters.clusters, len(mix_clusters.columns)

    def assign(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Find each customer's nearest cluster."""
        for batch in batches:
            if batch.num_rows:
                labels = clustering.assign_labels(share_matrix(batch, columns), clusters)
                arrays = [batch.column("customer_id"), pa.array(labels, pa.int32())]
                yield pa.RecordBatch.from_arrays(arrays, ["customer_id", "cluster"])

    return assign
