"""The one place that opens a Spark session."""

from __future__ import annotations

import os
import sys

from pyspark.sql import SparkSession

from basketry.lake.scratch import hold_scratch, swept_scratch

JOB_CONF = {"spark.sql.session.timeZone": "UTC", "spark.sql.execution.arrow.maxRecordsPerBatch": "20000"}

ATTACHED_CONF = {"spark.sql.session.timeZone": "UTC"}
"""What serverless compute lets a job choose, too."""


def spark_session(name: str) -> SparkSession:
    """Open a session on this machine: Python workers are this Python and import this library.

    Launch settings (master, jars, JVM) come from spark-submit.

    Args:
        name: The job, for the name of the application.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(f"basketry-{name}")
    is_new = SparkSession.getActiveSession() is None
    with swept_scratch():
        spark = builder.getOrCreate()
        if is_new:
            hold_scratch(spark)
    for key, value in JOB_CONF.items():
        spark.conf.set(key, value)
    return spark


def attached_session(name: str) -> SparkSession:
    """Open the session that a Databricks run has; every node has the same Python and the library.

    Args:
        name: The job, for the name of the application.
    """
    spark = SparkSession.builder.appName(f"basketry-{name}").getOrCreate()
    for key, value in ATTACHED_CONF.items():
        spark.conf.set(key, value)
    return spark
