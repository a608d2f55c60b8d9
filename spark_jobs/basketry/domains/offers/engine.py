"""Events in, decisions and responses out: a fold over records in the order of delivery. Pure but for the memory it is given.

Records may come in batches of any size: what is decided is the same, because a shopper's events are taken one after
another, and what concerns all shoppers (the posterior that decides, the budgets) changes only where event time enters a
new epoch of `learn_minutes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from basketry.domains.offers.decide import Chooser, Decided, Moments, decide
from basketry.domains.offers.memory import NEVER, Memory
from basketry.domains.offers.policy import Policy, Posterior, Thompson, design
from basketry.domains.offers.records import (
    ACTIVITY,
    DAY,
    DECIDED_KINDS,
    DUPLICATE,
    GOOD,
    MINUTE,
    RESPONSES,
    Judged,
    Records,
    judge,
)
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Assortment, Floats, Ints, Knowledge, Popular, running

WEIGHTS = {"view": 1.0, "cart": 3.0, "purchase": 5.0, "offer_click": 4.0, "offer_purchase": 0.0}
"""What an event says about a shopper's interest in its category."""
_INTEREST_HALF_LIFE = 7 * DAY

NEVER_MADE = "offer_id:never_made"
TOO_EARLY = "offer_id:answered_before_it_was_made"
TOO_LATE = "offer_id:answered_too_late"
OTHER_SHOPPER = "offer_id:made_to_somebody_else"
ANSWERED = "repeated"
"""A second click on, or purchase from, the same offer: kept as delivered, counted once."""


@dataclass
class Shown:
    """An offer that was shown. position: of its event in this batch, -1 in an earlier one; kinds: responses so far."""

    at: float
    shopper: str
    product: int
    category: int
    offer: int
    discount: float
    price: float
    features: Floats
    control: bool
    position: int = -1
    kinds: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Response:
    """A response that counts. position: of its record."""

    position: int
    kind: str
    offer_id: str
    shown: Shown
    revenue: float


@dataclass(frozen=True)
class Outcome:
    """What became of a batch: every record's fate, the slots decided (with the positions of their events), the responses.

    decided: a pair of event positions and slots for each step; shown: offers by id; product: position
    of each record's, -1 for none; offers: names by position; version: of the policy.
    """

    fate: list[str]
    decided: list[tuple[Ints, Decided]]
    responses: list[Response]
    shown: dict[str, Shown]
    product: Ints
    offers: tuple[str, ...]
    version: str

    @property
    def earlier(self) -> dict[str, Shown]:
        """What was shown, as the next batch sees it."""
        return {name: replace(one, position=-1) for name, one in self.shown.items()}


Maker = Callable[[Posterior, int], Policy]
"""A policy from what was learned by the start of an epoch."""


