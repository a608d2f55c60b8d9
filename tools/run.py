"""`make run`: set up, start, deliver, load through the real Airflow scheduler, and show what came out."""

from __future__ import annotations

import argparse
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path

from rich.console import Console

from basketry.config.settings import EVERY_FEED, Settings
from basketry.errors import BasketryError
from tools.airflow_client import AirflowClient
from tools.dag_runs import DagRuns, Waits, in_background, side_by_side
from tools.deliver import (
    check_catalog,
    deliver_catalog,
    deliver_first_month,
    environment_of_demo,
    first_month_files,
    new_files,
    yesterday,
)
from tools.environment import InstancePaths
from tools.home import make_home
from tools.instance_secrets import USER, instance_secrets
from tools.preflight import check_run
from tools.problem import Problem
from tools.progress import Board, Step
from tools.results import BY_HAND, Results
from tools.services import finish_start, start_servers
from tools.setup import prepare
from tools.show.questions import show_questions
from tools.show.sales import show_files, show_first_figures, show_sales
from tools.show.tables import last_day, loaded_files, sales_done
from tools.terminal import verbatim

DAGS = {*BY_HAND, "daily_sales", "daily_scoring", "weekly_marketing", "offers"}
EVERYTHING, SALES = "", "sales"
WAIT_SECONDS = 120


def run_command(arguments: list[str]) -> int:
    """Set up, start, deliver, load and show; returns 0, or raises a Problem that says what to do."""
    options = _arguments(arguments)
    places = InstancePaths.from_environment()
    check_run(places)
    os.environ.update({"BASKETRY_HOME": str(places.home)})
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=140)
    try:
        check_catalog(options.data)
        with only_run(places.home), Board(console) as board:
            _Run(options.data, places, board).all_steps(only=options.only)
        show_addresses(console, options.data, places, board)
    except BasketryError as error:
        raise Problem(getattr(error, "message", str(error))) from None
    return 0


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--data", default=os.environ.get("DATA") or "demo", help="the catalog, default demo")
    parser.add_argument("--scale", help="size of the demo, 1 gives about 350,000 order lines")
    parser.add_argument("--only", default=os.environ.get("ONLY") or EVERYTHING, help="sales: end with the sales report")
    options = parser.parse_args(words)
    if options.only not in (EVERYTHING, SALES):
        raise Problem(f"ONLY is '{options.only}'; write ONLY=sales, or leave it out to see everything.")
    if options.scale:
        os.environ["SCALE"] = options.scale
    return options


@contextmanager
def only_run(home: Path) -> Iterator[None]:
    """Hold the home for this run.

    Raises:
        Problem: Another run holds it.
    """
    make_home(home)
    with (home / "run.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(f"another make run works in {home}: wait for its end or set another BASKETRY_HOME.") from None
        yield


class _Run:
    """The steps of one run."""

    def __init__(self, catalog: str, places: InstancePaths, board: Board) -> None:
        self.catalog = catalog
        self.places = places
        self.board = board
        self.settings = Settings.from_environment()
        self.lake = places.home / "lake"

    def all_steps(self, only: str) -> None:
        """Take all steps, or those up to the sales report, and print each result as soon as it is there."""
        with self.board.step("Java and Spark") as step:
            env = prepare(self.places, _teller(step))
        with self.board.step("MLflow and Airflow start") as step:
            airflow_env = start_servers(self.places, env, _teller(step))
            step.detail = ""
        if self.catalog == "demo":
            deliver_first_month(self.settings, environment_of_demo())
        with self.board.step("Airflow answers") as step:
            finish_start(self.places, airflow_env, _teller(step))
            self.runs = DagRuns(self._connect(), self.catalog, self.places.home)
            step.detail = self.runs.client.address
        side_by_side(self._first_month(), self._deliver())
        side_by_side(self._ingest())
        show_files(self.board.console, self.lake, self.catalog)
        as_of = self.end or last_day(self.lake, self.catalog)
        if as_of is None:
            return
        as_of = min(as_of, yesterday(self.catalog))
        sales = self._sales(as_of)
        if only == SALES:
            side_by_side(sales)
            return
        side_by_side(*Results(self.runs, self.board, self.settings, as_of).branches(sales))
        show_questions(self.board.console, self.places.home, self.catalog)

    def _connect(self) -> AirflowClient:
        password = instance_secrets(self.places.home)["password"]
        client = AirflowClient(f"http://127.0.0.1:{self.places.airflow_port}", USER, password)
        client.wait_for_dags(DAGS, WAIT_SECONDS)
        for dag in BY_HAND:
            client.unpause(dag)
        return client

    def _deliver(self) -> Waits[None]:
        """Deliver everything, beside whatever is loaded meanwhile."""
        with self.board.step(f"Files of {self.catalog} delivered") as step:
            deliver = partial(deliver_catalog, self.catalog, self.settings, environment_of_demo(), _teller(step))
            self.end = yield from in_background(deliver)

    def _first_month(self) -> Waits[None]:
        """Load the first month alone, and print its sales while the rest is delivered."""
        names = first_month_files(self.catalog, self.settings, loaded_files(self.lake, self.catalog))
        if not names:
            return
        with self.board.step("ingest of the first month") as step:
            files = ",".join(f"{name}*" for name in names)
            yield from self.runs.finish("ingest", step, self._is_anything_loaded, self._delivery(files))
        show_first_figures(self.board.console, self.lake, self.catalog)

    def _is_anything_loaded(self) -> bool:
        return bool(loaded_files(self.lake, self.catalog))

    def _delivery(self, files: str) -> dict[str, object]:
        return {"feed": EVERY_FEED, "files": files, "delivered_by": "make run"}

    def _waiting_files(self) -> dict[str, int]:
        return new_files(self.catalog, self.settings, loaded_files(self.lake, self.catalog))

    def _ingest(self) -> Waits[None]:
        waiting = self._waiting_files()
        if not waiting:
            with self.board.step("ingest") as step:
                step.detail = "no new files"
            return
        files = sum(waiting.values())
        counted = "1 file" if files == 1 else f"{files} files"
        with self.board.step(f"ingest of {', '.join(waiting)} ({counted})") as step:
            yield from self.runs.finish("ingest", step, lambda: not self._waiting_files(), self._delivery("*"))

    def _sales(self, as_of: date) -> Waits[None]:
        """Bring the sales up to date, and print the report."""
        with self.board.step(f"daily_sales as of {as_of}") as step:
            done = partial(sales_done, self.lake, self.catalog, as_of)
            if done():
                step.detail = "nothing new"
            else:
                yield from self.runs.finish("daily_sales", step, done, {"as_of": as_of.isoformat()})
        show_sales(self.board.console, self.lake, self.catalog, as_of)


def _teller(step: Step) -> Callable[[str], None]:
    def tell(text: str) -> None:
        """Show the text beside the step."""
        step.detail = text

    return tell


def show_addresses(console: Console, catalog: str, places: InstancePaths, board: Board) -> None:
    """Print how long it took, and where to look."""
    secret_values = instance_secrets(places.home)
    minutes = (time.monotonic() - board.started) / 60
    lines = (
        f"{minutes:.1f} minutes. Tables: {places.home / 'lake' / catalog}",
        f"Airflow: http://127.0.0.1:{places.airflow_port}  user {USER}  password {secret_values['password']}",
        f"MLflow:  http://127.0.0.1:{places.mlflow_port}  user {USER}  password {secret_values['mlflow']}",
        "Everything stays up until: make down",
    )
    console.print()
    for line in lines:
        console.print(verbatim(line), soft_wrap=True)
