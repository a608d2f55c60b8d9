"""From events to offers: candidates, what is eligible, score, exploration, at most n. Pure; one event a shopper at a time.

Whatever is decided depends on the event, on what is known and on what is remembered of that shopper: never on the other
events beside it, so events may come in batches of any size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from basketry.domains.offers.eligibility import REASONS, Facts, why_not
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.policy import NUMBERS, MostPopular, Policy, Scene, chances, pick
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import NONE, Assortment, Flags, Floats, Ints, Knowledge, Popular, Running

CHOSEN = ("recommended", "popular beside", "popular")
WITHHELD = ("opted out", "shown enough today", "nothing eligible", "nothing promises enough")
_REASONS = np.array([*CHOSEN, *WITHHELD], dtype=object)
_GRAIN = 1_024.0
"""Features are multiples of its inverse: sums of them and of their products are exact, in whatever order they are added."""


@dataclass(frozen=True)
class Moments:
    """Events that are to be decided, at most one a shopper: event ids, shoppers by name and by place in memory, the category

    looked at (-1: none), the local day, and the time in seconds.
    """

    events: Sequence[str]
    names: Sequence[str]
    places: Ints
    context: Ints
    day: Ints
    at: Floats


@dataclass(frozen=True)
class Decided:
    """One slot of every event that has one. row: of `Moments`; column: chosen candidate, or the number of candidates for none.

    product, offer: -1 where nothing is shown; reason: why this, or why nothing. The matrices are what it was chosen from.
    """

    slot: int
    row: Ints
    column: Ints
    product: Ints
    category: Ints
    offer: Ints
    discount: Floats
    probability: Floats
    expected: Floats
    reason: Sequence[str]
    control: Flags
    against: Ints
    products: Ints
    probabilities: Floats
    features: Floats


@dataclass(frozen=True)
class Chooser:
    """What decides: the policy for treatment, the posterior's mean that explains it, what runs today and what is known."""

    shop: Assortment
    knowledge: Knowledge
    popular: Popular
    settings: OfferSettings
    policy: Policy
    mean: Floats

    def is_control(self, names: Sequence[str]) -> Flags:
        """Whether a shopper gets the popular offer; it never changes for a shopper."""
        return chances(names, f"control {self.settings.seed}") < self.settings.control_share

    def candidates(self, moments: Moments) -> tuple[Ints, Floats]:
        """Products (events x candidates, -1 for none), and how strongly each is recommended."""
        known, half = self.knowledge.places(moments.names), self.settings.beside
        recommended = self.knowledge.recommended[known, : self.settings.recommended]
        scores = self.knowledge.scores[known, : self.settings.recommended]
        beside = self.popular.products[moments.context, :half]
        overall = np.tile(self.popular.products[-1, : self.settings.popular - half], (len(known), 1))
        rest = np.zeros((len(known), beside.shape[1] + overall.shape[1]))
        return np.column_stack([recommended, beside, overall]), np.column_stack([scores, rest])


def decide(moments: Moments, chooser: Chooser, memory: Memory, today: Running) -> Iterator[Decided]:
    """The slots of these events, first ones first; what is shown is noted in memory. today: of the day of the events."""
    table = _Table.laid(moments, chooser, memory, today)
    rows = np.arange(len(moments.events))
    for slot in range(1, chooser.settings.at_most + 1):
        decided = table.slot(slot, rows)
        if slot == 1:
            yield decided
        else:  # a later slot that stays empty is no decision of its own
            decided = _only(decided, decided.product >= 0)
            if len(decided.row):
                yield decided
        rows = decided.row[decided.product >= 0]
        if not len(rows):
            return


