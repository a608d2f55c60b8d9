"""The rules of include/decisions.yaml: read strictly, and proven to give every product exactly one action."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from basketry.config.documents import Node, nearest, read_document

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
"""What a measure can be made from; see `basketry.domains.decisions.core.measured`."""

WORTHS = ("nothing", "lost_sales", "lower_price", "higher_price", "promotion")
BUCKETS = (HIGH, MEDIUM, LOW) = ("High", "Medium", "Low")
UNKNOWN = "unknown"
QUANTILE, AMOUNT = "quantile", "amount"
_PARTS = ("buckets", "price", "measures", "rules", "promotion_uplift")
_MOST_COMBINATIONS = 200_000


@dataclass(frozen=True)
class Measure:
    """A number cut into bands: edges are the upper ends of all bands but the last. A bucket has names and no edges."""

    name: str
    source: str
    bands: tuple[str, ...]
    edges: tuple[float, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        """All that a rule can name; a bucket is never unknown."""
        return self.bands if self.source == "bucket" else (*self.bands, UNKNOWN)


@dataclass(frozen=True)
class Rule:
    """An action for every combination of the bands in `when`; a measure that is not named may have any."""

    name: str
    when: Mapping[str, tuple[str, ...]]
    action: str
    worth: str
    reason: str

    def fits(self, bands: Mapping[str, str]) -> bool:
        """Whether it is for a product with these bands, by measure."""
        return all(bands[name] in wanted for name, wanted in self.when.items())


@dataclass(frozen=True)
class Decisions:
    """The whole file. by: quantile or amount; high_from, medium_from: shares of products or amounts of money."""

    by: str
    high_from: float
    medium_from: float
    price_change: float
    least_weeks: int
    least_spread: float
    largest_standard_error: float
    measures: tuple[Measure, ...]
    rules: tuple[Rule, ...]
    promotion_uplift: float


def load_decisions(include: Path) -> Decisions:
    """Read and prove the file; a mistake, a gap or an overlap is a ContractError with file and line."""
    top = read_document(include / FILE, FILE).mapping("the document", _PARTS, _PARTS)
    by, high, medium = _buckets(top["buckets"])
    price = top["price"].mapping("price", *[("change", "least_weeks", "least_spread", "largest_standard_error")] * 2)
    measures = tuple(_measure(name, node) for name, node in _entries(top["measures"], "measures"))
    rules = tuple(_rule(name, node, measures) for name, node in _entries(top["rules"], "rules"))
    _prove(top["rules"], measures, rules)
    change = _number(price["change"], "change")
    if change >= 1:
        price["change"].fail(f"change is {change:g}; write a share below 1, such as 0.1.")
    return Decisions(
        by,
        high,
        medium,
        change,
        int(_number(price["least_weeks"], "least_weeks")),
        _number(price["least_spread"], "least_spread"),
        _number(price["largest_standard_error"], "largest_standard_error"),
        measures,
        rules,
        _number(top["promotion_uplift"], "promotion_uplift"),
    )


def _buckets(node: Node) -> tuple[str, float, float]:
    given = node.mapping("buckets", *[("by", "high_from", "medium_from")] * 2)
    by = given["by"].choice("by", (QUANTILE, AMOUNT))
    high, medium = (_number(given[name], name) for name in ("high_from", "medium_from"))
    if high <= medium:
        given["high_from"].fail(f"high_from is {high:g} and medium_from {medium:g}; high_from must be the larger one.")
    if by == QUANTILE and high >= 1:
        given["high_from"].fail(f"high_from is {high:g}; a quantile is below 1.")
    return by, high, medium


def _entries(node: Node, what: str) -> Sequence[tuple[str, Node]]:
    found: dict[str, Node] = node.expect(dict, what)
    return list(found.items()) or node.fail(f"{what} is empty; write at least one entry.")


def _measure(name: str, node: Node) -> Measure:
    given = node.mapping(f"the measure {name}", ("from", "bands"), ("from",))
    source = given["from"].choice("from", SOURCES)
    if source == "bucket":
        if "bands" in given:
            given["bands"].fail("a bucket has the bands High, Medium and Low; remove bands.")
        return Measure(name, source, BUCKETS, ())
    if "bands" not in given:
        node.fail(f"the measure {name} has no bands; write their names with their upper ends.")
    return _banded(name, source, given["bands"])


def _banded(name: str, source: str, node: Node) -> Measure:
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
    return Measure(name, source, tuple(label for label, _ in entries), tuple(edges))


def _rule(name: str, node: Node, measures: Sequence[Measure]) -> Rule:
    given = node.mapping(f"the rule {name}", ("when", "action", "worth", "reason"), ("when", "action", "reason"))
    known = {measure.name: measure for measure in measures}
    when = {}
    for measure, wanted in _entries(given["when"], f"when of {name}"):
        if measure not in known:
            wanted.fail(f"unknown measure '{measure}' in {name}; {nearest(measure, known)}")
        bands = tuple(band.choice(f"a band of {measure}", known[measure].choices) for band in wanted.items(measure))
        when[measure] = bands or wanted.fail(f"{measure} of {name} names no band; name one or leave {measure} out.")
    worth = given["worth"].choice("worth", WORTHS) if "worth" in given else WORTHS[0]
    return Rule(name, when, given["action"].choice("action", ACTIONS), worth, given["reason"].string("reason"))


def _prove(node: Node, measures: Sequence[Measure], rules: Sequence[Rule]) -> None:
    """Hold every combination of bands against all rules: none may fit no rule, none two."""
    used = [measure for measure in measures if any(measure.name in rule.when for rule in rules)]
    names, count = [measure.name for measure in used], 1
    for measure in used:
        count *= len(measure.choices)
    if count > _MOST_COMBINATIONS:
        node.fail(f"the measures have {count:,} combinations of bands; use fewer measures or bands.")
    for combination in itertools.product(*(measure.choices for measure in used)):
        bands = dict(zip(names, combination, strict=True))
        fitting = [rule.name for rule in rules if rule.fits(bands)]
        if len(fitting) != 1:
            told = ", ".join(f"{name} {band}" for name, band in bands.items())
            problem = f"fits {' and '.join(fitting[:2])}" if fitting else "fits no rule"
            node.fail(f"a product with {told} {problem}; every one must fit exactly one rule.")


def _number(node: Node, what: str) -> float:
    found: float = node.expect(float, what)
    return float(found) if found > 0 else node.fail(f"{what} is {found}; make it more than 0.")
