"""What holds for every input of its kind, shown by generated ones: the same each time, so that a failure is everybody's."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

SAME_EACH_TIME = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""derandomize: the examples depend on the test alone, and nothing is remembered between runs."""
