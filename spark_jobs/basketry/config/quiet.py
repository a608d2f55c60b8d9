"""Chatter of libraries that is known and means nothing here, kept out of logs by its own words.

What nobody has listed still appears, and errors always do. Call it before the libraries are imported.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from typing import Any

MLFLOW = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""MLflow's own settings, where nothing else is set: its information lines repeat what a job's report says, and a progress bar
is a line for each step of it in a log."""

WARNINGS = (
    # An example would be rows of persons; signatures are declared, and tested on what is scored.
    r"An input example was not provided when logging the model",
)
"""How warnings of Python begin."""

_COLOUR = re.compile(r"\x1b\[[\d;]*m")


def quiet_libraries() -> None:
    """Keep known chatter out of this process's output; a second call changes nothing."""
    for name, value in MLFLOW.items():
        os.environ.setdefault(name, value)
    if not isinstance(warnings.showwarning, _ShowUnknown):
        warnings.showwarning = _ShowUnknown(warnings.showwarning)


class _ShowUnknown:
    """Shows warnings as before, but for the known ones.

    A filter of warnings would not do: libraries put filters of their own before it.
    """

    def __init__(self, show: Callable[..., object]) -> None:
        self._show = show
        self._known = re.compile("|".join(WARNINGS))

    def __call__(self, message: Warning | str, *named: Any, **more: Any) -> None:
        """Show a warning that is not known."""
        if not self._known.match(_COLOUR.sub("", str(message))):
            self._show(message, *named, **more)
