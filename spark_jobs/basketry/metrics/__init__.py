"""The metrics that people ask for, declared once in include/metrics.yaml: for questions, dashboards and Genie alike."""

from __future__ import annotations

from basketry.metrics.loader import load_metrics
from basketry.metrics.model import Cube, Dimension, Measure, Metrics

__all__ = ["Cube", "Dimension", "Measure", "Metrics", "load_metrics"]
