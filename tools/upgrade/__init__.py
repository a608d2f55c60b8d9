"""`make upgrade`: what an older home, lake and registry need for this release; each step again does nothing.

A person starts it, and is asked before a stored model is read: a model of release 0.1.0 is a pickle, which runs whatever
whoever wrote it wants.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from basketry.access.loader import known_tables
from basketry.config.quiet import quiet_libraries
from basketry.config.settings import Settings
from basketry.errors import BasketryError
from basketry.registry.models import MODELS
from basketry.tables import evolution
from basketry.warehouse import local_delta, open_rows
from basketry.warehouse.locks import table_lock
from tools.environment import InstancePaths, chosen_catalog
from tools.instance_secrets import registry_login
from tools.problem import Problem
from tools.terminal import plain
from tools.upgrade.models import OldChampion, convert, old_champion


def upgrade_command(arguments: Sequence[str]) -> int:
    """Bring home, lake and registry of a catalog to this release, and say what was done."""
    quiet_libraries()
    places, catalog = InstancePaths.from_environment(), chosen_catalog()
    if "MLFLOW_TRACKING_URI" not in os.environ and places.home.is_dir():
        os.environ.update(registry_login(places.home), MLFLOW_TRACKING_URI=f"http://127.0.0.1:{places.mlflow_port}")
    settings = Settings.from_environment({**os.environ, "BASKETRY_HOME": str(places.home)})
    if settings.runtime != "local":
        raise Problem(
            "make upgrade mends local homes: on Databricks jobs add columns by themselves, and a model of an earlier release"
            " is trained and promoted again."
        )
    if not places.home.is_dir():
        raise Problem(f"{places.home} does not exist: set BASKETRY_HOME to the home that is to be upgraded.")
    try:
        for line in upgrade(settings, places.home, catalog):
            print(plain(line), flush=True)
    except BasketryError as error:
        raise Problem(getattr(error, "message", str(error))) from error
    return 0


def upgrade(settings: Settings, home: Path, catalog: str) -> Iterator[str]:
    """Take every step, the lake before the models, and yield what was done."""
    if home.stat().st_mode & 0o077:
        home.chmod(0o700)
        yield f"home: other accounts may not enter {home} any more"
    else:
        yield "home: nothing to do"
    yield from _tables(settings, catalog)
    rows = open_rows(catalog, settings)
    for spec in MODELS.values():
        champion = old_champion(rows, spec, settings.lake / catalog, home)
        if champion is None:
            yield f"model {spec.name}: nothing to do"
            continue
        yield from (f"model {spec.name}: {line}" for line in champion.describe())
        if not agreed(champion):
            yield f"model {spec.name}: left as it is, and does not score: train and promote a version"
            continue
        yield f"model {spec.name}: {convert(rows, champion, home, getpass.getuser())}"


def _tables(settings: Settings, catalog: str) -> Iterator[str]:
    """Add the columns that an earlier release did not know."""
    changed = 0
    for table in known_tables(catalog, settings.include).values():
        folder = settings.lake / catalog / table.schema / table.name
        if not local_delta.exists(folder):
            continue
        with table_lock(settings.lake / catalog, table.full_name):
            missing = evolution.missing_columns(table, local_delta.columns(folder))
            if missing:
                local_delta.add_columns(folder, missing)
                changed += 1
                yield f"table {table.full_name}: added {', '.join(column.name for column in missing)}"
    if not changed:
        yield "tables: nothing to do"


def agreed(champion: OldChampion) -> bool:
    """Ask the person; YES=1 answers beforehand."""
    if os.environ.get("YES") == "1":
        return True
    if not sys.stdin.isatty():
        raise Problem("make upgrade reads pickles and asks first: run it on a terminal, or say make upgrade YES=1.")
    question = f"Is that what you trained? Read version {champion.version} of {champion.name}? Type yes: "
    return input(question).strip() == "yes"
