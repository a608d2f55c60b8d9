"""The jobs of offers: the stream of decisions, what it chooses from, and what it chooses by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from basketry.config.run_settings import KAFKA_OPTIONS, OFFER_EVENTS, REDIS_URL
from basketry.jobs.declare import Argument, DatedArguments, Job, JobArguments
from basketry.jobs.libraries import CALAMINE, IMPLICIT, MLFLOW, PHONENUMBERS, REDIS


@dataclass(frozen=True, kw_only=True)
class OffersArguments(JobArguments):
    """The arguments of the stream of offers."""

    continuous: Annotated[bool, Argument(help="go on as events come; without it what is waiting is decided")] = False


@dataclass(frozen=True, kw_only=True)
class RecommendArguments(DatedArguments):
    """The arguments of the job that recommends."""

    model: Annotated[
        str, Argument(help="what recommends: champion, a version, or as-then: the champion on --as-of", title="Model")
    ] = "champion"


OFFERS = Job(
    name="offers",
    description="Decides offers for the shoppers' events that are waiting, learns from their responses, and brings the tables"
    " up to date.",
    arguments=OffersArguments,
    entry="basketry.domains.offers.job:run",
    libraries=(CALAMINE, IMPLICIT, MLFLOW, PHONENUMBERS, REDIS),
    reads=(KAFKA_OPTIONS, OFFER_EVENTS, REDIS_URL),
)

TRAIN_RECOMMENDATIONS = Job(
    name="train_recommendations",
    description="Learns which products to recommend to whom, tests that on the newest purchases, and registers it as"
    " challenger.",
    arguments=DatedArguments,
    entry="basketry.domains.offers.train_recommender:run",
    libraries=(IMPLICIT, MLFLOW),
)

RECOMMEND = Job(
    name="recommend",
    description="Makes popular products and every shopper's recommendations anew, for offers to choose from.",
    arguments=RecommendArguments,
    entry="basketry.domains.offers.recommend:run",
    libraries=(IMPLICIT, MLFLOW, REDIS),
    reads=(REDIS_URL,),
)

TRAIN_OFFER_POLICY = Job(
    name="train_offer_policy",
    description="Learns a policy that chooses offers from logged decisions, judges it off-policy, and registers it as"
    " challenger.",
    arguments=DatedArguments,
    entry="basketry.domains.offers.train:run",
    libraries=(MLFLOW,),
)
