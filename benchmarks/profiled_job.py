"""Runs one job as spark-submit does, and writes where its seconds went beside what it says.

spark-submit profiled_job.py <file> <job> [arguments of the job]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from basketry.jobs import all_jobs
from basketry.lake import local_lake
from basketry.lake.runner import job_main


def main(target: Path, job: str) -> None:
    """Run the job to its end and write the profile, also when it fails."""
    opened: Callable[[str], SparkSession] = vars(local_lake)["spark_session"]
    started: list[float] = []

    def timed_session(name: str) -> SparkSession:
        """Open the session, and note when it was open."""
        spark = opened(name)
        started.append(time.time())
        return spark

    vars(local_lake)["spark_session"] = timed_session
    try:
        job_main(all_jobs()[job])
    finally:
        spark = SparkSession.getActiveSession()
        if spark is not None and started:
            target.write_text(json.dumps(profile(spark, started[0])))


def profile(spark: SparkSession, opened: float) -> dict[str, float]:
    """Return seconds by what they were spent on, and counts, of a session until now.

    Args:
        spark: The session of the job.
        opened: When it was open, in seconds since the epoch.
    """
    jvm: Any = spark._jvm
    context = spark.sparkContext._jsc.sc()
    born = jvm.java.lang.management.ManagementFactory.getRuntimeMXBean().getStartTime() / 1000
    store = context.statusStore()
    quantiles, states = getattr(store, "stageList$default$4")(), getattr(store, "stageList$default$5")()
    stages = store.stageList(None, False, False, quantiles, states)
    catalyst = jvm.org.apache.spark.sql.catalyst
    collectors = jvm.java.lang.management.ManagementFactory.getGarbageCollectorMXBeans()
    return {
        "start": opened - born,
        "after start": time.time() - opened,
        "rules": catalyst.rules.RuleExecutor.getCurrentMetrics().time() / 1e9,
        "compiling": catalyst.expressions.codegen.CodeGenerator.compileTime() / 1e9,
        "tasks": sum(stages.apply(place).executorRunTime() for place in range(stages.size())) / 1000,
        "collecting": sum(collectors.get(place).getCollectionTime() for place in range(collectors.size())) / 1000,
        "jobs": store.jobsList(None).size(),
    }


if __name__ == "__main__":
    file, job, *arguments = sys.argv[1:]
    sys.argv = [job, *arguments]
    main(Path(file), job)
