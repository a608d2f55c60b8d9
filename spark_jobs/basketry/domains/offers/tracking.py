"""Everything between policies and MLflow: what a training leaves behind, and how a version is loaded again."""

from __future__ import annotations

from dataclasses import dataclass

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


LOADER: versions.ModelLoader[PolicyVersion] = versions.ModelLoader(
    OFFER_POLICY_MODEL, lambda number, state: PolicyVersion(number, policy_from_state(state))
)


def register_policy(lake: Lakehouse, learned: LearnedPolicy, record: tracking.TrainingRecord) -> str:
    """Log the record, register the policy and make it the challenger; returns its version."""
    from basketry.domains.offers.policy import FEATURE_NAMES

    columns = {"category": "string"} | dict.fromkeys(FEATURE_NAMES, "double")
    return tracking.register_challenger(
        lake,
        OFFER_POLICY_MODEL,
        record,
        lambda: tracking.log_state(OFFER_POLICY_MODEL, learned.state(), columns, ("numpy", "pandas")),
    )
