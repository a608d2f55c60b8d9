"""Makes a small retailer's home and model registry with this checkout, to be kept for later releases: see README.md.

    .venv/bin/python tests/releases/make.py 0.1.0

Run it once for a release, at the release's own commit. Later code opens what it made (`test_opens.py`); it never makes it anew.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import lzma
import os
import runpy
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

from tests.kit.documents import QUICK, copy_include
from tests.kit.few_rows import write_settings
from tools import shoppers
from tools.environment import InstancePaths
from tools.setup import prepare

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
CATALOG, END = "demo", date(2026, 11, 20)
NOW = "2026-11-23T12:00:00+00:00"
SCALE, WEEKS = 0.02, 34
SHOPPING = tuple(END - timedelta(days=days) for days in reversed(range(4)))
"""Days of which shoppers' events are delivered: enough decisions for a policy to learn from."""
INSTEAD = {"home": "/basketry/home", "checkout": "/basketry/checkout"}
"""Stand for folders of the machine wherever registry and checkpoints name them; who unpacks puts the real home there."""

SMALL = {
    "propensity.yaml": {**QUICK["propensity.yaml"], "dates: 8": "dates: 1"},
    "rfm.yaml": {**QUICK["rfm.yaml"], "most: 20": "most: 4"},
    "forecast.yaml": {**QUICK["forecast.yaml"], "rounds: 100": "rounds: 5"},
}
"""A training of seconds, whose model is small."""

PARTS = {
    "lake": ("lake",), "registry": ("mlflow",), "settings": ("include",), "streams": ("checkpoints", "landing/demo/offer_events"),
    "deliveries": ("deliveries",),
}  # fmt: skip
"""What is kept of the home, and in which archive."""


def jobs() -> list[tuple[str, ...]]:
    """What is run, in turn: a script of spark_jobs/ and its arguments, or a step in between."""
    yesterday, month = END - timedelta(days=1), END - timedelta(days=30)
    return [
        ("ingest", "--feed=*", "--run-id=ingest"),
        ("sales", f"--as-of={END}", "--run-id=sales"),
        *(("look_around", str(day), "landing/demo/offer_events") for day in SHOPPING),
        ("offers", "--run-id=activity"),
        *(("respond", str(day), "landing/demo/offer_events") for day in SHOPPING),
        ("offers", "--run-id=responses"),
        ("features", f"--as-of={END}", "--days=2", "--choose-categories", "--run-id=features"),
        ("rfm", f"--as-of={END}", "--fit", "--run-id=fit"),
        *_promotion("rfm", "1"),
        *(("rfm", f"--as-of={day}", f"--run-id=rfm-{day}") for day in (yesterday, END)),
        ("rfm", f"--as-of={END}", "--fit", "--run-id=fit-again"),
        *_promotion("rfm", "2"),
        _promote("rfm", "back", "--rollback-to=previous"),
        ("features", f"--as-of={END}", "--training", "--only-missing", "--run-id=backlog"),
        ("train_propensity", f"--as-of={END}", "--run-id=train"),
        *_promotion("propensity", "1"),
        ("score_propensity", f"--as-of={END}", "--days=2", "--run-id=score"),
        ("score_propensity", f"--as-of={month}", "--run-id=score-before"),
        ("propensity_outcomes", f"--as-of={END}", "--run-id=outcomes"),
        ("train_forecast", f"--as-of={END}", "--run-id=train"),
        *_promotion("forecast", "1"),
        ("forecast", f"--as-of={END}", "--run-id=forecast"),
        ("decide_products", f"--as-of={END}", "--run-id=decide"),
        ("train_recommendations", f"--as-of={END}", "--run-id=train"),
        *_promotion("recommendations", "1"),
        ("recommend", f"--as-of={END}", "--run-id=recommend"),
        ("train_offer_policy", f"--as-of={END}", "--run-id=train"),
        *_promotion("offer_policy", "1"),
        ("audience", f"--as-of={END}", "--run-id=audience"),
        ("look_around", str(END + timedelta(days=1)), "deliveries/events/offer_events"),
    ]


def _promotion(model: str, version: str) -> tuple[tuple[str, ...], ...]:
    """The gate is asked, and the version becomes champion whatever it says of so few rows."""
    judge = ("judge", f"--model={model}", f"--run-id=judge-{model}-{version}")
    return judge, _promote(model, version, f"--challenger={version}", "--override")


def _promote(model: str, run: str, *what: str) -> tuple[str, ...]:
    return ("promote", f"--model={model}", f"--run-id=promote-{model}-{run}/1", "--decided-by=release",
            "--decided-at=2026-11-21T00:00:00+00:00", "--reason=A release keeps a champion of every kind.", *what)  # fmt: skip


