"""Declared jobs: what they name is there, what is written about them elsewhere is theirs, and a mistake is one sentence."""

from __future__ import annotations

import runpy
from datetime import date
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, get_type_hints

import pytest

from basketry.errors import BadInputError
from basketry.jobs import all_jobs, argument_fields
from basketry.jobs.command_line import job_parser, parse_arguments
from basketry.jobs.features import FEATURES
from basketry.jobs.promotion import PROMOTE
from basketry.jobs.sales import SALES, SalesArguments

CHECKOUT = Path(__file__).resolve().parents[3]
JOBS = all_jobs()


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_what_a_job_names_is_there(job: Any) -> None:
    """Its entry takes the arguments that are declared, what it needs are parameters, and its result is built on another's."""
    parameters = get_type_hints(resolve_name(job.entry))
    assert issubclass(job.arguments, parameters["arguments"])
    for parameter, name in job.needs.items():
        assert parameter in parameters and callable(resolve_name(name))
    if job.result is not None:
        assert job.result.built_on == "" or JOBS[job.result.built_on].result is not None
        assert job.result.inputs == "" or resolve_name(job.result.inputs)


def test_every_job_has_a_script_that_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Airflow submits is the job of that name, and nothing lies beside the scripts."""
    scripts = sorted((CHECKOUT / "spark_jobs").glob("*.py"))
    assert [path.stem for path in scripts] == list(JOBS)
    started: list[object] = []
    for main in ("basketry.lake.runner.job_main", "basketry.warehouse.plain_job.plain_job_main"):
        monkeypatch.setattr(main, started.append)
    for path in scripts:
        runpy.run_path(str(path), run_name="__main__")
    assert started == list(JOBS.values())


def test_a_command_line_makes_the_declared_arguments() -> None:
    """Options are the fields with dashes; what is not given has the declaration's default."""
    assert parse_arguments(SALES, ["--catalog=demo", "--as-of=2026-01-31", "--full"]) == SalesArguments(
        catalog="demo", as_of=date(2026, 1, 31), full=True
    )


@pytest.mark.parametrize(
    ("job", "words", "message"),
    [
        (
            SALES,
            [],
            "job sales: the following arguments are required: --catalog, --as-of (--help explains the arguments).",
        ),
        (SALES, ["--catalog=demo", "--as-of=soon"], "--as-of is 'soon'; write a day as YYYY-MM-DD."),
        (
            SALES,
            ["--catalog=demo", "--as-of=1066-10-14"],
            "--as-of is '1066-10-14'; write a day from 1900-01-01 to 2999-12-31.",
        ),
        (SALES, ["--catalog=demo", "--as-of=2026-01-31", "--ful"], "job sales: unrecognized arguments: --ful"),
        (
            FEATURES,
            ["--catalog=demo", "--as-of=2026-01-31", "--days=2", "--training"],
            "--training: not allowed with argument --days",
        ),
        (
            FEATURES,
            ["--catalog=demo", "--as-of=2026-01-31", "--dates=soon"],
            "'soon' are no days; write them as YYYY-MM-DD",
        ),
        (FEATURES, ["--catalog=demo", "--as-of=2026-01-31", "--days=two"], "argument --days: invalid int value: 'two'"),
        (PROMOTE, ["--catalog=demo", "--verdict=maybe"], "argument --verdict: invalid choice: 'maybe'"),
    ],
)
def test_a_mistake_is_one_sentence(job: Any, words: list[str], message: str) -> None:
    """It names the argument, and it is bad input: no try again makes it better."""
    with pytest.raises(BadInputError) as error:
        parse_arguments(job, words)
    assert message in error.value.message


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_every_argument_says_what_it_means(job: Any) -> None:
    """--help explains each option; every job has a retailer, an id of its run and a dry run."""
    text = " ".join(job_parser(job).format_help().split())
    arguments = argument_fields(job)
    assert list(arguments)[:3] == ["catalog", "run_id", "dry_run"]
    assert all(argument.about.help in text.replace("- ", "-") for argument in arguments.values())
    assert " ".join(job.description.split()) in text.replace("- ", "-")
