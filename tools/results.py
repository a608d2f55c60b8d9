"""What comes after the sales report, side by side: the models' day, the audience of the week, offers to shoppers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from basketry.config.settings import Settings
from basketry.jobs.forecast import DECIDE_PRODUCTS
from basketry.jobs.marketing import AUDIENCE, EXPORT_AUDIENCE
from basketry.jobs.propensity import SCORE_PROPENSITY
from basketry.jobs.rfm import RFM
from basketry.registry import registered_name
from basketry.registry.models import FORECAST_MODEL, PROPENSITY_MODEL, RFM_MODEL
from tools import shoppers
from tools.dag_runs import DagRuns, Waits, in_background
from tools.progress import Board
from tools.show.marketing import show_callable, show_offers
from tools.show.models import show_buyers, show_decisions, show_segments
from tools.show.tables import job_done, scoring_versions
from tools.task_errors import FailedRun
from tools.terminal import verbatim

NOTHING_NEW = "nothing new"
BY_HAND = ("bootstrap", "ingest", "replay_quarantine")
"""DAGs without a schedule: they are on from the start, so that a person may start them too."""
DAYS_AHEAD = 7
"""An audience says who may be called on so many days."""
SHOWN_BY = {
    RFM.name: (RFM_MODEL, show_segments),
    DECIDE_PRODUCTS.name: (FORECAST_MODEL, show_decisions),
    SCORE_PROPENSITY.name: (PROPENSITY_MODEL, show_buyers),
}
"""By the job, which is called like its task: whose champion it needs, and what prints its result."""


@dataclass(frozen=True)
class Results:
    """The results of a day.

    Attributes:
        runs: Starts and follows the runs.
        board: Shows the steps.
        settings: Where the landing folders are.
        as_of: The day.
    """

    runs: DagRuns
    board: Board
    settings: Settings
    as_of: date

    def branches(self, sales: Waits[None]) -> list[Iterator[None]]:
        """Return what may run side by side: one by one the sales and what is small, and the models' long chain of tasks.

        More at once would only take the models' turns away. Simulated shoppers come to the demo alone.
        """
        return [self._one_by_one(sales), self._as_far_as_the_data_go(self._models())]

    def _one_by_one(self, sales: Waits[None]) -> Waits[None]:
        yield from sales
        yield from self._as_far_as_the_data_go(self._audience())
        if self.runs.catalog == "demo":
            yield from self._offers()

    @property
    def _where(self) -> tuple[Path, str]:
        return self.runs.home / "lake", self.runs.catalog

    def _as_far_as_the_data_go(self, branch: Iterator[None]) -> Waits[None]:
        """Print what a retailer's own files do not suffice for; of the demo, which is made for it, that is an error."""
        try:
            yield from branch
        except FailedRun as failed:
            if not failed.is_bad_input or self.runs.catalog == "demo":
                raise
            self.board.console.print()
            self.board.console.print(verbatim(failed), soft_wrap=True)

    def _models(self) -> Waits[None]:
        """Score the day: by the first models of bootstrap, or where each has its verdict by a day's scoring."""
        lake, catalog = self._where
        show = {job: partial(show, self.board.console, lake, catalog) for job, (_, show) in SHOWN_BY.items()}
        if not self._all_judged() or self.runs.is_active("bootstrap"):
            yield from self._result("bootstrap", self._all_judged, show)
            if self._scored():
                return
        yield from self._result("daily_scoring", self._scored, show)

    def _all_judged(self) -> bool:
        """Whether the gate has judged a first version of every model."""
        lake, catalog = self._where
        return {registered_name(catalog, model.name) for model, _ in SHOWN_BY.values()} <= set(
            scoring_versions(lake, catalog)
        )

    def _scored(self) -> bool:
        """Whether every model has scored the day, or was refused with none of its versions scoring yet."""
        lake, catalog = self._where
        judged = scoring_versions(lake, catalog)
        refused = {model for model, version in judged.items() if version is None}
        return all(
            registered_name(catalog, model.name) in refused or job_done(lake, catalog, job, self.as_of, self.as_of)
            for job, (model, _) in SHOWN_BY.items()
        )

    def _audience(self) -> Waits[None]:
        """Make the audience of the week; one of the last week says who may be called today, too."""
        lake, catalog = self._where
        first = self.as_of - timedelta(days=DAYS_AHEAD - 1)
        done = partial(job_done, lake, catalog, EXPORT_AUDIENCE.name, first, self.as_of)
        today = self.as_of + timedelta(days=1)
        show = {AUDIENCE.name: partial(show_callable, self.board.console, lake, catalog, today)}
        yield from self._result("weekly_marketing", done, show)

    def _result(self, dag: str, done: Callable[[], bool], show: Mapping[str, Callable[[], None]]) -> Waits[None]:
        """Let a DAG run unless all is done, and print what its tasks have made.

        Its schedule stays off: no files come by themselves.
        """
        conf = {"as_of": self.as_of.isoformat()}
        with self.board.step(f"{dag} as of {self.as_of}") as step:
            if not done() or self.runs.is_active(dag, conf):
                yield from self.runs.finish(dag, step, done, conf, show)
                if dag not in BY_HAND:
                    self.runs.client.pause(dag)
                return
            step.detail = NOTHING_NEW
        for print_result in show.values():
            print_result()

    def _offers(self) -> Waits[None]:
        """Let simulated shoppers act and respond, with a run of the stream after each.

        Its schedule stays off: nobody else will come.
        """
        lake, catalog = self._where
        landing = self.settings.landing_folder(catalog, "offer_events")
        rounds = (("act", shoppers.look_around), ("respond to offers", shoppers.respond))
        for what, deliver in rounds:
            with self.board.step(f"Simulated shoppers {what}") as step:
                step.detail = NOTHING_NEW
                yield from in_background(partial(deliver, lake, landing, catalog, self.as_of))
                events = shoppers.waiting(lake, landing, catalog)
                if events:
                    yield from self.runs.finish("offers", step, partial(self._all_read, landing), {})
                    self.runs.client.pause("offers")
                    step.detail = f"{events:,} events"
        show_offers(self.board.console, lake, catalog)

    def _all_read(self, landing: Path) -> bool:
        lake, catalog = self._where
        return not shoppers.waiting(lake, landing, catalog)
