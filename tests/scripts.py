"""Jobs in this process's Spark session: starting Spark for each would prove nothing more."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from basketry.config.settings import CHECKOUT

if TYPE_CHECKING:
    from basketry.lake.lakehouse import Lakehouse
    from basketry.lake.report import JobReport


def run_script(lake: Lakehouse, name: str, arguments: Sequence[str]) -> JobReport:
    """What spark-submit would do with this script of spark_jobs/ and these arguments, its line in ops.job_runs included."""
    from basketry.lake.runner import run_job

    sys.path.insert(0, str(CHECKOUT / "spark_jobs"))
    try:
        script = importlib.import_module(name)
    finally:
        sys.path.remove(str(CHECKOUT / "spark_jobs"))
    return run_job(lake, name, script.parser.parse_args(list(arguments)), script.run)
