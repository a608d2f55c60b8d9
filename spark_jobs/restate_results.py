"""Makes segments, forecasts, decisions, scores and their outcomes again for exactly those days that late order lines touch."""

from __future__ import annotations

import argparse

from basketry.lake import restatement
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.restatement import Result
from basketry.lake.runner import job_main, job_parser
from basketry.tables import (
    FORECAST_OUTCOMES,
    PRODUCT_DECISIONS,
    PRODUCT_FORECASTS,
    PROPENSITY_OUTCOMES,
    PROPENSITY_SCORES,
    RFM_PROFILES,
)


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Make again what was touched up to --as-of, each by the version of the model that made it."""
    return restatement.run(lake, arguments, results())


def results() -> tuple[Result, ...]:
    """What daily scoring leaves behind, each after what it is made of. Scores follow their features: those say which are stale."""
    # Only here: what learns and scores loads a second of libraries that --help can do without.
    from basketry.domains.decisions import job as decisions
    from basketry.domains.forecast import accuracy
    from basketry.domains.forecast import score as forecast
    from basketry.domains.propensity import outcomes
    from basketry.domains.propensity import score as propensity
    from basketry.domains.rfm import assign
    from basketry.features import restate as features

    return (
        Result("rfm", assign.run, RFM_PROFILES, assign.SEES),
        Result("forecast", forecast.run, PRODUCT_FORECASTS, forecast.SEES),
        Result("decide_products", decisions.run, PRODUCT_DECISIONS, forecast.SEES, "forecast"),
        Result(
            "forecast_accuracy", accuracy.run, FORECAST_OUTCOMES, forecast.SEES[:1], "forecast", ahead="horizon_days"
        ),
        Result("score_propensity", propensity.run, PROPENSITY_SCORES, where="is_stale", options={"days": 1}),
        Result(
            "propensity_outcomes",
            outcomes.run,
            PROPENSITY_OUTCOMES,
            features.SEES,
            "score_propensity",
            ahead=str(outcomes.HORIZON),
        ),
    )


parser = job_parser("restate_results", __doc__, dated=True, turns=("restate_results",))

if __name__ == "__main__":
    job_main(parser, run)
