"""Jobs in this process's Spark session: starting Spark for each would prove nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from basketry.jobs import all_jobs
from basketry.jobs.command_line import parse_arguments

if TYPE_CHECKING:
    from basketry.lake.lakehouse import Lakehouse
    from basketry.lake.report import JobReport


def run_job(lake: Lakehouse, name: str, **arguments: object) -> JobReport:
    """Run a declared job on the lake; what is not given is what the command line takes for it."""
    from basketry.lake.runner import job_function

    return job_function(all_jobs()[name])(lake, job_arguments(lake.catalog, name, **arguments))


def job_arguments(catalog: str, name: str, **arguments: object) -> Any:
    """What the job of that name is given: the arguments by name, as its command line reads them."""
    return parse_arguments(all_jobs()[name], [*_words({"catalog": catalog, **arguments})])


def run_script(lake: Lakehouse, name: str, arguments: Sequence[str]) -> JobReport:
    """What spark-submit would do with this script of spark_jobs/ and these arguments, its line in ops.job_runs included.

    A job that needs no Spark does as it would on the command line; its report is what it returns.
    """
    from basketry.lake import runner
    from basketry.warehouse import open_rows

    job = all_jobs()[name]
    if not job.needs_spark:
        report: JobReport = resolve_name(job.entry)(
            open_rows(lake.catalog, lake.settings), parse_arguments(job, arguments)
        )
        return report
    return runner.run_job(lake, name, parse_arguments(job, arguments), runner.job_function(job))


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
