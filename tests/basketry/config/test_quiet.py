"""What is known and means nothing stays out of the logs; whatever nobody listed is shown."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings

import pytest

from basketry.config import quiet

SPEAKS = """
import logging, os, warnings
logging.basicConfig(format="%(name)s %(message)s")
from basketry.config.quiet import quiet_libraries
quiet_libraries()
quiet_libraries()
warnings.simplefilter("always")
for text in (
    "\\x1b[33mAn input example was not provided when logging the model. To\\x1b[0m",
    "An input is missing",
):
    warnings.warn(text, UserWarning)
logging.getLogger("mlflow.sklearn").warning("Saving scikit-learn models in the pickle or cloudpickle format requires")
logging.getLogger("mlflow.pyfunc").error("%s went wrong", "it")
print(os.environ["MLFLOW_LOGGING_LEVEL"])
"""


def test_known_chatter_is_dropped_and_everything_else_is_shown() -> None:
    """By how a warning begins, also where a library has filters of its own and colours its words; who pickles is told."""
    env = {**os.environ, "MLFLOW_LOGGING_LEVEL": "ERROR"}
    done = subprocess.run([sys.executable, "-c", SPEAKS], env=env, capture_output=True, text=True, check=True)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("  ")]
    assert [line.rpartition("Warning: ")[2] for line in lines] == [
        "An input is missing",
        "mlflow.sklearn Saving scikit-learn models in the pickle or cloudpickle format requires",
        "mlflow.pyfunc it went wrong",
    ]
    assert done.stdout == "ERROR\n", "what somebody has set stays"


def test_no_level_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is disabled for all: root logger and filters of warnings stay as they are."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    before = logging.root.level, logging.root.manager.disable, list(warnings.filters)
    quiet.quiet_libraries()
    assert (logging.root.level, logging.root.manager.disable, list(warnings.filters)) == before
