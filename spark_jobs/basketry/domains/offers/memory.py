"""What the stream must remember from one event to the next: arrays by shopper, what was learned, how far time has come.

Stored between micro-batches as one value, so that a batch that is done again begins exactly where it began before. Names
stand beside the numbers: products and categories may come and go between two runs.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from basketry.domains.offers.policy import FEATURE_NAMES, Posterior
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Floats, Ints

NEVER = -1_000_000
"""A day before all days."""
_GROWTH = 1_024
_BY_SHOPPER = ("day", "shown", "shown_in", "interest", "interest_at")
_BY_PRODUCT = ("product_shown", "product_clicked", "live_shown", "live_clicked")
_BY_OFFER = ("spent", "spent_live")
_PURCHASES = ("bought_keys", "bought_days")
_POSTERIORS = ("learned", "live")

_Stored = Mapping[str, np.ndarray]
"""The arrays of `Memory.to_bytes` by name. The names are stored in ops.offer_state: do not change them."""


def _no_ints() -> Ints:
    return np.zeros(0, dtype=np.int64)


def _no_floats() -> Floats:
    return np.zeros(0)


@dataclass(kw_only=True)
class Memory:
    """The state of the stream.

    Attributes:
        categories: Names of the categories.
        products: Product ids.
        offers: Ids of the offers.
        learned: What was learned from all responses so far.
        live: What was learned by the start of the epoch; it decides.
        spent: Discount granted so far, by offer.
        spent_live: Discount granted by the start of the epoch, by offer.
        version: Registered version that learning went on from, empty for none.
        epoch: The epoch that decisions are in.
        newest: Greatest event time so far, in seconds.
        shoppers: Index of each shopper.
        day: Day of each shopper's newest offer.
        shown: Offers that each shopper was shown on that day.
        shown_in: The same by category.
        interest: Fading weight of what each shopper did, by category, as of `interest_at`.
        interest_at: Time of each shopper's interest in seconds.
        product_shown: How often each product was shown.
        product_clicked: How often each product was clicked.
        live_shown: How often each product had been shown by the start of the epoch.
        live_clicked: How often each product had been clicked by the start of the epoch.
        pending: Responses of this epoch as (shopper, product, day of a purchase or NEVER, weight of the interest).
        bought_keys: Purchases as `shopper * products + product`, sorted.
        bought_days: Day of the last purchase of each key.
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
    day: Ints = field(default_factory=_no_ints)
    shown: Ints = field(default_factory=_no_ints)
    shown_in: Ints = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    interest: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    interest_at: Floats = field(default_factory=_no_floats)
    product_shown: Ints = field(default_factory=_no_ints)
    product_clicked: Ints = field(default_factory=_no_ints)
    live_shown: Ints = field(default_factory=_no_ints)
    live_clicked: Ints = field(default_factory=_no_ints)
    pending: list[tuple[int, int, int, float]] = field(default_factory=list)
    bought_keys: Ints = field(default_factory=_no_ints)
    bought_days: Ints = field(default_factory=_no_ints)

    @classmethod
    def empty(cls, categories: Sequence[str], products: Sequence[str], settings: OfferSettings) -> Memory:
        """Create the memory of a stream in which nothing has happened yet."""
        prior = Posterior.prior(len(categories), settings)
        return cls(
            categories=tuple(categories),
            products=tuple(products),
            offers=tuple(offer.id for offer in settings.offers),
            learned=prior,
            live=prior,
            spent=np.zeros(len(settings.offers)),
            spent_live=np.zeros(len(settings.offers)),
            shown_in=np.zeros((0, len(categories)), dtype=np.int64),
            interest=np.zeros((0, len(categories))),
            product_shown=np.zeros(len(products), dtype=np.int64),
            product_clicked=np.zeros(len(products), dtype=np.int64),
            live_shown=np.zeros(len(products), dtype=np.int64),
            live_clicked=np.zeros(len(products), dtype=np.int64),
        )

    def appeal(self, settings: OfferSettings) -> Floats:
        """Compute the response rate of each product over that of all, as of the epoch; little evidence is drawn to 1."""
        shown, clicked = int(self.live_shown.sum()), int(self.live_clicked.sum())
        weight = settings.policy.prior_weight
        overall = (clicked + weight * settings.policy.prior_rate) / (shown + weight)
        return np.asarray((self.live_clicked + weight * overall) / (self.live_shown + weight) / overall)

    def enter_epoch(self, epoch: int, category: Ints) -> None:
        """Begin a new epoch: from here on decide by all that was learned.

        Args:
            epoch: The new epoch.
            category: Category of each product.
        """
        self.live, self.spent_live, self.epoch = self.learned, self.spent.copy(), epoch
        self.live_shown, self.live_clicked = self.product_shown.copy(), self.product_clicked.copy()
        for shopper, product, day, weight in self.pending:
            self.interest[shopper, category[product]] += weight
            if day > NEVER:
                self.note_bought(*(np.array([value], dtype=np.int64) for value in (shopper, product, day)))
        self.pending = []

    def indices_of(self, names: Sequence[str]) -> Ints:
        """Look up the indices of shoppers; a shopper who was never seen gets one."""
        index = self.shoppers
        indices = np.array([index.setdefault(name, len(index)) for name in names], dtype=np.int64)
        self._grow(len(index))
        return indices

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
        """Remember purchases; of two purchases of the same product the later one counts."""
        keys = np.r_[self.bought_keys, shoppers * len(self.products) + products]
        values = np.r_[self.bought_days, days]
        order = np.lexsort((values, keys))
        keys, values = keys[order], values[order]
        is_last = np.r_[keys[1:] != keys[:-1], True] if len(keys) else np.zeros(0, dtype=bool)
        self.bought_keys, self.bought_days = keys[is_last], values[is_last]

    def last_bought(self, shoppers: Ints, products: Ints) -> Ints:
        """Look up the day of the last purchase, NEVER where there was none.

        Args:
            shoppers: Index of each shopper.
            products: One row of products per shopper, -1 for none.
        """
        if not len(self.bought_keys):
            return np.full(products.shape, NEVER, dtype=np.int64)
        wanted = shoppers[:, None] * len(self.products) + products
        index = np.minimum(np.searchsorted(self.bought_keys, wanted), len(self.bought_keys) - 1)
        return np.where((self.bought_keys[index] == wanted) & (products >= 0), self.bought_days[index], NEVER)

    def forget_before(self, day: int) -> None:
        """Drop purchases before a day: they matter no more."""
        recent = self.bought_days >= day
        self.bought_keys, self.bought_days = self.bought_keys[recent], self.bought_days[recent]

    def to_bytes(self) -> bytes:
        """Serialise everything for `from_bytes`; the same memory gives the same bytes."""
        size = len(self.shoppers)
        arrays = {name: getattr(self, name)[:size] for name in _BY_SHOPPER}
        arrays |= {name: getattr(self, name) for name in (*_BY_OFFER, *_PURCHASES, *_BY_PRODUCT)}
        arrays["pending"] = np.array(self.pending, dtype=np.float64).reshape(-1, 4)
        for name in _POSTERIORS:
            posterior: Posterior = getattr(self, name)
            arrays |= {f"{name}_precision": posterior.precision, f"{name}_moment": posterior.moment}
        texts = {"categories": self.categories, "products": self.products, "offers": self.offers}
        texts |= {"shoppers": tuple(self.shoppers), "version": (self.version,)}
        arrays |= {name: np.array(values, dtype=np.str_) for name, values in texts.items()}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, epoch=self.epoch, newest=self.newest, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(
        cls, content: bytes, categories: Sequence[str], products: Sequence[str], settings: OfferSettings
    ) -> Memory:
        """Restore what `to_bytes` wrote, in today's order of names; a new name begins at nothing.

        Args:
            content: What `to_bytes` returned.
            categories: Today's categories.
            products: Today's products.
            settings: Today's settings; they name the offers.
        """
        memory = cls.empty(categories, products, settings)
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            memory.epoch, memory.newest = int(stored["epoch"]), float(stored["newest"])
            memory.version = str(stored["version"][0])
            memory._restore_shoppers(stored)
            memory._restore_posteriors(stored)
            memory._restore_budgets(stored)
            memory._restore_products(stored)
        return memory

    def _restore_shoppers(self, stored: _Stored) -> None:
        self.indices_of([str(name) for name in stored["shoppers"]])
        size = len(self.shoppers)
        self.day[:size] = stored["day"]
        self.shown[:size] = stored["shown"]
        self.interest_at[:size] = stored["interest_at"]
        today, before = common_positions(self.categories, stored["categories"])
        self.shown_in[:size, today] = stored["shown_in"][:, before]
        self.interest[:size, today] = stored["interest"][:, before]

    def _restore_posteriors(self, stored: _Stored) -> None:
        today, before = common_positions(self.categories, stored["categories"])
        self.learned, self.live = (
            realigned(Posterior(stored[f"{name}_precision"], stored[f"{name}_moment"]), self.learned, today, before)
            for name in _POSTERIORS
        )

    def _restore_budgets(self, stored: _Stored) -> None:
        today, before = common_positions(self.offers, stored["offers"])
        self.spent[today], self.spent_live[today] = stored["spent"][before], stored["spent_live"][before]

    def _restore_products(self, stored: _Stored) -> None:
        count = len(stored["products"])
        today, before = common_positions(self.products, stored["products"])
        for name in _BY_PRODUCT:
            getattr(self, name)[today] = stored[name][before]
        position_today = np.full(count + 1, -1, dtype=np.int64)
        position_today[before] = today
        for shopper, product, day, weight in stored["pending"].tolist():
            if position_today[int(product)] >= 0:
                self.pending.append((int(shopper), int(position_today[int(product)]), int(day), weight))
        shoppers, old_products = np.divmod(stored["bought_keys"], max(count, 1))
        products = position_today[old_products]
        remains = products >= 0
        self.note_bought(shoppers[remains], products[remains], stored["bought_days"][remains])


def common_positions(today: Sequence[str], before: Sequence[str] | np.ndarray) -> tuple[Ints, Ints]:
    """Return the positions, today and before, of the names that stand in both."""
    position_before = {str(name): number for number, name in enumerate(before)}
    pairs = [(number, position_before[name]) for number, name in enumerate(today) if name in position_before]
    return np.array([now for now, _ in pairs], dtype=np.int64), np.array([then for _, then in pairs], dtype=np.int64)


def realigned(posterior: Posterior, prior: Posterior, today: Ints, before: Ints) -> Posterior:
    """Bring a posterior into today's order of categories.

    Args:
        posterior: Over the categories of before.
        prior: Over today's categories; what a new category begins with.
        today: Positions today of the categories that stay, see `common_positions`.
        before: Their positions before.
    """
    features = np.arange(len(FEATURE_NAMES))
    target, source = np.r_[features, len(FEATURE_NAMES) + today], np.r_[features, len(FEATURE_NAMES) + before]
    precision, moment = prior.precision.copy(), prior.moment.copy()
    precision[np.ix_(target, target)] = posterior.precision[np.ix_(source, source)]
    moment[target] = posterior.moment[source]
    return Posterior(precision, moment)
