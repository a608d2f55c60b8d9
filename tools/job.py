"""`make job` and `make plan`: one job by local spark-submit, with exactly the arguments that a DAG would pass."""

from __future__ import annotations

import difflib
import os
import shlex
import subprocess

from basketry.jobs import all_jobs
from tools.environment import CHECKOUT, InstancePaths, chosen_catalog
from tools.problem import Problem
from tools.services import program
from tools.setup import prepare


def job_names() -> list[str]:
    """List every job there is, as declared."""
    return list(all_jobs())


def check_job(name: str, names: list[str]) -> None:
    """Check that there is such a job.

    Raises:
        Problem: There is none; lists the jobs, with the nearest name.
    """
    if name in names:
        return
    listed = ", ".join(names)
    if not name:
        raise Problem(f'name the job: make job JOB=<name> ARGS="…", with one of: {listed}.')
    near = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean '{near[0]}'? There are: {listed}." if near else f"there are: {listed}."
    raise Problem(f"there is no job '{name}'; {hint}")


def run_job(name: str, arguments: list[str]) -> int:
    """Run the job and return its exit code (65: its input can never work). `--help` needs no Spark."""
    check_job(name, job_names())
    env = prepare(InstancePaths.from_environment(), say=lambda text: print(f"    {text}", flush=True))
    is_plain = not all_jobs()[name].needs_spark or {"--help", "-h"} & set(arguments)
    runner = program("python") if is_plain else program("spark-submit")
    script = str(CHECKOUT / "spark_jobs" / f"{name}.py")
    return subprocess.call([runner, script, *arguments], env=env, cwd=CHECKOUT)  # noqa: S603


def job_command(arguments: list[str]) -> int:
    """Run JOB with ARGS, from the environment, where make puts them, or from the command line."""
    words = [*arguments, *shlex.split(os.environ.get("ARGS", ""))]
    if arguments:
        return run_job(words[0], words[1:])
    return run_job(os.environ.get("JOB", ""), words)


def plan_command(arguments: list[str]) -> int:
    """Print which tables and dates the next runs would rewrite; touches nothing."""
    day = os.environ.get("AS_OF")
    if not day and not arguments:
        raise Problem("say for which day: make plan AS_OF=2026-01-31 (CATALOG=<catalog> if it is not demo).")
    catalog = chosen_catalog()
    return run_job("plan", arguments or ["--catalog", catalog, "--as-of", str(day)])
