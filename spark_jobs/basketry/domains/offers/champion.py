"""The champion that the stream goes on from. It is loaded by the job itself: where batches run there may be no login to MLflow."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from basketry import registry
from basketry.domains.offers import tracking
from basketry.domains.offers.policy_learning import LearnedPolicy
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.learning.versions import champion_version
from basketry.registry.models import OFFER_POLICY_MODEL

log = logging.getLogger(__name__)

PRIOR = "prior"
"""The version before any was promoted: what include/offers.yaml believes, and what was learned since."""


@dataclass(frozen=True)
class ChampionPolicy:
    """A version of the policy that was promoted.

    Attributes:
        version: Its number in the registry, which never names anything else.
        learned: What it learned.
    """

    version: str
    learned: LearnedPolicy = field(compare=False, repr=False)


def new_champion(lake: Lakehouse, decided_last: str) -> ChampionPolicy | None:
    """Load the champion if it is another version than the one that decided last.

    Without an answer from the registry, or without a champion, what decided last goes on deciding and learning.

    Args:
        lake: The tables of the catalog.
        decided_last: That version, PRIOR for none.

    Raises:
        UntrustedModelError: The champion is not what was promoted.
    """
    try:
        number = champion_version(lake, OFFER_POLICY_MODEL)
        if number is None or number == decided_last:
            return None
        return ChampionPolicy(number, tracking.LOADER.load(lake, number).learned)
    except (registry.RegistryDownError, registry.ModelGoneError) as error:
        problem = error.message if isinstance(error, BadInputError) else error
        log.warning("%s; version %s goes on deciding.", problem, decided_last)
        return None
