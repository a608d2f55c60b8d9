"""The one place that opens a Spark session."""

from __future__ import annotations

import os
import sys

from pyspark.sql import SparkSession

JOB_CONF = {"spark.sql.session.timeZone": "UTC", "spark.sql.execution.arrow.maxRecordsPerBatch": "20000"}


def spark_session(name: str, *, local: bool = True) -> SparkSession:
    """Open the session of this process.

    Launch settings (master, jars, JVM) come from spark-submit or the Databricks run.

    Args:
        name: The job, for the name of the application.
        local: The session runs on this machine.
    """
    builder = SparkSession.builder.appName(f"basketry-{name}")
    if local:  # Python workers are this Python, in which the library is installed; on Databricks every node has both
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = builder.getOrCreate()
    for key, value in JOB_CONF.items():
        spark.conf.set(key, value)
    return spark
