"""Spark's settings where there are a dozen rows, which are worth no compiled query and no second plan.

Tests take less than half the time by them, jobs of their own by spark-submit three quarters. What a job's own settings do
is seen end to end and on the real data sets.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FOR_FEW_ROWS = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "1",  # VACUUM lists folders by as many tasks: 10,000
}


def write_settings(folder: Path) -> None:
    """The settings of this shell's Spark, changed for few rows: for the SPARK_CONF_DIR of what spark-submit starts."""
    shutil.copytree(os.environ["SPARK_CONF_DIR"], folder)
    with (folder / "spark-defaults.conf").open("a") as settings:
        settings.writelines(f"{name} {value}\n" for name, value in FOR_FEW_ROWS.items())
