"""What people set about propensity models: include/propensity.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from basketry.config.documents import Node, read_document

FILE = "propensity.yaml"
_KEYS = {"training": ("dates", "step_days", "customers"), "tuning": ("trials",), "drift": ("warning", "refusal")}


@dataclass(frozen=True, kw_only=True)
class PropensitySettings:
    """How models are trained and when scores are refused; the file says what each value means."""

    dates: int
    step_days: int
    customers: int
    trials: int
    seed: int
    bootstrap: int
    drift_warning: float
    drift_refusal: float


def load_settings(include: Path) -> PropensitySettings:
    """Read the file.

    Raises:
        ContractError: A key is missing or unknown, or a value is out of range; the message has file and line.
    """
    root = read_document(include / FILE, FILE)
    names = (*_KEYS, "seed", "bootstrap")
    top = root.mapping("the document", names, names)
    _refuse_seconds(top["tuning"])
    part = {name: top[name].mapping(name, keys, keys) for name, keys in _KEYS.items()}
    warning = _number(part["drift"]["warning"], "warning")
    refusal = _number(part["drift"]["refusal"], "refusal")
    if refusal < warning:
        part["drift"]["refusal"].fail("refusal is below warning; make it at least as large.")
    return PropensitySettings(
        dates=_count(part["training"]["dates"], "dates", 1),
        step_days=_count(part["training"]["step_days"], "step_days", 1),
        customers=_count(part["training"]["customers"], "customers", 100),
        trials=_count(part["tuning"]["trials"], "trials", 1),
        seed=_count(top["seed"], "seed", 0),
        bootstrap=_count(top["bootstrap"], "bootstrap", 20),
        drift_warning=warning,
        drift_refusal=refusal,
    )


def _refuse_seconds(tuning: Node) -> None:
    """Refuse what older files have: a time limit makes the model depend on how busy the computer was."""
    if isinstance(tuning.value, dict) and "seconds" in tuning.value:
        tuning.value["seconds"].fail("tuning is no longer limited by time; remove 'seconds', trials alone limit it.")


def _count(node: Node, what: str, least: int) -> int:
    count: int = node.expect(int, what)
    return count if count >= least else node.fail(f"{what} is {count}; make it at least {least}.")


def _number(node: Node, what: str) -> float:
    number: float = node.expect(float, what)
    return float(number) if number > 0 else node.fail(f"{what} is {number}; make it more than 0.")
