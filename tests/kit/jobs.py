"""Jobs in this process's Spark session: starting Spark for each would prove nothing more."""

from __future__ import annotations

import importlib
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from basketry.config.settings import CHECKOUT

if TYPE_CHECKING:
    from basketry.lake.lakehouse import Lakehouse
    from basketry.lake.report import JobReport


def run_job(lake: Lakehouse, name: str, **arguments: object) -> JobReport:
    """Run a script of spark_jobs/ on the lake; what is not given is what the command line takes for it."""
    return load_script(name).run(lake, job_arguments(lake.catalog, name, **arguments))


def job_arguments(catalog: str, name: str, **arguments: object) -> Namespace:
    """What the job of that name is given: the arguments by name, as its command line reads them."""
    return load_script(name).parser.parse_args([*_words({"catalog": catalog, **arguments})])


def run_script(lake: Lakehouse, name: str, arguments: Sequence[str]) -> JobReport:
    """What spark-submit would do with this script of spark_jobs/ and these arguments, its line in ops.job_runs included."""
    from basketry.lake import runner

    script = load_script(name)
    return runner.run_job(lake, name, script.parser.parse_args(list(arguments)), script.run)


def load_script(name: str) -> ModuleType:
    """The script of spark_jobs/ as a module."""
    sys.path.insert(0, str(CHECKOUT / "spark_jobs"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(CHECKOUT / "spark_jobs"))


def _words(arguments: Mapping[str, object]) -> Iterator[str]:
    """Arguments as the command line takes them: a flag for True, nothing for False and None."""
    for name, value in arguments.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            yield option
        elif value is not None and value is not False:
            yield f"{option}={_text(value)}"


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
