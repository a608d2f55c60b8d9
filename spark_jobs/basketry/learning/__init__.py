"""What models share: evaluation, confidence, tracking in MLflow, which version scores."""
