"""The measured cases, each in a home of its own; see the goals in docs/performance.md."""

from __future__ import annotations

import gzip
import os
import shutil
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from benchmarks.make_run import make_run
from benchmarks.measure import Figure, Run, environment_with, paired, timed

CHECKOUT = Path(__file__).resolve().parents[1]
HERE = CHECKOUT / "benchmarks"
DATA = Path(os.environ.get("BASKETRY_DATA") or CHECKOUT.parent / "shared" / "data")
SUBMIT = str(Path(sys.executable).parent / "spark-submit")


def submit(script: Path, *arguments: str, home: Path, before: Callable[[], None] | None = None, **changes: str) -> Run:
    """Run a whole spark-submit of a script as a DAG does, in the given home."""
    environment = environment_with(BASKETRY_HOME=str(home), SPARK_LOCAL_DIRS=str(home / "tmp"), **changes)
    return timed([SUBMIT, str(script), *arguments], environment, before)


def job(
    name: str, *arguments: str, home: Path, catalog: str, before: Callable[[], None] | None = None, **changes: str
) -> Run:
    """Run a whole job, in this environment with changes."""
    script = CHECKOUT / "spark_jobs" / f"{name}.py"
    return submit(script, f"--catalog={catalog}", *arguments, home=home, before=before, **changes)


def _online_retail(folder: Path) -> Path:
    """Put CSV and workbook into the landing folders of a home; returns the plain CSV for the floor."""
    landing = folder / "landing" / "online_retail" / "order_lines"
    landing.mkdir(parents=True)
    with (
        gzip.open(DATA / "online_retail" / "OnlineRetail.csv.gz") as packed,
        (landing / "OnlineRetail.csv").open("wb") as plain,
    ):
        shutil.copyfileobj(packed, plain)
    shutil.copy(DATA / "online_retail" / "Online Retail.xlsx", landing)
    return landing / "OnlineRetail.csv"


def ingest_csv(folder: Path) -> list[Figure]:
    """Measure the ingest of Online Retail's CSV against Spark reading and writing it."""
    csv = _online_retail(folder)

    def ours() -> Run:
        """Run the job."""
        return job(
            "ingest",
            "--feed=order_lines",
            "--files=OnlineRetail.csv",
            home=folder,
            catalog="online_retail",
            before=lambda: shutil.rmtree(folder / "lake", ignore_errors=True),
        )

    def floor() -> Run:
        """Run what it is measured against."""
        return submit(HERE / "floor_csv_to_delta.py", str(csv), str(folder / "floor"), home=folder)

    one, other, ratio = paired(ours, floor, pairs=2)
    measured = f"{one:.1f} s against {other:.1f} s"
    return [
        Figure(
            what="ingest of 541,909 rows (CSV) / Spark reads and writes the CSV",
            measured=measured,
            ratio=ratio,
            goal=2.5,
        )
    ]


def ingest_xlsx(folder: Path) -> list[Figure]:
    """Measure the ingest of the workbook against pandas reading it plus the CSV's ingest."""
    _online_retail(folder)

    def load(name: str) -> Run:
        """Ingest one file into an empty lake."""
        return job(
            "ingest",
            "--feed=order_lines",
            f"--files={name}",
            home=folder,
            catalog="online_retail",
            before=lambda: shutil.rmtree(folder / "lake", ignore_errors=True),
        )

    def floor() -> Run:
        """Run what it is measured against."""
        workbook = folder / "landing" / "online_retail" / "order_lines" / "Online Retail.xlsx"
        reading = timed([sys.executable, str(HERE / "pandas_calamine.py"), str(workbook)], environment_with())
        csv = load("OnlineRetail.csv")
        return Run(reading.seconds + csv.seconds, max(reading.peak_mib, csv.peak_mib))

    one, other, ratio = paired(lambda: load("Online Retail.xlsx"), floor, pairs=2)
    measured = f"{one:.1f} s against {other:.1f} s"
    return [
        Figure(
            what="ingest of the workbook / pandas+calamine reads it, plus the CSV's ingest",
            measured=measured,
            ratio=ratio,
            goal=1.0,
        )
    ]


def startup(folder: Path) -> list[Figure]:
    """Measure a whole spark-submit of a job that does nothing: our JVM settings against stock ones."""
    stock = folder / "stock-conf"
    stock.mkdir(parents=True)
    ours = Path(os.environ["SPARK_CONF_DIR"]) / "spark-defaults.conf"
    kept = [line for line in ours.read_text().splitlines() if line.split(" ")[0] in STOCK_SETTINGS]
    (stock / "spark-defaults.conf").write_text("\n".join(kept) + "\n")
    noop = CHECKOUT / "spark_jobs" / "noop.py"

    def tuned() -> Run:
        """Start with the project's JVM settings."""
        return submit(noop, "--catalog=demo", home=folder)

    def untuned() -> Run:
        """Start with Spark's own settings."""
        return submit(
            noop, "--catalog=demo", home=folder, SPARK_CONF_DIR=str(stock), SPARK_LAUNCHER_OPTS="", SPARK_LOCAL_IP=""
        )

    one, other, ratio = paired(tuned, untuned, pairs=3)
    measured = f"{one:.1f} s against {other:.1f} s"
    return [
        Figure(
            what="spark-submit of a job that does nothing / the same with stock JVM settings",
            measured=measured,
            ratio=ratio,
            goal=0.6,
        )
    ]


STOCK_SETTINGS = (
    "spark.master",
    "spark.sql.extensions",
    "spark.sql.catalog.spark_catalog",
    "spark.driver.extraClassPath",
    "spark.jars",
    "spark.driver.memory",
)
"""What a stock Spark needs to know Delta at all; everything else is ours."""


def memory(folder: Path) -> list[Figure]:
    """Measure the peak memory of an ingest of ten million lines against one of one million, driver memory 2 GB."""
    peaks, lines = [], []
    for name, scale in (("small", 2.9), ("large", 29.0)):
        home = folder / name
        lines.append(_deliver_order_lines(home / "landing" / "demo", scale))
        run = job("ingest", "--feed=order_lines", home=home, catalog="demo")
        peaks.append(run.peak_mib)
        shutil.rmtree(home)
    measured = f"{peaks[1]:.0f} MiB for {lines[1]:,} lines, {peaks[0]:.0f} MiB for {lines[0]:,}"
    return [
        Figure(
            what="peak memory of ingest, ten million lines / one million",
            measured=measured,
            ratio=peaks[1] / peaks[0],
            goal=1.2,
        )
    ]


def _deliver_order_lines(out: Path, scale: float) -> int:
    from tools.demo import deliver

    manifest = deliver(out, date(2026, 11, 20), scale=scale)
    for feed in out.iterdir():
        if feed.is_dir() and feed.name != "order_lines":
            shutil.rmtree(feed)
    return sum(file.rows for file in manifest.files if file.feed == "order_lines")


CASES: dict[str, Callable[[Path], list[Figure]]] = {
    "startup": startup,
    "ingest_csv": ingest_csv,
    "ingest_xlsx": ingest_xlsx,
    "memory": memory,
    "make_run": make_run,
}