@dataclass
class _Table:
    """Candidates of events with all that is known of them."""

    moments: Moments
    chooser: Chooser
    memory: Memory
    today: Running
    products: Ints
    category: Ints
    features: Floats
    control: Flags
    opted_out: Flags

    @classmethod
    def laid(cls, moments: Moments, chooser: Chooser, memory: Memory, today: Running) -> _Table:
        """Gather what is known of the events' candidates."""
        products, scores = chooser.candidates(moments)
        category = np.where(products >= 0, chooser.shop.category[products], 0)
        features = _features(moments, chooser, memory, today, products, category, scores)
        opted_out = np.array([name in chooser.knowledge.opted_out for name in moments.names], dtype=bool)
        control = chooser.is_control(moments.names)
        return cls(moments, chooser, memory, today, products, category, features, control, opted_out)

    def slot(self, slot: int, rows: Ints) -> Decided:
        """Choose for one slot of these rows, and note in memory what is shown."""
        moments, places, settings = self.moments, self.moments.places[rows], self.chooser.settings
        products, category = self.products[rows], self.category[rows]
        against = why_not(self._facts(rows, products, category), self.chooser.shop, settings)
        enough = self.memory.shown[places] >= settings.a_day
        eligible = (against < 0) & ~(enough | self.opted_out[rows])[:, None]
        names = [moments.names[row] for row in rows]
        scene = Scene(
            self.features[rows], category, products, eligible, self._popularity(products), names, moments.at[rows]
        )
        probabilities = self._probabilities(scene, self.control[rows])
        chance = chances([f"{moments.events[row]}/{slot}" for row in rows], f"choice {settings.seed}")
        column = pick(probabilities, chance)
        shown = column < products.shape[1]
        decided = self._decided(slot, rows, column, against, probabilities, np.where(enough, 1, 2))
        self._note(places[shown], decided.product[shown], decided.category[shown])
        left = self.products[rows[shown]]
        left[left == decided.product[shown][:, None]] = NONE  # wherever else it stands, too
        self.products[rows[shown]] = left
        return decided

    def _facts(self, rows: Ints, products: Ints, category: Ints) -> Facts:
        places, days = self.moments.places[rows], self.moments.day[rows]
        offers = self.today.offer[category]
        since = (days[:, None] - self.memory.last_bought(places, products)).astype(np.float64)
        discount = np.where(offers >= 0, self.today.discount[category], np.nan)
        return Facts(products, discount, since, self.memory.shown_in[places[:, None], category])

    def _popularity(self, products: Ints) -> Floats:
        ranked = self.chooser.popular.products[-1]
        worth = np.zeros(len(self.chooser.shop.products) + 1)
        worth[ranked[ranked >= 0]] = np.arange(len(ranked), 0, -1)[ranked >= 0]
        return worth[products]

    def _probabilities(self, scene: Scene, control: Flags) -> Floats:
        found = self.chooser.policy.probabilities(scene)
        if control.any():
            found[control] = MostPopular().probabilities(scene)[control]
        return found

    def _decided(self, slot: int, rows: Ints, column: Ints, against: Ints, probabilities: Floats, why: Ints) -> Decided:
        width = self.products.shape[1]
        shown, at = column < width, np.minimum(column, width - 1)
        each = np.arange(len(rows))
        category = np.where(shown, self.category[rows, at], NONE)
        features = self.features[rows]
        chosen = features[each, at]
        expected = (
            chosen @ self.chooser.mean[: len(NUMBERS)] + self.chooser.mean[len(NUMBERS) + self.category[rows, at]]
        )
        why = np.where(self.opted_out[rows], 0, np.where((against < 0).any(axis=1) & (why == 2), 3, why))
        return Decided(
            slot,
            rows,
            column,
            np.where(shown, self.products[rows, at], NONE),
            category,
            np.where(shown, self.today.offer[category], NONE),
            np.where(shown, self.today.discount[category], 0.0),
            probabilities[each, column],
            np.where(shown, np.round(expected, 6), 0.0),
            _REASONS[np.where(shown, _source(column, self.chooser.settings), len(CHOSEN) + why)].tolist(),
            self.control[rows],
            against,
            self.products[rows],
            probabilities,
            features,
        )

    def _note(self, places: Ints, products: Ints, category: Ints) -> None:
        self.memory.shown[places] += 1
        self.memory.shown_in[places, category] += 1


def _source(column: Ints, settings: OfferSettings) -> Ints:
    """Positions in CHOSEN of where candidates came from."""
    edges = [settings.recommended, settings.recommended + settings.beside]
    return np.asarray(np.searchsorted(edges, column, side="right"), dtype=np.int64)


def _features(
    moments: Moments, chooser: Chooser, memory: Memory, today: Running, products: Ints, category: Ints, scores: Floats
) -> Floats:
    """events x candidates x NUMBERS."""
    interest = memory.interest[moments.places]
    share = interest / (interest.sum(axis=1, keepdims=True) + 1.0)
    likely = chooser.knowledge.propensity[chooser.knowledge.places(moments.names)]
    found = np.stack(
        [
            np.take_along_axis(share, category, axis=1),
            np.take_along_axis(likely, category, axis=1),
            scores,
            (category == moments.context[:, None]).astype(np.float64),
            memory.appeal(chooser.settings)[products],
            today.discount[category],
        ],
        axis=2,
    )
    return np.asarray(np.round(found * _GRAIN) / _GRAIN)


def _only(decided: Decided, keep: Flags) -> Decided:
    """Some of the rows."""
    values: dict[str, Any] = {name: _kept(value, keep) for name, value in vars(decided).items() if name != "slot"}
    return Decided(slot=decided.slot, **values)


def _kept(value: np.ndarray | Sequence[str], keep: Flags) -> np.ndarray | list[str]:
    if isinstance(value, np.ndarray):
        return np.asarray(value[keep])
    return [text for text, good in zip(value, keep.tolist(), strict=True) if good]


def excluded(against: Ints) -> tuple[tuple[str, ...], Ints]:
    """Reasons, and how many candidates of each row each of them excluded; empty places and repetitions are no candidates."""
    first = REASONS.index("no_offer")
    counts = np.stack([(against == number).sum(axis=1) for number in range(first, len(REASONS))], axis=1)
    return REASONS[first:], np.asarray(counts, dtype=np.int64)
