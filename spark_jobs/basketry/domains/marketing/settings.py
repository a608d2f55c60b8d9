"""What people set about the marketing audience: include/marketing.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from basketry.config.documents import Node, read_document
from basketry.tables import CHANNELS

FILE = "marketing.yaml"
_CLUSTERS = ("least", "most", "customers", "resamples", "least_stability", "products")


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """How clusters are fitted.

    Attributes:
        least: Least number of clusters.
        most: Greatest number of clusters.
        customers: Customers that a fit looks at.
        resamples: Bootstrap resamples.
        least_stability: Wanted stability.
        products: Products that a mix is made of.
        seed: Seed of all random numbers.
    """

    least: int
    most: int
    customers: int
    resamples: int
    least_stability: float
    products: int
    seed: int


@dataclass(frozen=True)
class MarketingSettings:
    """The values of include/marketing.yaml.

    Attributes:
        clusters: How clusters are fitted.
        preferred_channel: Channel for a customer who can be reached by both.
    """

    clusters: ClusterSettings
    preferred_channel: str


def load_settings(include: Path) -> MarketingSettings:
    """Read the settings of marketing.

    Args:
        include: Folder that holds marketing.yaml.

    Raises:
        ContractError: A key is missing or unknown, or a value is out of range.
    """
    root = read_document(include / FILE, FILE)
    names = ("clusters", "preferred_channel", "seed")
    top = root.mapping("the document", names, names)
    part = top["clusters"].mapping("clusters", _CLUSTERS, _CLUSTERS)
    least, most = _count(part["least"], "least", 2), _count(part["most"], "most", 2)
    if most < least:
        part["most"].fail("most is below least; make it at least as large.")
    clusters = ClusterSettings(
        least=least,
        most=most,
        customers=_count(part["customers"], "customers", 100),
        resamples=_count(part["resamples"], "resamples", 2),
        least_stability=float(part["least_stability"].expect(float, "least_stability")),
        products=_count(part["products"], "products", 2),
        seed=_count(top["seed"], "seed", 0),
    )
    return MarketingSettings(clusters, top["preferred_channel"].choice("preferred_channel", CHANNELS))


def _count(node: Node, what: str, least: int) -> int:
    value: int = node.expect(int, what)
    return value if value >= least else node.fail(f"{what} is {value}; make it at least {least}.")