@dataclass
class Engine:
    """What decides. version: of the policy, written beside every decision; maker: another policy than Thompson sampling."""

    shop: Assortment
    knowledge: Knowledge
    popular: Popular
    settings: OfferSettings
    memory: Memory
    version: str = "prior"
    maker: Maker | None = None
    chooser: Chooser = field(init=False)

    def __post_init__(self) -> None:
        """Let memory know of the purchases that history tells."""
        bought = self.knowledge.bought
        if len(bought):
            places = self.memory.places([self.knowledge.shoppers[place] for place in bought[:, 0].tolist()])
            self.memory.note_bought(places, bought[:, 1], bought[:, 2])
        self._refresh()

    def process(self, records: Records, seen: frozenset[str], earlier: Mapping[str, Shown]) -> Outcome:
        """Decide and learn. seen: ids among these that were accepted before; earlier: offers of earlier batches by id."""
        judged = judge(records, self.shop, self.settings, seen, self.memory.newest)
        outcome = Outcome(judged.fate, [], [], {}, judged.product, self.memory.offers, self.version)
        for first, last in self._epochs(judged):
            self._enter(judged.newest[first])
            for places, decided in self._decide(records, judged, first, last):
                outcome.decided.append((places, decided))
                self._show(records, places, decided, outcome.shown)
            for place in range(first, last):
                if judged.fate[place] == GOOD and records.kinds[place] in RESPONSES:
                    self._respond(records, place, earlier, judged, outcome)
            self.memory.newest = float(judged.newest[last - 1])
        return outcome

    def use(self, popular: Popular) -> None:
        """From here on these products are popular."""
        self.popular = popular
        self.chooser = replace(self.chooser, popular=popular)

    def _epoch(self, at: float) -> int:
        return int(at // (self.settings.learn_minutes * MINUTE)) if at > NEVER else NEVER

    def _epochs(self, judged: Judged) -> Iterator[tuple[int, int]]:
        """Runs of records of one epoch, as first and beyond last."""
        if not len(judged.newest):
            return
        epochs = judged.newest // (self.settings.learn_minutes * MINUTE)
        edges = [0, *(np.flatnonzero(np.diff(epochs)) + 1).tolist(), len(epochs)]
        yield from zip(edges[:-1], edges[1:], strict=True)

    def _enter(self, newest: float) -> None:
        """From here on decide by all that was learned, if a new epoch has begun."""
        epoch, memory = self._epoch(newest), self.memory
        if epoch <= memory.epoch:
            return
        if memory.epoch > NEVER:
            days = (epoch - memory.epoch) * self.settings.learn_minutes * MINUTE / DAY
            prior = Posterior.prior(len(self.shop.categories), self.settings)
            memory.learned = memory.learned.faded(0.5 ** (days / self.settings.half_life_days), prior)
        memory.enter(epoch, self.shop.category)
        memory.forget_before(int(newest // DAY) - self.settings.not_bought_days - 1)
        self._refresh()

    def _refresh(self) -> None:
        maker = self.maker or self._thompson
        policy = maker(self.memory.live, self.memory.epoch)
        mean = self.memory.live.mean
        self.chooser = Chooser(self.shop, self.knowledge, self.popular, self.settings, policy, mean)

    def _thompson(self, posterior: Posterior, epoch: int) -> Policy:
        return Thompson.of(posterior, self.settings, [self.settings.seed, epoch - NEVER])

    def _decide(self, records: Records, judged: Judged, first: int, last: int) -> Iterator[tuple[Ints, Decided]]:
        """Activity of one epoch: a shopper's events one after another, all shoppers' beside one another."""
        active = np.array(
            [p for p in range(first, last) if judged.fate[p] == GOOD and records.kinds[p] in ACTIVITY], dtype=np.int64
        )
        if not len(active):
            return
        places = self.memory.places([records.shoppers[place] for place in active.tolist()])
        turn = _turns(places)
        for number in range(int(turn.max()) + 1):
            now = turn == number
            yield from self._step(records, judged, active[now], places[now])

    def _step(self, records: Records, judged: Judged, events: Ints, places: Ints) -> Iterator[tuple[Ints, Decided]]:
        """At most one event of each shopper."""
        kinds = [records.kinds[place] for place in events.tolist()]
        product, day, at = judged.product[events], records.day[events], records.at[events]
        self._to_day(places, day)
        self._fade(places, at)
        asks = np.array([kind in DECIDED_KINDS for kind in kinds], dtype=bool)
        for one in np.unique(self.memory.day[places[asks]]).tolist():
            some = asks & (self.memory.day[places] == one)
            today = running(self.settings.offers, self.shop.categories, one, self.memory.spent_live)
            moments = self._moments(records, events[some], places[some], product[some], at[some])
            for decided in decide(moments, self.chooser, self.memory, today):
                yield events[some][decided.row], decided
        self.memory.interest[places, self.shop.category[product]] += np.array([WEIGHTS[kind] for kind in kinds])
        sold = np.array([kind == "purchase" for kind in kinds], dtype=bool)
        if sold.any():
            self.memory.note_bought(places[sold], product[sold], day[sold])

    def _moments(self, records: Records, events: Ints, places: Ints, product: Ints, at: Floats) -> Moments:
        listed = events.tolist()
        ids, names = [records.ids[place] for place in listed], [records.shoppers[place] for place in listed]
        return Moments(ids, names, places, self.shop.category[product], self.memory.day[places], at)

    def _to_day(self, places: Ints, day: Ints) -> None:
        """Begin a new day's counts; an event of the day before that comes late counts as today's."""
        memory = self.memory
        new = places[day > memory.day[places]]
        memory.shown[new], memory.shown_in[new] = 0, 0
        memory.day[places] = np.maximum(memory.day[places], day)

    def _fade(self, places: Ints, at: Floats) -> None:
        memory = self.memory
        past = np.maximum(at - memory.interest_at[places], 0.0)
        memory.interest[places] *= np.exp2(-past / _INTEREST_HALF_LIFE)[:, None]
        memory.interest_at[places] = np.maximum(memory.interest_at[places], at)

    def _show(self, records: Records, places: Ints, decided: Decided, offers: dict[str, Shown]) -> None:
        """Note what was shown: it counts as not responded to until a click comes."""
        rows = np.flatnonzero(decided.product >= 0)
        if not len(rows):
            return
        features = decided.features[rows, decided.column[rows]]
        taught = design(features, decided.category[rows], len(self.shop.categories))
        self.memory.learned = self.memory.learned.after(taught, np.zeros(len(rows)))
        np.add.at(self.memory.product_shown, decided.product[rows], 1)
        for row, chosen in zip(rows.tolist(), features, strict=True):
            place, product = int(places[row]), int(decided.product[row])
            offers[f"{records.ids[place]}/{decided.slot}"] = Shown(
                float(records.at[place]),
                records.shoppers[place],
                product,
                int(decided.category[row]),
                int(decided.offer[row]),
                float(decided.discount[row]),
                float(self.shop.price[product]),
                chosen,
                bool(decided.control[row]),
                place,
            )

    def _respond(
        self, records: Records, place: int, earlier: Mapping[str, Shown], judged: Judged, outcome: Outcome
    ) -> None:
        kind, offer_id = records.kinds[place], records.offers[place]
        shown = outcome.shown.get(offer_id) or earlier.get(offer_id)
        identity = records.ids[place]
        outcome.fate[place] = DUPLICATE if identity in judged.known else _fate(records, place, shown, self.settings)
        if outcome.fate[place] in (GOOD, ANSWERED):
            judged.known.add(identity)
        if shown is None or outcome.fate[place] != GOOD:
            return
        shown.kinds.add(kind)
        revenue = float(np.nan_to_num(records.revenue[place])) if kind == "offer_purchase" else 0.0
        outcome.responses.append(Response(place, kind, offer_id, shown, revenue))
        day = int(records.day[place]) if kind == "offer_purchase" else NEVER
        shopper = int(self.memory.places([shown.shopper])[0])
        self.memory.pending.append((shopper, shown.product, day, WEIGHTS[kind]))
        if kind == "offer_click":
            self.memory.product_clicked[shown.product] += 1
            row = design(shown.features[None], np.array([shown.category]), len(self.shop.categories))[0]
            self.memory.learned = replace(self.memory.learned, moment=self.memory.learned.moment + row)
        if kind == "offer_purchase" and shown.offer >= 0:
            self.memory.spent[shown.offer] += round(shown.discount * shown.price, 4)


def _fate(records: Records, place: int, shown: Shown | None, settings: OfferSettings) -> str:
    if shown is None or shown.position >= place:
        return NEVER_MADE
    if records.shoppers[place] != shown.shopper:
        return OTHER_SHOPPER
    if records.at[place] < shown.at:
        return TOO_EARLY
    if records.at[place] > shown.at + settings.respond_days * DAY:
        return TOO_LATE
    return ANSWERED if records.kinds[place] in shown.kinds else GOOD


def _turns(places: Ints) -> Ints:
    """How many earlier events each event's shopper has."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    starts = np.r_[True, ordered[1:] != ordered[:-1]]
    since = np.arange(len(ordered)) - np.maximum.accumulate(np.where(starts, np.arange(len(ordered)), 0))
    found = np.empty_like(since)
    found[order] = since
    return found


def no_records() -> Records:
    """An empty batch."""
    nothing: Sequence[str] = []
    numbers = np.zeros(0)
    return Records(
        nothing, nothing, nothing, nothing, nothing, numbers, numbers, np.zeros(0, dtype=np.int64), numbers, nothing
    )
