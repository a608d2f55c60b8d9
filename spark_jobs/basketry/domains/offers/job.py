"""Runs the stream: what is waiting is decided, then how offers perform is brought up to date.

Every run decides what waits and ends (the trigger availableNow, the only one that serverless compute allows). One that goes on
for ever is such runs in turn: each takes products, settings and the champion as they are by then, on every kind of compute.
"""

from __future__ import annotations

import time
from datetime import date

from basketry.config.catalogs import load_catalog
from basketry.config.settings import is_serverless
from basketry.domains.offers import aggregates, inputs
from basketry.domains.offers.batch_function import STREAM, BatchFunction
from basketry.domains.offers.champion import PRIOR, new_champion
from basketry.domains.offers.messages import message_stream
from basketry.domains.offers.progress import Progress, progress_since, read_position
from basketry.domains.offers.recommend import ensure_popular
from basketry.domains.offers.settings import OfferSettings, load_settings
from basketry.errors import BadInputError
from basketry.jobs.offers import OffersArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.tables import CUSTOMERS, PRODUCTS

_SECONDS_BETWEEN = 10
"""How long a run that goes on for ever rests: an event waits for so long at most, and a look at an empty folder has its price."""


def run(lake: Lakehouse, arguments: OffersArguments) -> JobReport:
    """Decide what is waiting and end, or with --continuous go on for ever.

    Raises:
        BadInputError: A dry run is asked for, or one without an end on serverless compute; products or customers were never
            ingested.
    """
    if arguments.dry_run:
        raise BadInputError(
            "offers has no dry run: a decision that was made counts. Try a copy of the catalog instead."
        )
    if arguments.continuous and is_serverless():
        raise BadInputError(
            "offers does not take --continuous on serverless compute: leave it out, and let a continuous job start the run again."
        )
    report = decide_waiting(lake)
    while arguments.continuous:
        time.sleep(_SECONDS_BETWEEN)
        report = decide_waiting(lake)
    return report


def decide_waiting(lake: Lakehouse) -> JobReport:
    """Decide what is waiting, and bring up to date what is made from decisions.

    Raises:
        BadInputError: Products or customers were never ingested.
    """
    settings = load_settings(lake.settings.include)
    function = batch_function(lake, settings)
    before = read_position(lake)
    missed = aggregates.missed_days(lake)
    do_batches(lake, function)
    progress = progress_since(lake, before)
    training_rows = _update_aggregates(lake, settings, progress, sorted(progress.days.union(missed)))
    return _report(function, progress, training_rows)


def do_batches(lake: Lakehouse, function: BatchFunction) -> None:
    """Read the messages that are there now, a micro-batch after the other."""
    messages = message_stream(lake, function.offers)
    writer = messages.writeStream.queryName(f"{STREAM}-{lake.catalog}").foreachBatch(function)
    checkpoint = lake.settings.checkpoint_folder(lake.catalog, STREAM)
    writer.option("checkpointLocation", str(checkpoint)).trigger(availableNow=True).start().awaitTermination()


def batch_function(lake: Lakehouse, settings: OfferSettings) -> BatchFunction:
    """Return what does each micro-batch of a run that begins now.

    Raises:
        BadInputError: Products or customers were never ingested, or a secret has no value.
        UntrustedModelError: The champion is not what was promoted.
    """
    inputs.require_tables(lake, (PRODUCTS, CUSTOMERS))
    lake.settings.resolve_secret(lake.settings.redis_url)  # here the problem is one sentence, in the batch a traceback
    ensure_popular(lake)
    decided_last = progress_since(lake, read_position(lake)).version
    return BatchFunction(
        catalog=lake.catalog,
        settings=lake.settings,
        offers=settings,
        time_zone=load_catalog(lake.catalog, lake.settings.include).time_zone,
        champion=new_champion(lake, decided_last or PRIOR),
        input_versions=tuple(inputs.offer_input_versions(lake).items()),
    )


def _update_aggregates(lake: Lakehouse, settings: OfferSettings, progress: Progress, days: list[date]) -> int:
    """Bring what is made from decisions up to date; returns how many rows were added for training."""
    if not days or progress.newest is None:
        return 0
    training_rows = aggregates.append_training_rows(lake, settings, progress.newest)
    # Last: it tells the next run that this one was not cut off.
    aggregates.refresh_aggregates(lake, days, progress.newest)
    return training_rows


def _report(function: BatchFunction, progress: Progress, training_rows: int) -> JobReport:
    """Report what the run did, in numbers."""
    totals = progress.totals
    fates = ("good", "late", "repeated", "duplicates", "quarantined")
    lines = [
        f"{totals['records']:,} events = " + " + ".join(f"{totals[name]:,} {name}" for name in fates),
        f"{totals['decided']:,} decided, {totals['shown']:,} offers shown, {totals['responses']:,} responses",
        f"{training_rows:,} decisions added to the training table",
    ]
    if totals["degraded"]:
        lines.append(
            f"{totals['degraded']:,} decided while redis did not answer: see that it runs where BASKETRY_REDIS_URL says"
        )
    return JobReport(
        rows_in=totals["records"],
        rows_out=totals["good"] + totals["decided"],
        summary=tuple(lines),
        input_versions=dict(function.input_versions),
        details={**totals, "training_rows": training_rows},
        model_version=function.champion.version if function.champion else progress.version or PRIOR,
    )
