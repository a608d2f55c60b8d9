"""The target of a command, see `basketry.config.targets`."""

from __future__ import annotations

from pathlib import Path

from basketry.config import targets
from basketry.config.targets import CLOUDS, NOBODY, Target, target_names
from basketry.errors import BadInputError
from tools.problem import Problem

__all__ = ["CLOUDS", "NOBODY", "Target", "load_target", "target_names"]


def load_target(name: str, include: Path) -> Target:
    """Read a target.

    Raises:
        Problem: Names the file, the line and what to write there.
    """
    if not name:
        raise Problem(f"no target is given: say make deploy TARGET=… with one of: {', '.join(target_names(include))}.")
    try:
        return targets.load_target(name, include)
    except BadInputError as error:
        raise Problem(error.message) from None
