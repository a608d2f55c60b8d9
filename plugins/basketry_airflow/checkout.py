"""The checkout that a DAG file belongs to: scripts and runbooks lie beside its `dags/`, wherever the library is installed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from basketry.config import edition
from basketry.databricks.library_wheel import wheel_name
from basketry.errors import BadInputError


def checkout_of(dag_file: str) -> Path:
    """Return the root of the checkout that holds a DAG file, such as that of a git bundle; else the library's own.

    Args:
        dag_file: The path of the file that declares the DAG.
    """
    for folder in Path(dag_file).resolve().parents:
        if (folder / "spark_jobs").is_dir():
            return folder
    return edition.CHECKOUT


def script_of(checkout: Path, job: str) -> str:
    """Return the path of a job's script.

    Raises:
        BadInputError: The checkout has no such script.
    """
    path = checkout / "spark_jobs" / f"{job}.py"
    if not path.is_file():
        raise BadInputError(f"{path} does not exist: deliver spark_jobs/ beside dags/, from the same commit.")
    return str(path)


@lru_cache  # it reads every source, and a process reads DAG files of one edition
def edition_of(checkout: Path) -> str:
    """Return the edition of a checkout; where only DAG files were delivered, that of the installed library."""
    return edition.edition(checkout if edition.is_checkout(checkout) else None)


def wheel_of(checkout: Path) -> str:
    """Return the file name of the wheel that `make deploy` makes of a checkout."""
    return wheel_name(edition_of(checkout))
