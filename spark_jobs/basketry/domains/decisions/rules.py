"""The rules of include/decisions.yaml: read strictly, and proven to give every product exactly one action."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from basketry.config.documents import did_you_mean
from basketry.config.locator import load_document
from basketry.config.model import (
    Count,
    Document,
    Label,
    Mistake,
    Nullable,
    Positive,
    Text,
    choose,
    must,
    not_empty,
    one_of,
)

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


class BucketSettings(Document):
    """Where buckets of products end.

    Attributes:
        by: What buckets go by, QUANTILE or AMOUNT.
        high_from: Share of products, or amount of money, from which a product is High.
        medium_from: Share of products, or amount of money, from which a product is Medium.
    """

    by: Annotated[str, one_of((QUANTILE, AMOUNT))]
    high_from: Positive
    medium_from: Positive

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        high, medium = self.high_from, self.medium_from
        if high <= medium:
            sentence = f"high_from is {high:g} and medium_from {medium:g}; high_from must be the larger one."
            raise Mistake(sentence, "high_from")
        if self.by == QUANTILE and high >= 1:
            raise Mistake(f"high_from is {high:g}; a quantile is below 1.", "high_from")
        return self


class PriceSettings(Document):
    """When the response to a price is known, and by how much a price is changed.

    Attributes:
        change: The share by which a price is raised or lowered.
        least_weeks: Weeks with a sale that a price response needs.
        least_spread: How far the price must have moved for a price response.
        largest_standard_error: The error beyond which an elasticity counts as unknown.
    """

    change: Annotated[
        Positive, must(lambda share: share < 1, "{what} is {value:g}; write a share below 1, such as 0.1.")
    ]
    least_weeks: Count
    least_spread: Positive
    largest_standard_error: Positive


def _check_bands(bands: Mapping[str, float | None]) -> Mapping[str, float | None]:
    if UNKNOWN in bands:
        raise Mistake(f"{UNKNOWN} is the band of every measure where nothing is known; call this one otherwise.")
    *inner, (last, end) = bands.items()
    if end is not None:
        raise Mistake("{0} is the last band of {2} and has no upper end; write null.", last)
    before = -math.inf
    for label, edge in inner:
        if edge is None:
            raise Mistake("{what} is empty or a date; make it a number.", label)
        if edge <= before:
            raise Mistake(
                "{0} ends at {edge:g}, not above the band before it; order the bands of {2}.", label, edge=edge
            )
        before = edge
    return bands


class MeasureSettings(Document, title="the measure {0}"):
    """What a measure is made from, and the upper ends of its bands; the last band has none."""

    source: Annotated[str, one_of(SOURCES)] = Field(alias="from")
    bands: (
        Annotated[
            Mapping[str, Annotated[float | None, Nullable(), Label("upper end of {0}")]],
            not_empty("write at least one entry."),
            AfterValidator(_check_bands),
            Label("bands of {1}"),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _check_bucket(self) -> Self:
        if self.source == "bucket" and self.bands is not None:
            raise Mistake("a bucket has the bands High, Medium and Low; remove bands.", "bands")
        if self.source != "bucket" and self.bands is None:
            raise Mistake("{what} has no bands; write their names with their upper ends.")
        return self


class DecisionRule(Document, title="the rule {0}"):
    """An action for every combination of the bands in `when`.

    Attributes:
        when: The bands it is for, by measure; a measure that is not named may have any band.
        action: One of ACTIONS.
        worth: How its worth is computed, one of WORTHS.
        reason: Its reason in words.
    """

    when: Annotated[
        Mapping[str, tuple[Annotated[str, Label("a band of {0}")], ...]],
        not_empty("write at least one entry."),
        Label("when of {1}"),
    ]
    action: Annotated[str, one_of(ACTIONS)]
    worth: Annotated[str, one_of(WORTHS)] = WORTHS[0]
    reason: Text

    def fits(self, bands: Mapping[str, str]) -> bool:
        """Return whether the rule is for a product with these bands, by measure."""
        return all(bands[name] in wanted for name, wanted in self.when.items())

    def check_measures(self, measures: Mapping[str, BandedMeasure], name: str) -> None:
        """Refuse a measure or a band that there is not."""
        for measure, bands in self.when.items():
            path = ("rules", name, "when", measure)
            if measure not in measures:
                hint = did_you_mean(measure, measures)
                raise Mistake("unknown measure '{0}' in {2}; {hint}", *path, hint=hint)
            if not bands:
                raise Mistake("{0} of {2} names no band; name one or leave {0} out.", *path)
            for position, band in enumerate(bands):
                choose(band, measures[measure].choices, *path, position)


class DecisionRules(Document):
    """The whole file.

    Attributes:
        buckets: Where buckets of products end.
        price: What of a price response counts.
        measure_settings: What rules look at, by name, as it is written.
        rules_by_name: The rules; exactly one of them fits every product.
        promotion_uplift: The share by which a promotion is expected to raise revenue.
    """

    buckets: BucketSettings
    price: PriceSettings
    measure_settings: Annotated[Mapping[str, MeasureSettings], not_empty("write at least one entry.")] = Field(
        alias="measures"
    )
    rules_by_name: Annotated[Mapping[str, DecisionRule], not_empty("write at least one entry.")] = Field(alias="rules")
    promotion_uplift: Positive

    @cached_property
    def measures(self) -> tuple[BandedMeasure, ...]:
        """What rules look at."""
        return tuple(_banded(name, measure) for name, measure in self.measure_settings.items())

    @property
    def rules(self) -> tuple[DecisionRule, ...]:
        """The rules in their order."""
        return tuple(self.rules_by_name.values())

    @model_validator(mode="after")
    def _prove(self) -> Self:
        """Compare every combination of bands with all rules: none may fit no rule, none two."""
        measures = {measure.name: measure for measure in self.measures}
        for name, rule in self.rules_by_name.items():
            rule.check_measures(measures, name)
        used = [measure for measure in self.measures if any(measure.name in rule.when for rule in self.rules)]
        count = math.prod(len(measure.choices) for measure in used)
        if count > _MAX_COMBINATIONS:
            sentence = f"the measures have {count:,} combinations of bands; use fewer measures or bands."
            raise Mistake(sentence, "rules")
        for combination in itertools.product(*(measure.choices for measure in used)):
            bands = {measure.name: band for measure, band in zip(used, combination, strict=True)}
            fitting = [name for name, rule in self.rules_by_name.items() if rule.fits(bands)]
            if len(fitting) != 1:
                product = ", ".join(f"{name} {band}" for name, band in bands.items())
                problem = f"fits {' and '.join(fitting[:2])}" if fitting else "fits no rule"
                sentence = "a product with {product} {problem}; every one must fit exactly one rule."
                raise Mistake(sentence, "rules", product=product, problem=problem)
        return self


def _banded(name: str, measure: MeasureSettings) -> BandedMeasure:
    if measure.bands is None:
        return BandedMeasure(name, measure.source, BUCKETS, ())
    edges = tuple(edge for edge in measure.bands.values() if edge is not None)
    return BandedMeasure(name, measure.source, tuple(measure.bands), edges)


def load_decision_rules(include: Path) -> DecisionRules:
    """Read and prove the file.

    Raises:
        ContractError: There is a mistake, a gap or an overlap; the message has file and line.
    """
    return load_document(DecisionRules, include / FILE, FILE)
