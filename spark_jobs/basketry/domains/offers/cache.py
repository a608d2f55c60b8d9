"""Popular products at hand: from Redis where there is one, else from Delta. A Redis that is gone costs speed, nothing else."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from basketry.domains.offers.shop import NONE, Assortment, Ints, PopularProducts

if TYPE_CHECKING:
    import redis

log = logging.getLogger(__name__)

DELTA, REDIS, DEGRADED = "delta", "redis", "degraded"
_SECONDS = 0.5
"""What a decision may wait for the cache."""
_SECONDS_STORED = 3 * 7 * 86_400


def connect_redis(url: str) -> redis.Redis | None:
    """Create a client that connects only when it is used; None without a URL."""
    if not url:
        return None
    import redis

    return redis.Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS, decode_responses=True)


def _key(catalog: str, context: str) -> str:
    return f"basketry:{catalog}:popular:{context}"


def store_popular(client: redis.Redis, catalog: str, rows: Mapping[str, Sequence[str]]) -> None:
    """Put popular products into the cache.

    Args:
        client: Of Redis.
        catalog: Name of the catalog.
        rows: Products, best first, by context ('' for the whole shop).
    """
    with client.pipeline(transaction=True) as pipe:
        for context, products in rows.items():
            pipe.set(_key(catalog, context), json.dumps(list(products)), ex=_SECONDS_STORED)
        pipe.execute()


@dataclass
class PopularityCache:
    """What is popular now.

    Attributes:
        catalog: Name of the catalog.
        shop: The products.
        stored: Popular products from Delta, read when the run began.
        client: Of Redis, None where there is none.
    """

    catalog: str
    shop: Assortment
    stored: PopularProducts
    client: redis.Redis | None

    def current(self) -> PopularProducts:
        """Return popular products from Redis if possible, else from Delta.

        Their source is `delta` where there is no Redis, and `degraded` where it does not answer or has nothing.
        """
        if self.client is None:
            return self.stored
        import redis

        try:
            texts = self.client.mget([_key(self.catalog, context) for context in (*self.shop.categories, "")])
        except redis.RedisError as error:
            # Its text would show the address, which may hold a password.
            log.warning("redis does not answer (%s): popular products come from Delta.", type(error).__name__)
            return PopularProducts(self.stored.products, DEGRADED)
        if texts[-1] is None:
            return PopularProducts(self.stored.products, DEGRADED)
        return PopularProducts(np.stack([self._row(text) for text in texts]), REDIS)

    def _row(self, text: str | None) -> Ints:
        row = np.full(self.stored.products.shape[1], NONE, dtype=np.int64)
        names = json.loads(text)[: len(row)] if text else []
        row[: len(names)] = [self.shop.position.get(name, NONE) for name in names]
        return row
