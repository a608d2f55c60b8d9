"""What the type checker must notice: frames, operators and sessions have the types of Spark and Airflow themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from basketry.config.settings import CHECKOUT

MISTAKES = """\
from airflow.sdk import DAG
from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def sales(lines: DataFrame) -> DataFrame:
    right = lines.where(F.col("quantity") > 0).groupBy("product_id").agg(F.sum("net_amount").alias("revenue"))
    lines.fliter("quantity > 0")
    lines.withColumn("revenue", 3)
    return right.count()


DAG("daily", schedul="@daily")
"""


@pytest.mark.slow
def test_a_wrong_call_of_a_frame_is_a_type_error(tmp_path: Path) -> None:
    """A misspelt method, a number for a column, a count for a frame, a misspelt argument of a DAG; what is right passes."""
    module = tmp_path / "mistakes.py"
    module.write_text(MISTAKES)
    command = [sys.executable, "-m", "mypy", "--no-error-summary", str(module)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    problems = [line.split(": error: ")[1] for line in done.stdout.splitlines() if ": error: " in line]
    kinds = [problem.rsplit("[", 1)[1] for problem in problems]
    assert kinds == ["operator]", "arg-type]", "return-value]", "call-arg]"], done.stdout + done.stderr
    misspelt, column, _, argument = problems
    assert misspelt.startswith('"Column" not callable')  # a frame takes what it does not know for one of its columns
    assert "withColumn" in column and "schedul" in argument
