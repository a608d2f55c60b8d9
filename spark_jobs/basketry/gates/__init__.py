"""Gates: what a challenger must show before it may become champion. Plain Python, no Spark.

The conditions are in `include/gates/<name>.yaml`; `verdict` applies them to what the training run has logged.
"""

from __future__ import annotations

from basketry.gates.judging import verdict
from basketry.gates.loader import gate_names, load_gate
from basketry.gates.model import PROVISIONAL, UNSURE, Change, Check, Gate, Limit, Margin, PartLimit, Realised, Verdict
from basketry.gates.telling import markdown_table

__all__ = [
    "PROVISIONAL",
    "UNSURE",
    "Change",
    "Check",
    "Gate",
    "Limit",
    "Margin",
    "PartLimit",
    "Realised",
    "Verdict",
    "gate_names",
    "load_gate",
    "markdown_table",
    "verdict",
]
