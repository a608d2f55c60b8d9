"""What the stream must remember from one event to the next: arrays by shopper, what was learned, how far time has come.

Kept between micro-batches as one value, so that a batch that is done again begins exactly where it began before. Names
stand beside the numbers: products and categories may come and go between two runs.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from basketry.domains.offers.policy import NUMBERS, Posterior
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Floats, Ints

NEVER = -1_000_000
"""A day before all days."""
_GROWTH = 1_024
_BY_PRODUCT = ("product_shown", "product_clicked", "live_shown", "live_clicked")


@dataclass
class Memory:
    """shoppers: position of each; day: of the newest offer, and how many were shown that day, in all and by category.

    interest: fading weight of what was done, by category, as of interest_at (seconds). bought_*: last day of a purchase by
    shopper and product, sorted by `shopper * products + product`. learned: from all responses so far; live: what decides, as
    of the epoch; spent: discount granted, by offer. newest: greatest event time so far, in seconds.
    """

    categories: tuple[str, ...]
    products: tuple[str, ...]
    offers: tuple[str, ...]
    learned: Posterior
    live: Posterior
    spent: Floats
    spent_live: Floats
    version: str = ""
    epoch: int = NEVER
    newest: float = float(NEVER)
    shoppers: dict[str, int] = field(default_factory=dict)
    day: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    shown: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    shown_in: Ints = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    interest: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    interest_at: Floats = field(default_factory=lambda: np.zeros(0))
    product_shown: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    product_clicked: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    live_shown: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    live_clicked: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    pending: list[tuple[int, int, int, float]] = field(default_factory=list)
    bought_keys: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    bought_days: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @classmethod
    def empty(cls, categories: Sequence[str], products: Sequence[str], settings: OfferSettings) -> Memory:
        """Nothing happened yet."""
        prior = Posterior.prior(len(categories), settings)
        offers = tuple(offer.id for offer in settings.offers)
        nothing = np.zeros(len(offers))
        found = cls(tuple(categories), tuple(products), offers, prior, prior, nothing, nothing.copy())
        found.shown_in = np.zeros((0, len(categories)), dtype=np.int64)
        found.interest = np.zeros((0, len(categories)))
        for name in _BY_PRODUCT:
            setattr(found, name, np.zeros(len(products), dtype=np.int64))
        return found

    def appeal(self, settings: OfferSettings) -> Floats:
        """Response rate of each product over that of all products, as of the epoch; little evidence is drawn to 1."""
        shown, clicked = int(self.live_shown.sum()), int(self.live_clicked.sum())
        weight = settings.prior_weight
        overall = (clicked + weight * settings.prior_rate) / (shown + weight)
        return np.asarray((self.live_clicked + weight * overall) / (self.live_shown + weight) / overall)

    def enter(self, epoch: int, category: Ints) -> None:
        """A new epoch: from here on decide by all that was learned. category: of each product."""
        self.live, self.spent_live, self.epoch = self.learned, self.spent.copy(), epoch
        self.live_shown, self.live_clicked = self.product_shown.copy(), self.product_clicked.copy()
        for shopper, product, day, weight in self.pending:
            self.interest[shopper, category[product]] += weight
            if day > NEVER:
                self.note_bought(*(np.array([value], dtype=np.int64) for value in (shopper, product, day)))
        self.pending = []

    def places(self, names: Sequence[str]) -> Ints:
        """Positions of shoppers; who was never seen gets one."""
        known = self.shoppers
        found = np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)
        self._grow(len(known))
        return found

    def _grow(self, size: int) -> None:
        if size <= len(self.day):
            return
        more = max(size - len(self.day), _GROWTH)
        self.day = np.r_[self.day, np.full(more, NEVER, dtype=np.int64)]
        self.shown = np.r_[self.shown, np.zeros(more, dtype=np.int64)]
        self.shown_in = np.r_[self.shown_in, np.zeros((more, len(self.categories)), dtype=np.int64)]
        self.interest = np.r_[self.interest, np.zeros((more, len(self.categories)))]
        self.interest_at = np.r_[self.interest_at, np.zeros(more)]

    def note_bought(self, shoppers: Ints, products: Ints, days: Ints) -> None:
        """Remember purchases; the later of two of the same counts."""
        keys = np.r_[self.bought_keys, shoppers * len(self.products) + products]
        values = np.r_[self.bought_days, days]
        order = np.lexsort((values, keys))
        keys, values = keys[order], values[order]
        last = np.r_[keys[1:] != keys[:-1], True] if len(keys) else np.zeros(0, dtype=bool)
        self.bought_keys, self.bought_days = keys[last], values[last]

    def last_bought(self, shoppers: Ints, products: Ints) -> Ints:
        """Day of the last purchase, NEVER where there was none. products: a row a shopper, -1 for none."""
        if not len(self.bought_keys):
            return np.full(products.shape, NEVER, dtype=np.int64)
        wanted = shoppers[:, None] * len(self.products) + products
        place = np.minimum(np.searchsorted(self.bought_keys, wanted), len(self.bought_keys) - 1)
        return np.where((self.bought_keys[place] == wanted) & (products >= 0), self.bought_days[place], NEVER)

    def forget_before(self, day: int) -> None:
        """Drop purchases before a day: they matter no more."""
        recent = self.bought_days >= day
        self.bought_keys, self.bought_days = self.bought_keys[recent], self.bought_days[recent]

    def to_bytes(self) -> bytes:
        """Everything, for `from_bytes`; the same memory gives the same bytes."""
        size = len(self.shoppers)
        arrays = {
            name: getattr(self, name)[:size] for name in ("day", "shown", "shown_in", "interest", "interest_at")
        } | {name: getattr(self, name) for name in ("spent", "spent_live", "bought_keys", "bought_days", *_BY_PRODUCT)}
        arrays["pending"] = np.array(self.pending, dtype=np.float64).reshape(-1, 4)
        for name in ("learned", "live"):
            one: Posterior = getattr(self, name)
            arrays |= {f"{name}_precision": one.precision, f"{name}_moment": one.moment}
        names = {name: getattr(self, name) for name in ("categories", "products", "offers")}
        names |= {"shoppers": tuple(self.shoppers), "version": (self.version,)}
        arrays |= {name: np.array(texts, dtype=np.str_) for name, texts in names.items()}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, epoch=self.epoch, newest=self.newest, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(
        cls, content: bytes, categories: Sequence[str], products: Sequence[str], settings: OfferSettings
    ) -> Memory:
        """What `to_bytes` wrote, in today's order of categories, products and offers; what is new begins at nothing."""
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            found = cls.empty(categories, products, settings)
            found.places([str(name) for name in kept["shoppers"]])
            size = len(found.shoppers)
            found.epoch, found.newest, found.version = (
                int(kept["epoch"]),
                float(kept["newest"]),
                str(kept["version"][0]),
            )
            for name in ("day", "shown", "interest_at"):
                getattr(found, name)[:size] = kept[name]
            now, then = _matched(found.categories, kept["categories"])
            found.shown_in[:size, now] = kept["shown_in"][:, then]
            found.interest[:size, now] = kept["interest"][:, then]
            found.learned, found.live = (_carried(found.learned, kept, name, now, then) for name in ("learned", "live"))
            at, of = _matched(found.offers, kept["offers"])
            found.spent[at], found.spent_live[at] = kept["spent"][of], kept["spent_live"][of]
            _carry_products(found, kept)
            return found


