"""The process that reads a pickle: `python -I -m tools.upgrade.unpickle <kind>`, in a folder that holds `model.pkl`."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

from basketry.registry.artifacts import write_state
from tools.upgrade import old_names  # noqa: F401 (what pickles name is found by importing it)


def plain_values(kind: str, model: Any) -> dict[str, Any]:
    """Return the plain values of a model of an earlier release."""
    if kind == "propensity":
        from basketry.domains.propensity.plain import estimator_state

        return {"estimator": estimator_state(model)}
    if kind == "rfm":
        from basketry.domains.rfm.plain import pipeline_state

        return {"pipeline": pipeline_state(model)}
    return dict(model.state)


def main(kind: str) -> None:
    """Read the pickle and write its values."""
    with Path("model.pkl").open("rb") as stream:
        model = pickle.load(stream)  # noqa: S301 (that is what this process is for)
    write_state(Path("state"), kind, plain_values(kind, model))


if __name__ == "__main__":
    main(sys.argv[1])
