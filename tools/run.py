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
from tools import shoppers, summary
from tools.airflow_client import AirflowClient
from tools.deliver import check_catalog, deliver_catalog, environment_of_demo, new_files, yesterday
from tools.environment import InstancePaths, scheduled_catalog
from tools.problem import Problem
from tools.progress import Board, Step
from tools.services import USER, finish_start, instance_secrets, start_servers
from tools.setup import prepare
from tools.task_errors import failure_sentence
from tools.terminal import verbatim

DAGS = {"ingest", "replay_quarantine", "daily_sales", "offers"}
_LATER = {"daily_sales", "offers"}
"""Their schedules would find nothing to work on before the files are loaded."""
RUN_SECONDS = 3600.0


def run_command(arguments: list[str]) -> int:
    """Set up, start, deliver and load; returns 0, or raises a Problem that says what to do."""
    catalog = _arguments(arguments).data
    places = InstancePaths.from_environment()
    os.environ.update({"BASKETRY_HOME": str(places.home)})
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=140)
    try:
        check_catalog(catalog)
        with only_run(places.home), Board(console) as board:
            as_of = _Run(catalog, places, board).all_steps()
        show(console=console, catalog=catalog, places=places, board=board, as_of=as_of)
    except BasketryError as error:
        raise Problem(getattr(error, "message", str(error))) from None
    return 0


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--data", default=os.environ.get("DATA") or "demo", help="the catalog, default demo")
    parser.add_argument("--scale", help="size of the demo, 1 gives about 350,000 order lines")
    options = parser.parse_args(words)
    if options.scale:
        os.environ["SCALE"] = options.scale
    return options


@contextmanager
def only_run(home: Path) -> Iterator[None]:
    """Hold the home for this run.

    Raises:
        Problem: Another run holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
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

    def all_steps(self) -> date | None:
        """Take all steps; returns the as-of date of the sales, None when no order line was ever loaded."""
        with self.board.step("Java and Spark") as step:
            env = prepare(self.places, _teller(step))
        with self.board.step("MLflow and Airflow start") as step:
            airflow_env = start_servers(self.places, env, _teller(step))
            step.detail = ""
        with self.board.step(f"Files of {self.catalog} delivered") as step:
            end = deliver_catalog(self.catalog, self.settings, environment_of_demo(), _teller(step))
        with self.board.step("Airflow answers") as step:
            finish_start(self.places, airflow_env, _teller(step))
            self.client = self._connect()
            step.detail = self.client.address
        self._ingest()
        as_of = end or summary.last_day(self.lake, self.catalog)
        if as_of is not None:
            as_of = min(as_of, yesterday(self.catalog))
            self._sales(as_of)
        if end is not None:
            self._offers(end)
        return as_of

    def _connect(self) -> AirflowClient:
        password = instance_secrets(self.places.home)["password"]
        client = AirflowClient(f"http://127.0.0.1:{self.places.airflow_port}", USER, password)
        client.wait_for_dags(DAGS, seconds=120)
        for dag in sorted(DAGS - _LATER):
            client.unpause(dag)
        return client

    def _ingest(self) -> None:
        waiting = new_files(self.catalog, self.settings, summary.loaded_files(self.lake, self.catalog))
        if not waiting:
            with self.board.step("ingest") as step:
                step.detail = "no new files"
            return
        files = sum(waiting.values())
        counted = "1 file" if files == 1 else f"{files} files"
        with self.board.step(f"ingest of {', '.join(waiting)} ({counted})") as step:
            self._whole_run("ingest", step, feed=EVERY_FEED, files="*", delivered_by="make run")

    def _sales(self, as_of: date) -> None:
        with self.board.step(f"daily_sales as of {as_of}") as step:
            if summary.sales_done(self.lake, self.catalog, as_of):
                step.detail = "nothing new"
                return
            done = partial(summary.sales_done, self.lake, self.catalog, as_of)
            self._scheduled_run("daily_sales", step, done, as_of=as_of.isoformat())

    def _offers(self, day: date) -> None:
        """Let simulated shoppers act and respond, with a run of the stream after each.

        Its schedule stays off: nobody else will come.
        """
        landing = self.settings.landing_folder(self.catalog, "offer_events")
        rounds = (("act", shoppers.look_around), ("respond to offers", shoppers.respond))
        for what, deliver in rounds:
            with self.board.step(f"Simulated shoppers {what}") as step:
                step.detail = "nothing new"
                deliver(self.lake, landing, self.catalog, day)
                if events := shoppers.waiting(self.lake, landing, self.catalog):
                    self._scheduled_run("offers", step, lambda: not shoppers.waiting(self.lake, landing, self.catalog))
                    self.client.pause("offers")
                    step.detail = f"{events:,} events"

    def _scheduled_run(self, dag: str, step: Step, done: Callable[[], bool], **conf: str) -> None:
        """Unpause a DAG; the run that its schedule is due for may do all that is to be done, else one by hand does."""
        due = self.client.unpause_due(dag)
        if due is not None and self.catalog == scheduled_catalog():
            self._followed(dag, due, step)
        if not done():
            self._whole_run(dag, step, **conf)

    def _whole_run(self, dag: str, step: Step, **conf: str) -> None:
        run = self.client.trigger(dag, {"catalog": self.catalog, **conf})
        if self._followed(dag, run, step) == "failed":
            raise Problem(failure_sentence(self.client, dag, run, self.places.home))

    def _followed(self, dag: str, run: str, step: Step) -> str:
        def tell() -> None:
            """Show which task runs now."""
            step.detail = self._now_running(dag, run)

        state = self.client.wait(dag, run, RUN_SECONDS, tell)
        step.detail = ""
        return state

    def _now_running(self, dag: str, run: str) -> str:
        return ", ".join(task["task_id"] for task in self.client.tasks(dag, run) if task["state"] == "running")


def _teller(step: Step) -> Callable[[str], None]:
    def tell(text: str) -> None:
        """Show the text beside the step."""
        step.detail = text

    return tell


def show(console: Console, catalog: str, places: InstancePaths, board: Board, as_of: date | None) -> None:
    """Print the summary: rows, best sellers, time, and where to look."""
    lake = places.home / "lake"
    console.print()
    summary.show_files(console, lake, catalog)
    if as_of is not None:
        console.print()
        summary.show_sales(console, lake, catalog, as_of)
    summary.show_offers(console, lake, catalog)
    password = instance_secrets(places.home)["password"]
    minutes = (time.monotonic() - board.started) / 60
    lines = (
        f"{minutes:.1f} minutes. Tables: {lake / catalog}",
        f"Airflow: http://127.0.0.1:{places.airflow_port}  user {USER}  password {password}",
        f"MLflow:  http://127.0.0.1:{places.mlflow_port}  Everything stays up until: make down",
    )
    console.print()
    for line in lines:
        console.print(verbatim(line), soft_wrap=True)
