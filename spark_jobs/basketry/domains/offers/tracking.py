"""Everything between policies and MLflow: what a training leaves behind, and how a version is loaded again."""

from __future__ import annotations

from dataclasses import dataclass

from basketry import registry
from basketry.domains.offers.policy_learning import LearnedPolicy, policy_from_state
from basketry.lake.lakehouse import Lakehouse
from basketry.learning import tracking, versions
from basketry.registry.models import OFFER_POLICY_MODEL


@dataclass(frozen=True)
class PolicyVersion:
    """A registered version of the policy.

    Attributes:
        number: Its number in the registry.
        learned: What it learned.
    """

    number: str
    learned: LearnedPolicy


def registered_policy(lake: Lakehouse) -> str:
    """Return the name of the catalog's policy in the registry."""
    return registry.registered_name(lake.catalog, OFFER_POLICY_MODEL.name)


def load_offer_policy(name: str, number: str) -> PolicyVersion:
    """Load a version of the policy.

    Args:
        name: Name of the registered model.
        number: Number of the version.

    Raises:
        ModelGoneError: The version cannot be had.
        RegistryDownError: The registry does not answer.
    """
    return PolicyVersion(number, tracking.load_state(name, number, policy_from_state))


LOADER: versions.ModelLoader[PolicyVersion] = versions.ModelLoader(OFFER_POLICY_MODEL, load_offer_policy)


def register_policy(lake: Lakehouse, learned: LearnedPolicy, record: tracking.TrainingRecord) -> str:
    """Log the record, register the policy and make it the challenger; returns its version."""
    from basketry.domains.offers.policy import FEATURE_NAMES
    from basketry.domains.offers.serving import ServedPolicy

    columns = {"category": "string"} | dict.fromkeys(FEATURE_NAMES, "double")
    served = ServedPolicy(learned.state())
    return tracking.register_challenger(
        lake,
        OFFER_POLICY_MODEL,
        record,
        lambda: tracking.log_state(OFFER_POLICY_MODEL, served, columns, ("numpy", "pandas")),
    )
