"""Offers: a small shop as an engine knows it and as a lake holds it, records of one line, deliveries of events."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from basketry.config.settings import CHECKOUT
from basketry.domains.offers.batch_tables import MicroBatch
from basketry.domains.offers.engine import Engine
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.outcomes import BatchOutcome
from basketry.domains.offers.policy import BESIDE, DISCOUNT, Uniform
from basketry.domains.offers.policy_learning import Examples
from basketry.domains.offers.recommender import PurchaseMatrix
from basketry.domains.offers.records import DAY, Records
from basketry.domains.offers.settings import OfferSettings, load_settings
from basketry.domains.offers.shop import Assortment, PopularProducts, ShopperKnowledge
from basketry.tables import CUSTOMERS, ORDER_LINES, PRODUCTS, Table
from tests.kit.changed import changed
from tests.kit.lake import a_lake, put
from tests.kit.rows import Row, customer, order_line, product
from tools.demo.offer_shoppers import ShopperWorld, Showings
from tools.demo.offer_simulation import blurred_knowledge, popular_from_views

if TYPE_CHECKING:
    import pandas as pd
    import pytest

    from basketry.domains.offers.batch_function import BatchFunction
    from basketry.domains.offers.stream import OfferStream
    from basketry.lake.lakehouse import Lakehouse

NOON = 1_767_225_600.0 + DAY / 2  # 2026-01-01 12:00 UTC
MINUTE = 60.0
EXPLORED_DAYS = 4


def settings(**changes: object) -> OfferSettings:
    """What is shipped, with changes."""
    return changed(load_settings(CHECKOUT / "include"), **changes)


def shop(categories: int = 12, products: int = 15) -> Assortment:
    """So many products in each category; all in stock, all with a margin."""
    random, count = np.random.default_rng(5), categories * products
    price = np.round(random.uniform(2, 20, count), 2)
    return Assortment(
        products=tuple(f"P{number:04}" for number in range(count)),
        categories=tuple(f"C{number:02}" for number in range(categories)),
        category=np.repeat(np.arange(categories), products),
        price=price,
        cost=price * random.uniform(0.5, 0.8, count),
        units=np.full(count, 100.0),
    )


def shoppers(count: int) -> list[str]:
    """Names."""
    return [f"s{number:03}" for number in range(count)]


def world(count: int = 40, days: int = 2, seed: int = 11) -> ShopperWorld:
    """A world that begins at midnight before NOON."""
    return ShopperWorld.create(shop(), shoppers(count), days=days, start=NOON - DAY / 2, seed=seed)


def engine(chosen: OfferSettings | None = None, **parts: object) -> Engine:
    """An engine to whom nothing has happened. parts: shop, knowledge, popular, memory."""
    chosen = chosen or settings()
    of = world()
    defaults: dict[str, object] = {
        "shop": of.shop,
        "knowledge": blurred_knowledge(of, chosen),
        "popular": popular_from_views(of.shop, of.activity(0).products),
        "memory": Memory.empty(of.shop.categories, of.shop.products, chosen),
    }
    return Engine(settings=chosen, **(defaults | parts))  # type: ignore[arg-type]


def nobody(of: Assortment, width: int = 12) -> ShopperKnowledge:
    """Nothing is known of anyone."""
    zeros = np.zeros((1, width))
    return ShopperKnowledge(
        shoppers=(),
        recommended=np.full((1, width), -1),
        scores=zeros,
        propensity=np.zeros((1, len(of.categories))),
        opted_out=frozenset(),
        bought=np.zeros((0, 3), dtype=np.int64),
    )


def only(of: Assortment, *products: int) -> PopularProducts:
    """Exactly these products are popular, everywhere."""
    row = np.full(max(8, len(products)), -1)
    row[: len(products)] = products
    return PopularProducts(np.tile(row, (len(of.categories) + 1, 1)))


def record(
    identity: str,
    kind: str = "view",
    shopper: str = "s001",
    product: str = "P0001",
    offer: str = "",
    minutes: float = 0.0,
    revenue: float = float("nan"),
    delivered: float | None = None,
    problem: str = "",
) -> Records:
    """One record, so many minutes after NOON, delivered a minute later unless told otherwise."""
    at = NOON + minutes * MINUTE
    when = at + MINUTE if delivered is None else NOON + delivered * MINUTE
    return Records(
        ids=[identity],
        kinds=[kind],
        shoppers=[shopper],
        products=[product],
        offers=[offer],
        at=np.array([at]),
        delivered=np.array([when]),
        day=np.array([0 if np.isnan(at) else int(at // DAY)]),
        revenue=np.array([revenue]),
        problem=[problem],
    )


def batch(rows: Sequence[Records]) -> Records:
    """Records in the order given."""
    values: dict[str, Any] = {
        name: np.concatenate([getattr(row, name) for row in rows])
        if isinstance(value, np.ndarray)
        else [text for row in rows for text in getattr(row, name)]
        for name, value in vars(rows[0]).items()
    }
    return replace(rows[0], **values)


class ExplorationLog:
    """Days of a shop that explored at random, as rows of gold.offer_training; and the true response rates."""

    def __init__(self, chosen: OfferSettings) -> None:
        self.world = ShopperWorld.create(shop(), shoppers(150), days=EXPLORED_DAYS, start=NOON - 43_200, seed=4)
        self.popular = popular_from_views(self.world.shop, self.world.activity(0).products)
        of = self.world.shop
        engine = Engine(
            shop=of,
            knowledge=blurred_knowledge(self.world, chosen),
            popular=self.popular,
            settings=chosen,
            memory=Memory.empty(of.categories, of.products, chosen),
            policy_factory=lambda *_: Uniform(),
        )
        parts = []
        for day in range(EXPLORED_DAYS):
            records = self.world.activity(day)
            outcome = engine.process(records, frozenset(), {})
            parts.append(self.rows(records, outcome))
        self.rows_of_training = pa.concat_tables(parts)

    def rows(self, records: Records, outcome: BatchOutcome) -> pa.Table:
        clicks = self.world.responses(Showings.from_outcome(records, outcome))
        clicked = {offer for offer, kind in zip(clicks.offers, clicks.kinds, strict=True) if kind == "offer_click"}
        batch = MicroBatch(
            table=pa.table({}),
            records=records,
            row_numbers=np.zeros(len(records), dtype=np.int64),
            outcome=outcome,
            shop=self.world.shop,
            name="b",
            popular_from="delta",
        )
        rows = batch.decisions()
        rows = rows.filter(pa.compute.equal(rows["slot"], 1))
        flags = [int(f"{name}/1" in clicked) for name in rows["decision_id"].to_pylist()]
        return rows.append_column("clicked", pa.array(flags))

    def popularity(self) -> dict[str, float]:
        ranked = self.popular.products[-1].tolist()
        return {self.world.shop.products[index]: float(len(ranked) - rank) for rank, index in enumerate(ranked)}

    def truth(self, examples: Examples, probabilities: np.ndarray) -> float:
        """Clicks a decision that a policy would really have had, at the mean appeal of a product."""
        who = np.array([self.world.shoppers.index(name) for name in examples.inputs.shoppers])[:, None]
        liking = self.world.taste[self.world.day_of(examples.inputs.at)[:, None], who, examples.inputs.category]
        seen = examples.inputs.features
        odds = -4.6 + 0.95 * liking + seen[..., BESIDE] + 2.0 * seen[..., DISCOUNT]
        chance = np.where(examples.inputs.eligible, np.exp(0.35**2 / 2) / (1 + np.exp(-odds)), 0)
        return float((probabilities[:, :-1] * chance).sum(axis=1).mean())


def two_tastes(shoppers: int = 60, seed: int = 1) -> PurchaseMatrix:
    """Shoppers who buy among products 0 to 19, and others who buy among 20 to 39."""
    random = np.random.default_rng(seed)
    rows = [
        (f"s{shopper:03}", f"p{(shopper % 2) * 20 + item:02}", 1 + int(random.integers(3)))
        for shopper in range(shoppers)
        for item in random.choice(20, 8, replace=False)
    ]
    return PurchaseMatrix.from_rows(*(list(column) for column in zip(*rows, strict=True)))


def fill(lake: Lakehouse, customers: int = 40) -> Lakehouse:
    """Products, customers and some orders of the day before NOON."""
    of, random = shop(), np.random.default_rng(2)
    put(lake, PRODUCTS, [_product(of, index) for index in range(len(of.products))])
    put(lake, CUSTOMERS, [customer(name) for name in shoppers(customers)])
    day = datetime.fromtimestamp(NOON, UTC).date() - timedelta(days=1)
    orders = [
        order_line(f"o{number}", str(slot), day, name, product=of.products[int(random.integers(len(of.products)))])
        for number, name in enumerate(shoppers(customers))
        for slot in range(3)
    ]
    put(lake, ORDER_LINES, orders)
    return lake


def _product(of: Assortment, index: int) -> Row:
    price, cost = (Decimal(str(round(float(amounts[index]), 2))) for amounts in (of.price, of.cost))
    category = of.categories[of.category[index]]
    return product(of.products[index], category, list_price=price, unit_cost=cost, units_available=100)


def another(lake: Lakehouse, home: Path, **edits: str) -> Lakehouse:
    """A lake in another home with the same silver tables. edits: lines of include/offers.yaml, by key."""
    include = home / "include"
    shutil.copytree(CHECKOUT / "include", include)
    text = (include / "offers.yaml").read_text()
    for key, value in edits.items():
        lines = [f"  {key}: {value}" if row.strip().startswith(f"{key}:") else row for row in text.splitlines()]
        text = "\n".join(lines) + "\n"
    (include / "offers.yaml").write_text(text)
    assert lake.settings.lake is not None
    source = lake.settings.lake / "demo" / "silver"
    if source.exists():
        shutil.copytree(source, home / "lake" / "demo" / "silver")
    return a_lake(lake.spark, home, include=include)


def opened(lake: Lakehouse) -> OfferStream:
    """The stream as a run that begins now opens it for its first batch."""
    from basketry.domains.offers import job

    return job.batch_function(lake, load_settings(lake.settings.include)).open(lake, "none")


def count_openings(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often from now on the memory is read from its table."""
    from basketry.domains.offers.batch_function import BatchFunction

    times, open_stream = Counter[str](), BatchFunction.open

    def counted(self: BatchFunction, lake: Lakehouse, checkpoint: str) -> OfferStream:
        times["opened"] += 1
        return open_stream(self, lake, checkpoint)

    monkeypatch.setattr(BatchFunction, "open", counted)
    return times


def deliver(lake: Lakehouse, name: str, lines: Sequence[str], at: float) -> None:
    """Put a file of events into the landing folder, as delivered at a time."""
    from basketry.domains.offers.messages import FEED

    folder = lake.settings.landing_folder("demo", FEED)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.part"
    part.write_text("".join(f"{line}\n" for line in lines))
    os.utime(part, (at, at))
    part.rename(folder / name)


def rows(lake: Lakehouse, table: Table, *without: str) -> pd.DataFrame:
    """The rows in the order of the key, without some columns."""
    frame: pd.DataFrame = lake.read(table).drop(*without).toArrow().to_pandas()
    return frame.sort_values([name for name in table.key if name in frame], ignore_index=True)
