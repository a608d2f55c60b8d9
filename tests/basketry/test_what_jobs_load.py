"""Jobs of every day load no library that only a training needs: on two cores those take longer than the day's work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[2]
TRAINING = {"lightgbm", "matplotlib", "optuna", "sklearn"}
LOADED = """
import sys
from basketry.jobs.propensity import PROPENSITY_OUTCOMES, SCORE_PROPENSITY
from basketry.jobs.rfm import RFM
from basketry.lake.runner import job_function
for job in (SCORE_PROPENSITY, PROPENSITY_OUTCOMES, RFM):
    job_function(job)
import basketry.domains.rfm.score
print(*sorted(sys.modules))
"""


def test_scoring_judging_and_assigning_load_nothing_that_trains() -> None:
    """What a model itself needs is loaded with it, and nothing before."""
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, cwd=CHECKOUT / "spark_jobs", capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "basketry.domains.propensity.score" in loaded
    assert not TRAINING & loaded
