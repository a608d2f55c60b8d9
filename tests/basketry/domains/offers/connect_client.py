"""Runs the stream of the home that BASKETRY_HOME names, by a Spark Connect session: python -m … <address>."""

from __future__ import annotations

import json
import sys

from pyspark.sql import SparkSession

from basketry.config.settings import Settings
from basketry.lake.opening import open_lake
from basketry.lake.session import JOB_CONF
from tests.kit.jobs import run_job


def main(address: str) -> None:
    """Decide what is waiting, and print the details of the report."""
    spark = SparkSession.builder.remote(address).getOrCreate()
    for name, value in JOB_CONF.items():
        spark.conf.set(name, value)
    report = run_job(open_lake(spark, "demo", Settings.from_environment()), "offers")
    print(json.dumps([report.details, report.model_version, list(report.summary)]))


if __name__ == "__main__":
    main(sys.argv[1])
