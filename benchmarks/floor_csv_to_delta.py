"""The bare floor of an ingest: Spark reads a CSV and writes it as one Delta table."""

from __future__ import annotations

import sys

from basketry.lake.session import spark_session

if __name__ == "__main__":
    source, target = sys.argv[1:]
    spark_session("floor").read.option("header", True).csv(source).write.format("delta").mode("overwrite").save(target)
