"""Everything between policies and MLflow: what a training leaves behind, and how a version is loaded again."""

from __future__ import annotations

from dataclasses import dataclass

from basketry import registry
from basketry.domains.offers.learn import Learned, restored
from basketry.lake.lakehouse import Lakehouse
from basketry.learning import tracking, versions

MODEL = "offer_policy"


@dataclass(frozen=True)
class Version:
    """A registered version."""

    number: str
    learned: Learned


def registered(lake: Lakehouse) -> str:
    """Name of the catalog's policy in the registry."""
    return registry.registered_name(lake.catalog, MODEL)


def load(name: str, number: str) -> Version:
    """A version by its number; ModelGoneError when it cannot be had, RegistryDownError when nobody answers."""
    return Version(number, tracking.load_state(name, number, restored))


KIND: versions.Kind[Version] = versions.Kind(MODEL, load, "train_offer_policy")


def register(lake: Lakehouse, learned: Learned, record: tracking.Record) -> str:
    """Log the record, register the policy and make it the challenger; returns its version."""
    from basketry.domains.offers.policy import NUMBERS
    from basketry.domains.offers.serving import Served

    columns = {"category": "string"} | dict.fromkeys(NUMBERS, "double")
    served = Served(learned.state())
    return tracking.register(
        lake, MODEL, record, lambda: tracking.log_state(MODEL, served, columns, ("numpy", "pandas"))
    )
