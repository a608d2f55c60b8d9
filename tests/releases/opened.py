"""A stored release's home, unpacked where the test wants it. All that these tests know of the library's modules is here."""

from __future__ import annotations

import os
import pickletools
import runpy
import shutil
import sqlite3
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from basketry.config.settings import CHECKOUT, Settings
from basketry.tables import TABLES
from basketry.warehouse import open_warehouse
from tests.kit.documents import copy_include
from tools.upgrade import upgrade

if TYPE_CHECKING:
    import pyarrow as pa

HERE = Path(__file__).resolve().parent
CATALOG = "demo"
RELEASED = 1_764_000_000.0
"""When files of models were written, as far as an archive tells: before their promotion."""
HOME = b"/basketry/home"
"""What an archive calls the home's folder."""


def releases() -> list[str]:
    """Every release that is stored, the oldest first."""
    folders = (path.name for path in HERE.iterdir() if (path / "lake.tar.xz").exists())
    return sorted(folders, key=lambda name: [int(part) for part in name.split(".")])


@dataclass(frozen=True)
class Home:
    """A home that a release left, to be gone on with."""

    folder: Path

    def job(self, name: str, *arguments: str) -> None:
        """Run a job's script as a person does from the command line, in the Spark session of this process."""
        before = sys.argv
        sys.argv = [name, f"--catalog={CATALOG}", *arguments]
        try:
            runpy.run_path(str(CHECKOUT / "spark_jobs" / f"{name}.py"), run_name="__main__")
        finally:
            sys.argv = before

    def upgrade(self) -> list[str]:
        """Do what `make upgrade` does when a person has agreed, and return its lines."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("YES", "1")
            return list(upgrade(Settings.from_environment(), self.folder, CATALOG))

    def deliver(self, name: str) -> None:
        """Put what the release left to be delivered into the landing folder."""
        shutil.copytree(self.folder / "deliveries" / name, self.folder / "landing" / CATALOG, dirs_exist_ok=True)

    def table(self, name: str) -> pa.Table:
        """All rows of a table, `schema.name`."""
        return DeltaTable(str(self.folder / "lake" / CATALOG / name.replace(".", "/"))).to_pyarrow_table()

    def rows(self, name: str, **where: Any) -> list[dict[str, Any]]:
        """Rows of a table whose columns have these values, in the order of all that they hold."""
        rows = self.table(name).to_pylist()
        return sorted((row for row in rows if all(row[column] == value for column, value in where.items())), key=repr)

    def stored_tables(self) -> list[str]:
        """Every table that the release wrote and this one declares, `schema.name`."""
        lake = self.folder / "lake" / CATALOG
        return [one.full_name for one in TABLES if (lake / one.schema / one.name / "_delta_log").exists()]

    def counts_read(self) -> dict[str, int]:
        """How many rows of each table the warehouse counts by which the console reads."""
        warehouse = open_warehouse(CATALOG, Settings.from_environment())
        counted = {name: warehouse.own(f"SELECT count(*) AS n FROM {name}", limit=1) for name in self.stored_tables()}  # noqa: S608
        return {name: int(rows.rows[0][0]) for name, rows in counted.items()}


@contextmanager
def opened(release: str, folder: Path) -> Iterator[Home]:
    """Unpack a release's home into the folder; this process and its children work in it until the context ends."""
    home = folder / "home"
    unpack(release, home)
    store = f"sqlite:///{home / 'mlflow' / 'mlflow.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BASKETRY_HOME", str(home))
        patch.setenv("BASKETRY_INCLUDE", str(home / "include"))
        patch.setenv("MLFLOW_TRACKING_URI", store)
        patch.delenv("MLFLOW_REGISTRY_URI", raising=False)
        patch.delenv("BASKETRY_RUNTIME", raising=False)
        import mlflow

        mlflow.set_tracking_uri(store)
        try:
            yield Home(home)
        finally:
            mlflow.set_tracking_uri(None)


def unpack(release: str, home: Path) -> None:
    """Unpack every archive; what a release did not know of the settings is there as this one ships it."""
    copy_include(home)
    for archive in sorted((HERE / release).glob("*.tar.xz")):
        with tarfile.open(archive) as content:
            content.extractall(home, filter="data")
    now = time.time()
    for file in filter(Path.is_file, home.rglob("*")):
        os.utime(file, (now, now))  # Delta takes a log file that is old enough for one that nobody needs any more
        if file.suffix != ".db" and file.relative_to(home).parts[0] in ("mlflow", "checkpoints"):
            file.write_bytes(file.read_bytes().replace(HOME, str(home).encode()))
            os.utime(file, (RELEASED, RELEASED))
    with closing(sqlite3.connect(home / "mlflow" / "mlflow.db")) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for _, column, kind, *_ in database.execute(f"PRAGMA table_info({table})").fetchall():
                if "CHAR" in kind.upper() or kind.upper() == "TEXT":
                    change = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"  # noqa: S608
                    database.execute(change, (HOME.decode(), str(home)))
        database.commit()


def pickles(release: str) -> dict[str, bytes]:
    """Every model of a release as it is stored, by the name of its file."""
    stored = {}
    with tarfile.open(HERE / release / "registry.tar.xz") as content:
        for entry in content:
            stream = content.extractfile(entry)
            if entry.name.endswith(".pkl") and stream is not None:
                stored[entry.name] = stream.read()
    return stored


def pickled_names(release: str) -> dict[str, set[str]]:
    """By model file of a release: everything of the library that its pickle names, as `module:name`."""
    return {
        file: {f"{module}:{name}" for module, name in _globals(content) if module.split(".")[0] == "basketry"}
        for file, content in pickles(release).items()
    }


def _globals(content: bytes) -> Iterator[tuple[str, str]]:
    """Module and name of every global of a pickle. A name may be one that the pickle has memoized before."""
    stack: list[str] = []
    memo: dict[int, str] = {}
    argument: Any
    for operation, argument, _ in pickletools.genops(content):
        if operation.name == "STACK_GLOBAL":
            yield stack[-2], stack[-1]
            stack.append("")
        elif operation.name == "GLOBAL":
            module, _, name = str(argument).partition(" ")
            yield module, name
            stack.append("")
        elif operation.name == "MEMOIZE":
            memo[len(memo)] = stack[-1] if stack else ""
        elif operation.name in ("BINPUT", "LONG_BINPUT"):
            memo[int(argument)] = stack[-1] if stack else ""
        elif operation.name in ("BINGET", "LONG_BINGET"):
            stack.append(memo.get(int(argument), ""))
        else:
            stack.append(argument if isinstance(argument, str) else "")
