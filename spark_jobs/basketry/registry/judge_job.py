"""The job judge: ask a gate about the challenger, print the answer, and say how to carry it out. Without Spark."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from basketry.config.settings import Settings
from basketry.gates import markdown_table
from basketry.gates.model import ASK
from basketry.jobs.promotion import JudgeArguments
from basketry.registry.judging import Judgement, consequence, judge
from basketry.warehouse.job_runs import JobRun, record_job_run
from basketry.warehouse.rows import RowStore

JOB = "judge"
"""The job, as ops.job_runs calls it."""


def run(rows: RowStore, arguments: JudgeArguments) -> Judgement:
    """Judge the challenger as the arguments say."""
    return judge_and_record(rows, Settings.from_environment().include, arguments)


def judge_and_record(rows: RowStore, include: Path, arguments: JudgeArguments) -> Judgement:
    """Judge the challenger of a kind of model, print the verdict, and note the run unless it is a dry run.

    Args:
        rows: The tables of the catalog.
        include: The include folder.
        arguments: Arguments of the run; the gate has the name of the model.
    """
    start = time.monotonic()
    judgement = judge(rows, arguments.model, include, keep=not arguments.dry_run)
    for line in describe_judgement(judgement, rows.catalog):
        print(f"{JOB}: {line}")
    if not arguments.dry_run:
        details = {"verdict": judgement.verdict.verdict, "challenger": judgement.challenger}
        seconds = time.monotonic() - start
        record_job_run(
            rows, JOB, vars(arguments), JobRun(seconds=seconds, model_version=judgement.challenger, details=details)
        )
    return judgement


def describe_judgement(judgement: Judgement, catalog: str) -> Iterator[str]:
    """Yield the verdict as people read it, and the command that carries it out."""
    verdict = judgement.verdict
    yield f"{judgement.model}: version {judgement.challenger} instead of {judgement.champion or 'none'}?"
    yield f"The gate says {verdict.verdict}: {verdict.reason}"
    yield ""
    yield markdown_table(verdict.checks)
    yield ""
    command = f"--catalog {catalog} --model {judgement.gate.model} --challenger {judgement.challenger}"
    if verdict.verdict == ASK:
        command += " --verdict promote --decided-by <name> --reason '<why>'"
        yield f'A person must answer, promote or refuse: make job JOB=promote ARGS="{command}"'
        return
    yield consequence(judgement).removeprefix("Nobody is asked: ")
    yield f'To carry it out: make job JOB=promote ARGS="{command}"'
