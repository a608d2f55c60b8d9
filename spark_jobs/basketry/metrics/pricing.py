"""What another price would earn, from a forecast and an elasticity. Plain numpy: jobs and the console share the function."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class WhatIf:
    """Revenue at another price, with the interval of the level that the forecast's interval has; nan where unknown."""

    revenue: Floats
    low: Floats
    high: Floats


def what_if(
    revenue: Floats,
    low: Floats,
    high: Floats,
    elasticity: Floats,
    standard_error: Floats,
    change: float,
    level: float = 0.9,
) -> WhatIf:
    """Return what would be earned if the price changed by a share: revenue (1 + change)^(1 + elasticity).

    The errors of forecast and elasticity count as independent on a logarithmic scale.

    Args:
        revenue: The forecast at today's price.
        low: The lower end of its interval.
        high: The upper end of its interval.
        elasticity: Of demand to the price; the answer is nan where it is.
        standard_error: Of the elasticity.
        change: The price's change as a share; -0.1 is ten per cent off.
        level: The level of the interval.
    """
    if change <= -1:
        raise ValueError(f"a price cannot change by {change:.0%}")
    step = np.log1p(change)
    factor = np.exp(step * (1 + elasticity))
    shift = NormalDist().inv_cdf((1 + level) / 2) * abs(step) * standard_error
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.where(revenue > 0, np.log(high / revenue), 0.0)
        down = np.where(revenue > 0, np.log(revenue / low), 0.0)
    expected = revenue * factor
    return WhatIf(expected, expected * np.exp(-np.hypot(down, shift)), expected * np.exp(np.hypot(up, shift)))
