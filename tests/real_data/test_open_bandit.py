"""The off-policy estimates against a shop that ran two policies side by side, so that the truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from basketry.config.settings import CHECKOUT
from basketry.domains.offers import ope
from basketry.domains.offers.ope import LoggedFeedback, TargetPolicy
from basketry.domains.offers.shop import Floats
from basketry.gates import evaluate_gate, load_gate
from basketry.gates.model import REFUSE
from tests.kit.data_sets import data_file

pytestmark = pytest.mark.slow

IMPRESSIONS = 10_000
README = {"men": (0.0057, 0.0038, 0.0081, 0.0069), "women": (0.0058, 0.0039, 0.0079, 0.0046)}
"""Of bts: SNIPS from the random log with its 90 % bootstrap interval, and the truth, as the data's README gives them."""
_SHRUNK_TO = 100
"""Impressions that an item's click rate is drawn to the mean with."""


def log(policy: str, campaign: str) -> pd.DataFrame:
    return pd.read_csv(data_file("open_bandit", f"{policy}_{campaign}.csv.gz"), index_col=0)


def bts(rows: pd.DataFrame, bts_log: pd.DataFrame) -> TargetPolicy:
    """The policy bts on the random log: how often it shows an item in a slot; clicks modelled by the other half's rates."""
    shares = bts_log.groupby(["position", "item_id"]).size() / bts_log.groupby("position").size()
    probability = shares.reindex(pd.MultiIndex.from_frame(rows[["position", "item_id"]])).fillna(0).to_numpy()
    modelled, expected = np.zeros(len(rows)), np.zeros(len(rows))
    half = np.arange(len(rows)) % 2
    for part in (0, 1):
        rates = item_rates(rows[half != part])
        wanted = (shares * rates.reindex(shares.index.get_level_values("item_id")).to_numpy()).groupby("position").sum()
        modelled[half == part] = rates.reindex(rows["item_id"][half == part]).to_numpy()
        expected[half == part] = wanted.reindex(rows["position"][half == part]).to_numpy()
    return TargetPolicy(probability, modelled, expected)


def item_rates(rows: pd.DataFrame) -> pd.Series:
    clicks = rows.groupby("item_id")["click"].agg(["sum", "size"])
    return (clicks["sum"] + _SHRUNK_TO * rows["click"].mean()) / (clicks["size"] + _SHRUNK_TO)


def logged_of(rows: pd.DataFrame) -> LoggedFeedback:
    reward: Floats = rows["click"].to_numpy(dtype=np.float64)
    return LoggedFeedback(reward, rows["propensity_score"].to_numpy(), np.arange(len(rows)))


@pytest.mark.parametrize("campaign", README)
def test_estimates_of_bts_from_the_random_log_agree_with_the_readme(campaign: str) -> None:
    """SNIPS to the last digit given and its interval to bootstrap noise; IPS and doubly robust beside it; truth covered."""
    rows = log("random", campaign)
    assert len(rows) == IMPRESSIONS
    evaluation = ope.evaluate_off_policy(
        logged_of(rows), bts(rows, log("bts", campaign)), confidence=0.9, repetitions=1000
    )
    snips, low, high, truth = README[campaign]
    assert evaluation.estimates["reward_snips"].mean == pytest.approx(snips, abs=5e-5)
    assert evaluation.estimates["reward_snips"].low == pytest.approx(low, abs=4e-4)
    assert evaluation.estimates["reward_snips"].high == pytest.approx(high, abs=4e-4)
    assert log("bts", campaign)["click"].mean() == pytest.approx(truth, abs=5e-5)
    for estimate in evaluation.estimates.values():
        assert estimate.mean == pytest.approx(snips, abs=3e-4)
        assert estimate.low <= truth <= estimate.high
    assert 2_500 < evaluation.effective_sample_size < 4_000


@pytest.mark.parametrize("campaign", README)
def test_the_gate_refuses_to_promote_on_ten_thousand_impressions(campaign: str) -> None:
    """The policy bts looks better by a quarter, but neither the interval nor the effective sample size bears that out."""
    rows = log("random", campaign)
    logged = logged_of(rows)
    challenger = ope.evaluate_off_policy(logged, bts(rows, log("bts", campaign)))
    champion = ope.evaluate_off_policy(logged, ope.logging_policy(logged))
    assert challenger.estimates["reward_snips"].mean > 1.2 * champion.estimates["reward_snips"].mean
    decision = evaluate_gate(
        load_gate("offer_policy", CHECKOUT / "include"),
        ope.policy_metrics(challenger, {"champion": champion, "naive/popular": champion}),
    )
    failed = {check.metric: check for check in decision.checks if check.outcome != "passed"}
    assert decision.verdict == REFUSE
    assert {"effective_sample_size", "reward_dr", "reward_snips"} <= set(failed)
    assert failed["reward_snips"].low is not None and failed["reward_snips"].low < 0
