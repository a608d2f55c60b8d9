"""The jobs, declared: a frozen dataclass of arguments for each, and the name of what it does. Plain Python."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from basketry.jobs.declare import Argument, DatedArguments, Job, JobArguments, StoredResult, argument_fields

__all__ = ["Argument", "DatedArguments", "Job", "JobArguments", "StoredResult", "all_jobs", "argument_fields"]


@cache
def all_jobs() -> dict[str, Job[..., Any]]:
    """Return every job that a module of this package declares, by name, sorted."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    jobs = {value.name: value for module in modules for value in vars(module).values() if isinstance(value, Job)}
    return dict(sorted(jobs.items()))
