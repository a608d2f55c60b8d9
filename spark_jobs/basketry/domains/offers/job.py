"""Runs the stream: what is waiting is decided, then how offers perform is brought up to date."""

from __future__ import annotations

import argparse
import logging

from pyspark.sql import DataFrame
from threadpoolctl import threadpool_limits

from basketry import registry
from basketry.config.catalogs import load_catalog
from basketry.domains.offers import aggregates, cache, incoming, read, recommend, tracking
from basketry.domains.offers.cache import PopularProducts
from basketry.domains.offers.engine import Engine
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.settings import OfferSettings, load_settings
from basketry.domains.offers.shop import EPOCH, Assortment
from basketry.domains.offers.stream import Stream, days_of
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.tables import CUSTOMERS, OFFER_STATE, PRODUCTS

log = logging.getLogger(__name__)

_SECONDS_BETWEEN = 10
PRIOR = "prior"
"""The version before any was promoted: what include/offers.yaml believes, and what was learned since."""
STREAM = "offers"


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Decide what is waiting and end, or with --continuous go on for ever."""
    if arguments.dry_run:
        raise BadInputError(
            "offers has no dry run: a decision that was made counts. Try a copy of the catalog instead."
        )
    # Decisions are many small products of matrices: threads that wait for one another cost three times the work.
    with threadpool_limits(1, "blas"):
        return _run(lake, arguments)


def _run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    settings = load_settings(lake.settings.include)
    stream = opened(lake, settings)
    frame = incoming.stream(lake, settings)
    trigger = {"processingTime": f"{_SECONDS_BETWEEN} seconds"} if arguments.continuous else {"availableNow": True}

    def batch(rows: DataFrame, number: int) -> None:
        """One micro-batch; a stream that never ends brings its aggregates up to date at once."""
        stream(rows, number)
        if arguments.continuous:
            settled(stream, settings)

    writer = frame.writeStream.queryName(f"{STREAM}-{lake.catalog}").foreachBatch(batch)
    query = writer.option("checkpointLocation", str(stream.checkpoint)).trigger(**trigger).start()
    query.awaitTermination()
    kept = settled(stream, settings)
    return report(stream, kept)


def opened(lake: Lakehouse, settings: OfferSettings) -> Stream:
    """The stream where it stands; BadInputError when products or customers were never ingested."""
    read.needed(lake, (PRODUCTS, CUSTOMERS))
    shop = read.assortment(lake)
    recommend.ensure_popular(lake)
    memory, stored_by, number = _memory(lake, shop, settings)
    popular = PopularProducts(lake.catalog, shop, read.popular(lake, shop), cache.connect(lake.settings.redis_url))
    version = _adopt_champion(lake, memory, settings)
    engine = Engine(shop, read.knowledge(lake, shop, settings), popular.stored, settings, memory, version)
    zone = load_catalog(lake.catalog, lake.settings.include).time_zone
    stream = Stream(lake, engine, popular, zone, lake.settings.checkpoint_folder(lake.catalog, STREAM))
    stream.resume(stored_by, number)
    stream.days |= {(day - EPOCH).days for day in aggregates.missed_days(lake)}
    return stream


def _memory(lake: Lakehouse, shop: Assortment, settings: OfferSettings) -> tuple[Memory, str | None, int]:
    rows = lake.read(OFFER_STATE).collect() if lake.exists(OFFER_STATE) else []
    if not rows:
        return Memory.empty(shop.categories, shop.products, settings), None, -1
    memory = Memory.from_bytes(bytes(rows[0].content), shop.categories, shop.products, settings)
    return memory, rows[0].checkpoint, rows[0].number


def _adopt_champion(lake: Lakehouse, memory: Memory, settings: OfferSettings) -> str:
    """Go on from what the champion learned if it is another than before; returns the version that decides.

    Without an answer from the registry, or without a champion, what decided last goes on deciding and learning.
    """
    before = memory.version or PRIOR
    name = tracking.registered(lake)
    try:
        number = registry.alias_version(name, registry.CHAMPION)
        if number is None or number == memory.version:
            return before
        learned = tracking.load(name, number).learned.over(memory.categories, settings)
    except (registry.RegistryDownError, registry.ModelGoneError) as error:
        log.warning(
            "%s; version %s goes on deciding.", error.message if isinstance(error, BadInputError) else error, before
        )
        return before
    memory.learned, memory.live, memory.version = learned, learned, number
    return number


def settled(stream: Stream, settings: OfferSettings) -> int:
    """Bring what is made from decisions up to date; returns how many rows training got."""
    if not stream.days:
        return 0
    newest = stream.engine.memory.newest
    kept = aggregates.keep_training_rows(stream.lake, settings, newest)
    aggregates.refresh(
        stream.lake, days_of(stream.days), newest
    )  # last: it tells the next run that this one was not cut off
    stream.days.clear()
    return kept


def report(stream: Stream, kept: int) -> JobReport:
    """What the run did, in numbers."""
    found = stream.totals
    fates = ("good", "late", "repeated", "duplicates", "quarantined")
    lines = [
        f"{found['records']:,} events = " + " + ".join(f"{found[name]:,} {name}" for name in fates),
        f"{found['decided']:,} decided, {found['shown']:,} offers shown, {found['responses']:,} responses",
        f"{kept:,} decisions added to the training table",
    ]
    if found["degraded"]:
        lines.append(
            f"{found['degraded']:,} decided while redis did not answer: see that it runs where BASKETRY_REDIS_URL says"
        )
    return JobReport(
        found["records"],
        found["good"] + found["decided"],
        tuple(lines),
        input_versions=read.versions(stream.lake),
        details={**found, "training_rows": kept},
        model_version=stream.engine.version,
    )