def _matched(now: Sequence[str], then: np.ndarray) -> tuple[Ints, Ints]:
    """Positions now and then of the names that are in both."""
    before = {str(name): place for place, name in enumerate(then)}
    pairs = [(place, before[name]) for place, name in enumerate(now) if name in before]
    return np.array([a for a, _ in pairs], dtype=np.int64), np.array([b for _, b in pairs], dtype=np.int64)


def _carried(prior: Posterior, kept: Mapping[str, np.ndarray], name: str, now: Ints, then: Ints) -> Posterior:
    numbers = np.arange(len(NUMBERS))
    to, source = np.r_[numbers, len(NUMBERS) + now], np.r_[numbers, len(NUMBERS) + then]
    precision, moment = prior.precision.copy(), prior.moment.copy()
    precision[np.ix_(to, to)] = kept[f"{name}_precision"][np.ix_(source, source)]
    moment[to] = kept[f"{name}_moment"][source]
    return Posterior(precision, moment)


def _carry_products(found: Memory, kept: Mapping[str, np.ndarray]) -> None:
    before = len(kept["products"])
    now, then = _matched(found.products, kept["products"])
    for name in _BY_PRODUCT:
        getattr(found, name)[now] = kept[name][then]
    place = np.full(before + 1, -1, dtype=np.int64)
    place[then] = now
    for shopper, product, day, weight in kept["pending"].tolist():
        if place[int(product)] >= 0:
            found.pending.append((int(shopper), int(place[int(product)]), int(day), weight))
    product = place[kept["bought_keys"] % max(before, 1)]
    still = product >= 0
    found.note_bought((kept["bought_keys"] // max(before, 1))[still], product[still], kept["bought_days"][still])
