"""Tries on serverless compute what is refused there, and prints what came of each as JSON; run as a job of a workspace."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import threading
from collections.abc import Callable

from pyspark.sql import DataFrame, SparkSession

spark = SparkSession.builder.appName("attempts").config("spark.sql.autoBroadcastJoinThreshold", "-1").getOrCreate()
stream = spark.readStream.format("rate").load()


turn = threading.Lock()


def closed_over(rows: DataFrame, number: int) -> None:
    """Do one batch at a time, as only one process can see to."""
    with turn:
        rows.count()


ATTEMPTS: dict[str, Callable[[], object]] = {
    "conf.set": lambda: spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "20000"),
    "SET": lambda: spark.sql("SET spark.databricks.delta.retentionDurationCheck.enabled = false").collect(),
    "cache": lambda: spark.range(1).cache(),
    "persist": lambda: spark.range(1).persist(),
    "localCheckpoint": lambda: spark.range(1).localCheckpoint(),
    "global view": lambda: spark.range(1).createGlobalTempView("everywhere"),
    "no trigger": lambda: stream.writeStream.format("memory").queryName("a").start(),
    "processingTime": lambda: stream.writeStream.format("memory").queryName("b").trigger(processingTime="1 s").start(),
    "foreachBatch": lambda: stream.writeStream.foreachBatch(closed_over).trigger(availableNow=True).start(),
    "sparkContext": lambda: spark.sparkContext,
    "rdd": lambda: spark.range(1).rdd,
    "_jvm": lambda: spark._jvm,
    "analysis": lambda: spark.range(1).select("missing").collect(),
}


def outcome(attempt: Callable[[], object]) -> str:
    """The class and the first line of what it raises; nothing where it was let through."""
    try:
        attempt()
    except Exception as error:
        return f"{type(error).__module__}.{type(error).__name__}: {str(error).splitlines()[0]}"
    return ""


report = {name: outcome(attempt) for name, attempt in ATTEMPTS.items()}
report["told to the builder"] = spark.conf.get("spark.sql.autoBroadcastJoinThreshold") or ""
report["modules"] = " ".join(name for name in ("py4j", "basketry") if importlib.util.find_spec(name))
report["variables"] = " ".join(sorted({"SPARK_HOME", "JAVA_HOME", "SPARK_REMOTE"} & os.environ.keys()))
report["jars"] = " ".join(path for path in sys.path if os.path.isdir(os.path.join(path, "pyspark", "jars")))
print(json.dumps(report))
