"""What people set about the marketing audience: include/marketing.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from basketry.config.locator import load_document
from basketry.config.model import Document, Mistake, Natural, one_of
from basketry.tables import CHANNELS

FILE = "marketing.yaml"
_AtLeastTwo = Annotated[int, Field(ge=2)]


class ClusterSettings(Document):
    """How clusters are fitted.

    Attributes:
        least: Least number of clusters.
        most: Greatest number of clusters.
        customers: Customers that a fit looks at.
        resamples: Bootstrap resamples.
        least_stability: Wanted stability.
        products: Products that a mix is made of.
    """

    least: _AtLeastTwo
    most: _AtLeastTwo
    customers: Annotated[int, Field(ge=100)]
    resamples: _AtLeastTwo
    least_stability: float
    products: _AtLeastTwo

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.most < self.least:
            raise Mistake("most is below least; make it at least as large.", "most")
        return self


class MarketingSettings(Document):
    """The values of include/marketing.yaml.

    Attributes:
        clusters: How clusters are fitted.
        preferred_channel: Channel for a customer who can be reached by both.
        seed: Seed of all random numbers.
    """

    clusters: ClusterSettings
    preferred_channel: Annotated[str, one_of(CHANNELS)]
    seed: Natural


def load_settings(include: Path) -> MarketingSettings:
    """Read the settings of marketing.

    Args:
        include: Folder that holds marketing.yaml.

    Raises:
        ContractError: A key is missing or unknown, or a value is out of range.
    """
    return load_document(MarketingSettings, include / FILE, FILE)
