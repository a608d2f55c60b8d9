"""Makes segments, forecasts, decisions, scores and their outcomes again for exactly those days that late order lines touch."""

from __future__ import annotations

import argparse

from basketry.lake import restatement
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.restatement import RestatableResult
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
    """Make again what was touched up to --as-of, each result by the version of the model that made it."""
    return restatement.restate(lake, arguments, restatable_results())


def restatable_results() -> tuple[RestatableResult, ...]:
    """List what daily scoring leaves behind, each result after what it is made of.

    Scores follow their features: those say which scores are stale.
    """
    # Only here: what learns and scores loads a second of libraries that --help can do without.
    from basketry.domains.decisions import job as decisions
    from basketry.domains.forecast import accuracy
    from basketry.domains.forecast import score as forecast
    from basketry.domains.propensity import outcomes
    from basketry.domains.propensity import score as propensity
    from basketry.domains.rfm import score as rfm
    from basketry.features import restate as features

    order_lines = forecast.INPUTS[:1]
    return (
        RestatableResult(job="rfm", run=rfm.run, table=RFM_PROFILES, inputs=rfm.INPUTS),
        RestatableResult(job="forecast", run=forecast.run, table=PRODUCT_FORECASTS, inputs=forecast.INPUTS),
        RestatableResult(
            job="decide_products",
            run=decisions.run,
            table=PRODUCT_DECISIONS,
            inputs=forecast.INPUTS,
            built_on="forecast",
        ),
        RestatableResult(
            job="forecast_accuracy",
            run=accuracy.run,
            table=FORECAST_OUTCOMES,
            inputs=order_lines,
            built_on="forecast",
            days_ahead="horizon_days",
        ),
        RestatableResult(
            job="score_propensity", run=propensity.run, table=PROPENSITY_SCORES, where="is_stale", options={"days": 1}
        ),
        RestatableResult(
            job="propensity_outcomes",
            run=outcomes.run,
            table=PROPENSITY_OUTCOMES,
            inputs=features.INPUTS,
            built_on="score_propensity",
            days_ahead=str(outcomes.HORIZON),
        ),
    )


parser = job_parser("restate_results", __doc__, dated=True, locks=("restate_results",))

if __name__ == "__main__":
    job_main(parser, run)
