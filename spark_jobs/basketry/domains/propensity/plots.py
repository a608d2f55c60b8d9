"""Pictures of a trained model: reliability, gain and importance, in one style."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Curves = Mapping[str, Mapping[str, Any]]

_SHOWN = {
    "challenger": ("challenger", "-o", "#1f4e79"),
    "champion": ("champion", "-o", "#c55a11"),
    "naive/personal_rate": ("personal rate", "--", "#7f7f7f"),
    "repeat": ("challenger, bought it before", ":", "#2e75b6"),
    "explore": ("challenger, never bought it", ":", "#9dc3e6"),
}
"""Curves that are drawn: label, line and colour, which mean the same in every picture."""


def propensity_figures(curves: Curves, importance: pd.DataFrame) -> dict[str, Figure]:
    """Return every picture by its file name."""
    return {
        "reliability.png": _picture("mean predicted", "share who bought", lambda axes: _reliability(axes, curves)),
        "gain.png": _picture("share of customers", "share of buyers among them", lambda axes: _gain(axes, curves)),
        "importance.png": _picture("mean average precision lost", "", lambda axes: _importance(axes, importance)),
    }


def _picture(across: str, up: str, draw: Callable[[Axes], None]) -> Figure:
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.add_subplot()
    draw(axes)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _reliability(axes: Axes, curves: Curves) -> None:
    highest = 0.0
    for name, (label, line, colour) in _SHOWN.items():
        if name in curves:
            bins = curves[name]["reliability"]
            across, up = ([part[key] for part in bins] for key in ("predicted", "observed"))
            axes.plot(across, up, line, color=colour, label=label, markersize=4)
            highest = max(highest, *across, *up)
    axes.plot([0, highest], [0, highest], color="black", linewidth=0.5)
    axes.legend(frameon=False)


def _gain(axes: Axes, curves: Curves) -> None:
    for name, (label, line, colour) in _SHOWN.items():
        if name in curves:
            axes.plot(curves[name]["shares"], curves[name]["gain"], line, color=colour, label=label, markersize=3)
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.5)
    axes.legend(frameon=False)


def _importance(axes: Axes, importance: pd.DataFrame) -> None:
    top = importance.head(20).iloc[::-1]
    axes.barh(top["input"], top["average_precision_lost"], color=_SHOWN["challenger"][2])
    axes.tick_params(axis="y", labelsize=7)
