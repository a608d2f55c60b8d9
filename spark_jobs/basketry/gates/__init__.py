"""Gates: what a challenger must show before it may become champion. Plain Python, no Spark.

The conditions are in `include/gates/<name>.yaml`; `evaluate_gate` applies them to what the training run has logged.
"""

from __future__ import annotations

from basketry.gates.formatting import markdown_table
from basketry.gates.loader import gate_names, load_gate
from basketry.gates.model import (
    PROVISIONAL,
    UNSURE,
    ChampionChange,
    Check,
    DecayRule,
    Gate,
    Limit,
    Margin,
    PartLimit,
    Verdict,
)
from basketry.gates.verdicts import evaluate_gate

__all__ = [
    "PROVISIONAL",
    "UNSURE",
    "ChampionChange",
    "Check",
    "DecayRule",
    "Gate",
    "Limit",
    "Margin",
    "PartLimit",
    "Verdict",
    "evaluate_gate",
    "gate_names",
    "load_gate",
    "markdown_table",
]
