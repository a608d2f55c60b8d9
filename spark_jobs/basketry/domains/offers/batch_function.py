"""What Spark calls with each micro-batch: plain values, which open everything else where they are called.

On a cluster Spark calls it in the driver. Over Spark Connect, as on serverless compute, it is pickled and called in a Python
process beside the server: no session, memory or connection of the job is there, and nothing comes back from there but tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pyspark.sql import DataFrame
from threadpoolctl import threadpool_limits

from basketry.config.settings import Settings
from basketry.domains.offers import inputs
from basketry.domains.offers.cache import PopularityCache, connect_redis
from basketry.domains.offers.champion import PRIOR, ChampionPolicy
from basketry.domains.offers.engine import Engine
from basketry.domains.offers.forgotten import ForgottenShoppers
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.progress import Position, checkpoint_name, read_position
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Assortment
from basketry.domains.offers.stream import OfferStream
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.opening import open_lake
from basketry.tables import OFFER_STATE

STREAM = "offers"
"""The name of the checkpoint's folder, and the beginning of the query's."""


@dataclass(frozen=True, kw_only=True)
class BatchFunction:
    """Does a micro-batch, unless it was done before.

    Attributes:
        catalog: The catalog.
        settings: Settings of the run; secrets among them as the run was given them.
        offers: Settings of offers.
        time_zone: Time zone of the business day.
        champion: The version to go on from, None to go on from what decided last.
        input_versions: Names and Delta versions of the tables that decisions are made from.
    """

    catalog: str
    settings: Settings
    offers: OfferSettings
    time_zone: str
    champion: ChampionPolicy | None
    input_versions: tuple[tuple[str, int], ...]

    def __call__(self, rows: DataFrame, number: int) -> None:
        """Do it from the memory that the tables hold; a process keeps what it opened as long as the tables stand where it left."""
        lake = open_lake(rows.sparkSession, self.catalog, self.settings)
        checkpoint = checkpoint_name(self.settings.checkpoint_folder(self.catalog, STREAM))
        position = read_position(lake)
        if position is not None and position.checkpoint == checkpoint and number <= position.number:
            return
        # Decisions are many small products of matrices: threads that wait for one another cost three times the work.
        with threadpool_limits(1, "blas"):
            stream = _take_kept(self, position)
            if stream is None:
                stream = self.open(lake, checkpoint)
            stream.lake.spark = rows.sparkSession  # each query of a cluster has a session of its own
            stream(rows, number)
        _kept.append(_Kept(self, Position(checkpoint, number), stream))

    def open(self, lake: Lakehouse, checkpoint: str) -> OfferStream:
        """Open the stream where it stands.

        Args:
            lake: The tables of the catalog.
            checkpoint: Name of the checkpoint.

        Raises:
            BadInputError: Products or customers were never ingested.
        """
        shop = inputs.read_assortment(lake)
        memory = self._read_memory(lake, shop)
        popular = PopularityCache(
            lake.catalog,
            shop,
            inputs.read_popular(lake, shop),
            connect_redis(lake.settings.resolve_secret(lake.settings.redis_url)),
        )
        engine = Engine(
            shop=shop,
            knowledge=inputs.read_knowledge(lake, shop, self.offers),
            popular=popular.stored,
            settings=self.offers,
            memory=memory,
            version=memory.version or PRIOR,
        )
        return OfferStream(
            lake=lake,
            engine=engine,
            popular=popular,
            forgotten=ForgottenShoppers(lake),
            time_zone=self.time_zone,
            checkpoint=checkpoint,
        )

    def _read_memory(self, lake: Lakehouse, shop: Assortment) -> Memory:
        """Read the stored memory, which goes on from the champion if that is another version than before."""
        stored = lake.read_filtered(OFFER_STATE, ["content"], {}, {}).to_pylist() if lake.exists(OFFER_STATE) else []
        if stored:
            memory = Memory.from_bytes(stored[0]["content"], shop.categories, shop.products, self.offers)
        else:
            memory = Memory.empty(shop.categories, shop.products, self.offers)
        if self.champion is not None and self.champion.version != memory.version:
            learned = self.champion.learned.posterior_over(memory.categories, self.offers)
            memory.learned, memory.live, memory.version = learned, learned, self.champion.version
        return memory


class _Kept(NamedTuple):
    """What a process opened: for whom, and where the tables stood when its last batch was written."""

    function: BatchFunction
    position: Position
    stream: OfferStream


_kept: list[_Kept] = []
"""One at most; none while a batch is at work, so that nothing is kept of one that was cut off."""


def _take_kept(function: BatchFunction, position: Position | None) -> OfferStream | None:
    """Return what the same function left in this process, if nobody has written since."""
    kept = _kept.pop() if _kept else None
    return kept.stream if kept is not None and (kept.function, kept.position) == (function, position) else None
