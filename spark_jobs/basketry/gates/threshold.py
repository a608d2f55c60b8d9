"""One number against one threshold, as MLflow's own validation has it."""

from __future__ import annotations


def holds(higher: bool, value: float, baseline: float | None = None, **limits: float) -> bool:
    """Whether MLflow's own validation lets a value pass; limits: as `mlflow.models.MetricThreshold` names them."""
    import mlflow
    from mlflow.models import EvaluationResult, MetricThreshold
    from mlflow.models.evaluation.validation import ModelValidationFailedException

    threshold = MetricThreshold(greater_is_better=higher, **limits)
    candidate = EvaluationResult({"metric": value}, {}, run_id="")
    compared = None if baseline is None else EvaluationResult({"metric": baseline}, {}, run_id="")
    try:
        mlflow.validate_evaluation_results({"metric": threshold}, candidate, compared)
    except ModelValidationFailedException:
        return False
    return True
