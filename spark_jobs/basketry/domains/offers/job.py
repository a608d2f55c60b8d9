"""Runs the stream: what is waiting is decided, then how offers perform is brought up to date."""

from __future__ import annotations

import logging

from pyspark.sql import DataFrame
from threadpoolctl import threadpool_limits

from basketry import registry
from basketry.config.catalogs import load_catalog
from basketry.domains.offers import aggregates, inputs, tracking
from basketry.domains.offers.cache import PopularityCache, connect_redis
from basketry.domains.offers.engine import Engine
from basketry.domains.offers.forgotten import ForgottenShoppers
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.messages import message_stream
from basketry.domains.offers.recommend import ensure_popular
from basketry.domains.offers.settings import OfferSettings, load_settings
from basketry.domains.offers.shop import EPOCH, Assortment
from basketry.domains.offers.stream import OfferStream, dates_of
from basketry.errors import BadInputError
from basketry.jobs.offers import OffersArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning.versions import champion_version
from basketry.registry.models import OFFER_POLICY_MODEL
from basketry.tables import CUSTOMERS, OFFER_STATE, PRODUCTS

log = logging.getLogger(__name__)

_SECONDS_BETWEEN = 10
PRIOR = "prior"
"""The version before any was promoted: what include/offers.yaml believes, and what was learned since."""
STREAM = "offers"


def run(lake: Lakehouse, arguments: OffersArguments) -> JobReport:
    """Decide what is waiting and end, or with --continuous go on for ever.

    Raises:
        BadInputError: A dry run is asked for, or products or customers were never ingested.
    """
    if arguments.dry_run:
        raise BadInputError(
            "offers has no dry run: a decision that was made counts. Try a copy of the catalog instead."
        )
    # Decisions are many small products of matrices: threads that wait for one another cost three times the work.
    with threadpool_limits(1, "blas"):
        return _run(lake, arguments)


def _run(lake: Lakehouse, arguments: OffersArguments) -> JobReport:
    settings = load_settings(lake.settings.include)
    stream = open_stream(lake, settings)
    messages = message_stream(lake, settings)
    trigger = {"processingTime": f"{_SECONDS_BETWEEN} seconds"} if arguments.continuous else {"availableNow": True}

    def process_batch(rows: DataFrame, number: int) -> None:
        """Do one micro-batch; a stream that never ends brings its aggregates up to date at once."""
        stream(rows, number)
        if arguments.continuous:
            update_aggregates(stream, settings)

    writer = messages.writeStream.queryName(f"{STREAM}-{lake.catalog}").foreachBatch(process_batch)
    query = writer.option("checkpointLocation", str(stream.checkpoint)).trigger(**trigger).start()
    query.awaitTermination()
    return stream_report(stream, update_aggregates(stream, settings))


def open_stream(lake: Lakehouse, settings: OfferSettings) -> OfferStream:
    """Open the stream where it stands.

    Raises:
        BadInputError: Products or customers were never ingested.
    """
    inputs.require_tables(lake, (PRODUCTS, CUSTOMERS))
    shop = inputs.read_assortment(lake)
    ensure_popular(lake)
    memory, stored_by, number = _read_memory(lake, shop, settings)
    popular = PopularityCache(
        lake.catalog,
        shop,
        inputs.read_popular(lake, shop),
        connect_redis(lake.settings.resolve_secret(lake.settings.redis_url)),
    )
    version = _adopt_champion(lake, memory, settings)
    engine = Engine(
        shop=shop,
        knowledge=inputs.read_knowledge(lake, shop, settings),
        popular=popular.stored,
        settings=settings,
        memory=memory,
        version=version,
    )
    stream = OfferStream(
        lake=lake,
        engine=engine,
        popular=popular,
        forgotten=ForgottenShoppers(lake),
        time_zone=load_catalog(lake.catalog, lake.settings.include).time_zone,
        checkpoint=lake.settings.checkpoint_folder(lake.catalog, STREAM),
    )
    stream.resume(stored_by, number)
    stream.days |= {(day - EPOCH).days for day in aggregates.missed_days(lake)}
    return stream


def _read_memory(lake: Lakehouse, shop: Assortment, settings: OfferSettings) -> tuple[Memory, str | None, int]:
    """Read the stored memory, the checkpoint that stored it (None for no memory) and the number of its batch."""
    rows = lake.read(OFFER_STATE).collect() if lake.exists(OFFER_STATE) else []
    if not rows:
        return Memory.empty(shop.categories, shop.products, settings), None, -1
    memory = Memory.from_bytes(bytes(rows[0].content), shop.categories, shop.products, settings)
    return memory, rows[0].checkpoint, rows[0].number


def _adopt_champion(lake: Lakehouse, memory: Memory, settings: OfferSettings) -> str:
    """Go on from what the champion learned if it is another one than before; returns the version that decides.

    Without an answer from the registry, or without a champion, what decided last goes on deciding and learning.

    Raises:
        UntrustedModelError: The champion is not what was promoted.
    """
    before = memory.version or PRIOR
    try:
        number = champion_version(lake, OFFER_POLICY_MODEL)
        if number is None or number == memory.version:
            return before
        learned = tracking.LOADER.load(lake, number).learned.posterior_over(memory.categories, settings)
    except (registry.RegistryDownError, registry.ModelGoneError) as error:
        problem = error.message if isinstance(error, BadInputError) else error
        log.warning("%s; version %s goes on deciding.", problem, before)
        return before
    memory.learned, memory.live, memory.version = learned, learned, number
    return number


def update_aggregates(stream: OfferStream, settings: OfferSettings) -> int:
    """Bring what is made from decisions up to date; returns how many rows were added for training."""
    if not stream.days:
        return 0
    newest = stream.engine.memory.newest
    training_rows = aggregates.append_training_rows(stream.lake, settings, newest)
    # Last: it tells the next run that this one was not cut off.
    aggregates.refresh_aggregates(stream.lake, dates_of(stream.days), newest)
    stream.days.clear()
    return training_rows


def stream_report(stream: OfferStream, training_rows: int) -> JobReport:
    """Report what the run did, in numbers.

    Args:
        stream: The stream at its end.
        training_rows: Rows that were added for training.
    """
    totals = stream.totals
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
        input_versions=inputs.offer_input_versions(stream.lake),
        details={**totals, "training_rows": training_rows},
        model_version=stream.engine.version,
    )
