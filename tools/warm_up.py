"""A small Delta job that loads the classes a real one needs; run once under the JVM's archive recorder."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window


def write_and_merge(spark: SparkSession, folder: str) -> None:
    """Create, append, merge, replace and delete: the writes of every job."""
    rows = sample_rows(spark)
    builder = DeltaTable.createIfNotExists(spark).addColumns(rows.schema).property("delta.enableChangeDataFeed", "true")
    builder.location(folder).execute()
    rows.write.format("delta").mode("append").save(folder)
    table = DeltaTable.forPath(spark, folder)
    merging = table.alias("old").merge(rows.alias("new"), "old.id = new.id")
    merging.whenMatchedUpdateAll(condition="new.id > 3").whenNotMatchedInsertAll().execute()
    rows.where("id = 1").write.format("delta").mode("overwrite").option("replaceWhere", "id = 1").save(folder)
    table.delete("id = 2")
    table.history(1).collect()


def sample_rows(spark: SparkSession) -> DataFrame:
    """Make a few rows with the types that tables have."""
    columns = (
        "id",
        F.concat(F.lit("c"), F.col("id") % 3).alias("customer"),
        F.expr("cast(id * 1.25 as decimal(18,4))").alias("amount"),
        F.expr("timestamp '2026-01-01 10:00:00' + make_interval(0, 0, 0, cast(id as int))").alias("at"),
        F.expr("date '2026-01-01' + cast(id as int)").alias("day"),
        F.expr("array('a', cast(id as string))").alias("reasons"),
    )
    return spark.range(20).select(*columns)


def read_and_aggregate(spark: SparkSession, folder: str) -> None:
    """Join, window, count distinct values and read the change feed: the reads of every job."""
    rows = spark.read.format("delta").load(folder)
    newest = rows.withColumn("n", F.row_number().over(Window.partitionBy("customer").orderBy(F.desc("at"))))
    totals = rows.groupBy("customer", "day").agg(F.sum("amount").alias("total"), F.count_distinct("id").alias("orders"))
    newest.join(totals, "customer").where("n = 1").select(F.sha2("customer", 256), "total").collect()
    feed = spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", 1).load(folder)
    feed.groupBy("_change_type").count().collect()
    rows.select("id", "day").mapInArrow(lambda batches: batches, "id bigint, day date").count()
    rows.select(F.explode("reasons").alias("reason")).groupBy("reason").count().toPandas()


def main() -> None:
    """Run all of it in a folder that is gone afterwards; `warm` on stdout says that all went well."""
    spark = SparkSession.builder.appName("warm-up").getOrCreate()
    folder = Path(tempfile.mkdtemp(prefix="basketry-"))
    try:
        write_and_merge(spark, str(folder / "table"))
        read_and_aggregate(spark, str(folder / "table"))
        print("warm")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        spark.stop()


if __name__ == "__main__":
    main()