def main() -> None:
    """Make the release's home in a temporary folder and pack it; with --jobs, in spark-submit, run the jobs in an existing home."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", help="its number, which names the folder")
    parser.add_argument("--jobs", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.jobs:
        run_jobs(Path(os.environ["BASKETRY_HOME"]))
        return
    os.environ.pop("BASKETRY_INCLUDE", None)
    with tempfile.TemporaryDirectory(prefix="basketry-release-", ignore_cleanup_errors=True) as folder:
        home = Path(folder).resolve() / "home"
        make(home, arguments.release)
        pack(home, HERE / arguments.release)


def make(home: Path, release: str) -> None:
    """Deliver, set up, and run every job in one Spark session."""
    places = InstancePaths.from_environment({**os.environ, "BASKETRY_HOME": str(home)})
    os.environ.update(prepare(places, print))
    deliver(home)
    copy_include(home, SMALL)
    write_settings(home / "spark-conf")
    with (home / "spark-conf" / "spark-defaults.conf").open("a") as settings:
        settings.write("spark.sql.parquet.compression.codec uncompressed\n")  # the archive's own is better
    store = f"sqlite:///{home / 'mlflow' / 'mlflow.db'}"
    own_experiments(home, store)
    env = {
        **os.environ, "BASKETRY_NOW": NOW, "BASKETRY_INCLUDE": str(home / "include"), "SPARK_CONF_DIR": str(home / "spark-conf"),
        "MLFLOW_TRACKING_URI": store, "MLFLOW_REGISTRY_URI": store, "PYTHONHASHSEED": "0", "GIT_PYTHON_REFRESH": "quiet",
    }  # fmt: skip
    submit = str(Path(sys.executable).with_name("spark-submit"))
    subprocess.run([submit, str(Path(__file__).resolve()), release, "--jobs"], env=env, cwd=home, check=True)


def run_jobs(home: Path) -> None:
    """Every job as its script is run from the command line."""
    for name, *arguments in jobs():
        print(f"── {name} {' '.join(arguments)}", flush=True)
        if name in ("look_around", "respond"):
            day, folder = arguments
            getattr(shoppers, name)(home / "lake", home / folder, CATALOG, date.fromisoformat(day))
            continue
        sys.argv = [name, f"--catalog={CATALOG}", *arguments]
        runpy.run_path(str(CHECKOUT / "spark_jobs" / f"{name}.py"), run_name="__main__")


def deliver(home: Path) -> None:
    """The files up to END, and apart from them those of the day after and of two lines that come late."""
    from tools.demo import deliver as deliver_demo

    landing, longer, apart = home / "landing" / CATALOG, home / "longer", home / "deliveries"
    deliver_demo(landing, END, scale=SCALE, weeks=WEEKS)
    started = json.loads((landing / "manifest.json").read_text())["start"]
    after = END + timedelta(days=1)
    deliver_demo(longer, after, start=date.fromisoformat(started), scale=SCALE)
    for file in (landing / "order_lines").iterdir():
        _write(file, _lines(file))
    lines = _lines(longer / "order_lines" / f"order_lines_{after}.csv.gz")
    new = [line for line in lines if _day(line) == after]
    _write(apart / "new" / "order_lines" / f"order_lines_{after}.csv.gz", [lines[0], *new])
    late = [["L" + line[0], *line[1:]] for line in lines if _day(line) == END and line[2] == "SALE" and line[6]]
    _write(apart / "late" / "order_lines" / f"order_lines_{after + timedelta(days=1)}.csv.gz", [lines[0], *late[:2]])


def _lines(file: Path) -> list[list[str]]:
    """The head and the lines of every other product: half as many products make tables half as large."""
    with gzip.open(file, "rt", newline="") as text:
        return [line for line in csv.reader(text) if line[8:9] and line[8].strip()[-1:] not in set("13579")]


def _day(line: list[str]) -> date | None:
    try:
        return datetime.strptime(line[5], "%m/%d/%Y").date()  # noqa: DTZ007 (a business day has no zone)
    except ValueError:
        return None


def _write(file: Path, lines: list[list[str]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(file, "wt", newline="") as text:
        csv.writer(text).writerows(lines)


def own_experiments(home: Path, store: str) -> None:
    """A registry whose models are kept in the home."""
    from mlflow import MlflowClient

    (home / "mlflow").mkdir()
    client = MlflowClient(store, store)
    for model in ("rfm", "propensity", "forecast", "recommendations", "offer_policy", "marketing_clusters"):
        client.create_experiment(f"{CATALOG}_{model}", artifact_location=(home / "mlflow" / model).as_uri())


def pack(home: Path, target: Path) -> None:
    """Every part as an archive whose names are in order and whose moments are all the same."""
    relocate(home, {str(home): INSTEAD["home"], str(CHECKOUT): INSTEAD["checkout"]})
    target.mkdir(exist_ok=True)
    for part, folders in PARTS.items():
        files = (file for folder in folders for file in (home / folder).rglob("*") if _is_needed(file))
        best = 9 | lzma.PRESET_EXTREME
        with (
            lzma.open(target / f"{part}.tar.xz", "wb", preset=best) as stream,
            tarfile.open(fileobj=stream, mode="w") as archive,
        ):
            for file in sorted(files):
                entry = tarfile.TarInfo(str(file.relative_to(home)))
                entry.size = file.stat().st_size
                with file.open("rb") as content:
                    archive.addfile(entry, content)


def _is_needed(file: Path) -> bool:
    """Not pictures, nor checksums of Hadoop's file system, which hold for the bytes before the home was named otherwise.

    Nor the time zones of ZIP codes: an audience that finds none makes them of a list that the library brings along.
    """
    return file.is_file() and file.suffix not in (".crc", ".png") and "zip_time_zones" not in file.parts


def relocate(home: Path, instead: Mapping[str, str]) -> None:
    """Name folders otherwise in the registry's database, its files and the streams' checkpoints."""
    with closing(sqlite3.connect(home / "mlflow" / "mlflow.db")) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for _, column, kind, *_ in database.execute(f"PRAGMA table_info({table})").fetchall():
                for folder, other in instead.items():
                    if "CHAR" in kind.upper() or kind.upper() == "TEXT":
                        database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (folder, other))  # noqa: S608
        database.commit()
        database.execute("VACUUM")
    for file in (file for folder in ("mlflow", "checkpoints") for file in (home / folder).rglob("*") if file.is_file()):
        if file.suffix not in (".db", ".pkl"):
            content = file.read_bytes()
            for folder, other in instead.items():
                content = content.replace(folder.encode(), other.encode())
            file.write_bytes(content)


if __name__ == "__main__":
    main()
