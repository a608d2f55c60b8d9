"""The rules of include/decisions.yaml: read strictly, and proven to give every product exactly one action."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from basketry.config.documents import Node, did_you_mean, read_document

FILE = "decisions.yaml"
ACTIONS = ("increase_inventory", "hold", "optimise_price", "discount", "promote", "delist")
SOURCES = (
    "outlook",
    "weeks_of_stock",
    "elasticity",
    "average_rating",
    "return_rate",
    "trend",
    "discount_depth",
    "bucket",
)
"""What a measure can be made from; see `basketry.domains.decisions.core.derive_measures`."""

WORTHS = ("nothing", "lost_sales", "lower_price", "higher_price", "promotion")
BUCKETS = (HIGH, MEDIUM, LOW) = ("High", "Medium", "Low")
UNKNOWN = "unknown"
QUANTILE, AMOUNT = "quantile", "amount"
_BUCKET_KEYS = ("by", "high_from", "medium_from")
_PRICE_KEYS = ("change", "least_weeks", "least_spread", "largest_standard_error")
_PARTS = ("buckets", "price", "measures", "rules", "promotion_uplift")
_MAX_COMBINATIONS = 200_000


@dataclass(frozen=True)
class BandedMeasure:
    """A number cut into bands; a bucket has bands and no edges.

    Attributes:
        name: What rules call it.
        source: What it is made from, one of SOURCES.
        bands: The names of its bands, the lowest first.
        edges: The upper ends of all bands but the last.
    """

    name: str
    source: str
    bands: tuple[str, ...]
    edges: tuple[float, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        """All that a rule can name; a bucket is never unknown."""
        return self.bands if self.source == "bucket" else (*self.bands, UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class DecisionRule:
    """An action for every combination of the bands in `when`.

    Attributes:
        name: Its name.
        when: The bands it is for, by measure; a measure that is not named may have any band.
        action: One of ACTIONS.
        worth: How its worth is computed, one of WORTHS.
        reason: Its reason in words.
    """

    name: str
    when: Mapping[str, tuple[str, ...]]
    action: str
    worth: str
    reason: str

    def fits(self, bands: Mapping[str, str]) -> bool:
        """Return whether the rule is for a product with these bands, by measure."""
        return all(bands[name] in wanted for name, wanted in self.when.items())


@dataclass(frozen=True, kw_only=True)
class DecisionRules:
    """The whole file.

    Attributes:
        by: What buckets go by, QUANTILE or AMOUNT.
        high_from: Share of products, or amount of money, from which a product is High.
        medium_from: Share of products, or amount of money, from which a product is Medium.
        price_change: The share by which a price is raised or lowered.
        least_weeks: Weeks with a sale that a price response needs.
        least_spread: How far the price must have moved for a price response.
        largest_standard_error: The error beyond which an elasticity counts as unknown.
        measures: What rules look at.
        rules: The rules; exactly one of them fits every product.
        promotion_uplift: The share by which a promotion is expected to raise revenue.
    """

    by: str
    high_from: float
    medium_from: float
    price_change: float
    least_weeks: int
    least_spread: float
    largest_standard_error: float
    measures: tuple[BandedMeasure, ...]
    rules: tuple[DecisionRule, ...]
    promotion_uplift: float


def load_decision_rules(include: Path) -> DecisionRules:
    """Read and prove the file.

    Raises:
        ContractError: There is a mistake, a gap or an overlap; the message has file and line.
    """
    top = read_document(include / FILE, FILE).mapping("the document", _PARTS, _PARTS)
    by, high, medium = _buckets(top["buckets"])
    price = top["price"].mapping("price", _PRICE_KEYS, _PRICE_KEYS)
    measures = tuple(_measure(name, node) for name, node in _entries(top["measures"], "measures"))
    rules = tuple(_rule(name, node, measures) for name, node in _entries(top["rules"], "rules"))
    _prove(top["rules"], measures, rules)
    change = _number(price["change"], "change")
    if change >= 1:
        price["change"].fail(f"change is {change:g}; write a share below 1, such as 0.1.")
    return DecisionRules(
        by=by,
        high_from=high,
        medium_from=medium,
        price_change=change,
        least_weeks=int(_number(price["least_weeks"], "least_weeks")),
        least_spread=_number(price["least_spread"], "least_spread"),
        largest_standard_error=_number(price["largest_standard_error"], "largest_standard_error"),
        measures=measures,
        rules=rules,
        promotion_uplift=_number(top["promotion_uplift"], "promotion_uplift"),
    )


def _buckets(node: Node) -> tuple[str, float, float]:
    entries = node.mapping("buckets", _BUCKET_KEYS, _BUCKET_KEYS)
    by = entries["by"].choice("by", (QUANTILE, AMOUNT))
    high, medium = (_number(entries[name], name) for name in ("high_from", "medium_from"))
    if high <= medium:
        entries["high_from"].fail(
            f"high_from is {high:g} and medium_from {medium:g}; high_from must be the larger one."
        )
    if by == QUANTILE and high >= 1:
        entries["high_from"].fail(f"high_from is {high:g}; a quantile is below 1.")
    return by, high, medium


def _entries(node: Node, what: str) -> Sequence[tuple[str, Node]]:
    entries: dict[str, Node] = node.expect(dict, what)
    return list(entries.items()) or node.fail(f"{what} is empty; write at least one entry.")


def _measure(name: str, node: Node) -> BandedMeasure:
    entries = node.mapping(f"the measure {name}", ("from", "bands"), ("from",))
    source = entries["from"].choice("from", SOURCES)
    if source == "bucket":
        if "bands" in entries:
            entries["bands"].fail("a bucket has the bands High, Medium and Low; remove bands.")
        return BandedMeasure(name, source, BUCKETS, ())
    if "bands" not in entries:
        node.fail(f"the measure {name} has no bands; write their names with their upper ends.")
    return _banded(name, source, entries["bands"])


def _banded(name: str, source: str, node: Node) -> BandedMeasure:
    entries = _entries(node, f"bands of {name}")
    if UNKNOWN in dict(entries):
        node.fail(f"{UNKNOWN} is the band of every measure where nothing is known; call this one otherwise.")
    *inner, (last, end) = entries
    if end.value is not None:
        end.fail(f"{last} is the last band of {name} and has no upper end; write null.")
    edges = [float(band.expect(float, f"upper end of {label}")) for label, band in inner]
    for (label, band), edge, before in zip(inner[1:], edges[1:], edges[:-1], strict=True):
        if edge <= before:
            band.fail(f"{label} ends at {edge:g}, not above the band before it; order the bands of {name}.")
    return BandedMeasure(name, source, tuple(label for label, _ in entries), tuple(edges))


def _rule(name: str, node: Node, measures: Sequence[BandedMeasure]) -> DecisionRule:
    entries = node.mapping(f"the rule {name}", ("when", "action", "worth", "reason"), ("when", "action", "reason"))
    by_name = {measure.name: measure for measure in measures}
    when = {}
    for measure, wanted in _entries(entries["when"], f"when of {name}"):
        if measure not in by_name:
            wanted.fail(f"unknown measure '{measure}' in {name}; {did_you_mean(measure, by_name)}")
        bands = tuple(band.choice(f"a band of {measure}", by_name[measure].choices) for band in wanted.items(measure))
        when[measure] = bands or wanted.fail(f"{measure} of {name} names no band; name one or leave {measure} out.")
    worth = entries["worth"].choice("worth", WORTHS) if "worth" in entries else WORTHS[0]
    return DecisionRule(
        name=name,
        when=when,
        action=entries["action"].choice("action", ACTIONS),
        worth=worth,
        reason=entries["reason"].string("reason"),
    )


def _prove(node: Node, measures: Sequence[BandedMeasure], rules: Sequence[DecisionRule]) -> None:
    """Compare every combination of bands with all rules: none may fit no rule, none two."""
    used = [measure for measure in measures if any(measure.name in rule.when for rule in rules)]
    names, count = [measure.name for measure in used], 1
    for measure in used:
        count *= len(measure.choices)
    if count > _MAX_COMBINATIONS:
        node.fail(f"the measures have {count:,} combinations of bands; use fewer measures or bands.")
    for combination in itertools.product(*(measure.choices for measure in used)):
        bands = dict(zip(names, combination, strict=True))
        fitting = [rule.name for rule in rules if rule.fits(bands)]
        if len(fitting) != 1:
            combination_text = ", ".join(f"{name} {band}" for name, band in bands.items())
            problem = f"fits {' and '.join(fitting[:2])}" if fitting else "fits no rule"
            node.fail(f"a product with {combination_text} {problem}; every one must fit exactly one rule.")


def _number(node: Node, what: str) -> float:
    number: float = node.expect(float, what)
    return float(number) if number > 0 else node.fail(f"{what} is {number}; make it more than 0.")
