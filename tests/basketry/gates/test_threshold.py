"""One number against one threshold: decided as MLflow's own validation would decide."""

from __future__ import annotations

import mlflow
import pytest
from mlflow.models import EvaluationResult, MetricThreshold
from mlflow.models.evaluation.validation import ModelValidationFailedException

from basketry.gates.threshold import improves_by, improves_by_share, reaches

VALUES = (-0.2, 0.0, 0.1, 0.1 + 0.2, 0.3, 0.33, 1.0)


def mlflow_accepts(value: float, baseline: float | None, *, higher: bool, **limits: float) -> bool:
    """What `mlflow.validate_evaluation_results` decides."""
    threshold = MetricThreshold(greater_is_better=higher, **limits)
    candidate = EvaluationResult({"metric": value}, {}, run_id="")
    compared = None if baseline is None else EvaluationResult({"metric": baseline}, {}, run_id="")
    try:
        mlflow.validate_evaluation_results({"metric": threshold}, candidate, compared)
    except ModelValidationFailedException:
        return False
    return True


@pytest.mark.parametrize("higher", [True, False])
def test_a_number_is_compared_as_mlflow_compares_it(higher: bool) -> None:
    """At a bound, beside a champion by an amount or by a share, and beside a champion of 0."""
    for value in VALUES:
        for other in VALUES:
            assert reaches(value, other, higher_is_better=higher) == mlflow_accepts(
                value, None, higher=higher, threshold=other
            )
            for change in (1e-9, 0.1, 0.2):
                assert improves_by(value, other, change, higher_is_better=higher) == mlflow_accepts(
                    value, other, higher=higher, min_absolute_change=change
                )
                assert improves_by_share(value, other, change, higher_is_better=higher) == mlflow_accepts(
                    value, other, higher=higher, min_relative_change=change
                )
