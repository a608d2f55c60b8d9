"""What people set about forecasts: include/forecast.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from basketry.config.documents import Node, read_document

FILE = "forecast.yaml"
_KEYS = {
    "history": ("weeks", "active_weeks", "new_weeks", "least_weeks"),
    "training": ("origins", "products", "rounds"),
    "booster": (
        "objective",
        "learning_rate",
        "num_leaves",
        "min_data_in_leaf",
        "feature_fraction",
        "bagging_fraction",
        "lambda_l2",
    ),
    "backtest": ("chosen_on", "tested_on", "step_weeks"),
    "scoring": ("products_a_group",),
}
OBJECTIVES = ("regression", "regression_l1", "huber", "tweedie")


@dataclass(frozen=True, kw_only=True)
class ForecastSettings:
    """How forecasts are made and evaluated; the file says what each value means."""

    weeks: int
    active_weeks: int
    new_weeks: int
    least_weeks: int
    training_origins: int
    training_products: int
    rounds: int
    parameters: Mapping[str, object]
    chosen_on: int
    tested_on: int
    step_weeks: int
    products_a_group: int
    candidates: tuple[str, ...]
    seed: int
    bootstrap: int


def load_settings(include: Path) -> ForecastSettings:
    """Read the settings.

    Raises:
        ContractError: A key is missing or unknown, or a value is out of range; the message has file and line.
    """
    from basketry.domains.forecast.candidates import ALL

    names = (*_KEYS, "candidates", "seed", "bootstrap")
    top = read_document(include / FILE, FILE).mapping("the document", names, names)
    part = {name: top[name].mapping(name, keys, keys) for name, keys in _KEYS.items()}
    history, training, past = part["history"], part["training"], part["backtest"]
    chosen = tuple(node.choice("a candidate", ALL) for node in top["candidates"].items("candidates"))
    if not chosen:
        top["candidates"].fail(f"candidates is empty; name at least one of: {', '.join(ALL)}.")
    return ForecastSettings(
        weeks=_count(history["weeks"], "weeks", 8),
        active_weeks=_count(history["active_weeks"], "active_weeks", 1),
        new_weeks=_count(history["new_weeks"], "new_weeks", 1),
        least_weeks=_count(history["least_weeks"], "least_weeks", 1),
        training_origins=_count(training["origins"], "origins", 1),
        training_products=_count(training["products"], "products", 50),
        rounds=_count(training["rounds"], "rounds", 1),
        parameters=_booster(part["booster"]),
        chosen_on=_count(past["chosen_on"], "chosen_on", 1),
        tested_on=_count(past["tested_on"], "tested_on", 1),
        step_weeks=_count(past["step_weeks"], "step_weeks", 1),
        products_a_group=_count(part["scoring"]["products_a_group"], "products_a_group", 1),
        candidates=chosen,
        seed=_count(top["seed"], "seed", 0),
        bootstrap=_count(top["bootstrap"], "bootstrap", 20),
    )


def _booster(nodes: Mapping[str, Node]) -> dict[str, object]:
    """Return LightGBM's parameters by its own names."""
    parameters: dict[str, object] = {"objective": nodes["objective"].choice("objective", OBJECTIVES)}
    parameters |= {name: _count(nodes[name], name, 2) for name in ("num_leaves", "min_data_in_leaf")}
    parameters |= {name: _number(nodes[name], name) for name in ("learning_rate", "lambda_l2")}
    for name in ("feature_fraction", "bagging_fraction"):
        share = _number(nodes[name], name)
        parameters[name] = share if share <= 1 else nodes[name].fail(f"{name} is {share}; make it at most 1.")
    return parameters | {"bagging_freq": 1}


def _count(node: Node, what: str, least: int) -> int:
    value: int = node.expect(int, what)
    return value if value >= least else node.fail(f"{what} is {value}; make it at least {least}.")


def _number(node: Node, what: str) -> float:
    value: float = node.expect(float, what)
    return float(value) if value > 0 else node.fail(f"{what} is {value}; make it more than 0.")
