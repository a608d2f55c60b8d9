"""Forecasts: a back-test of 4,000 products over 100 weeks, and how time and memory grow up to 100,000 products."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from basketry.config.settings import CHECKOUT
from basketry.domains.forecast.series import MEASURES, Panel, panel_of
from benchmarks.cases import HERE, submit
from benchmarks.measure import Figure, environment_with, timed

PRODUCTS, WEEKS, MANY = 4_000, 100, 100_000
AS_OF = date(2026, 1, 4)


def forecast(folder: Path) -> list[Figure]:
    """Measure seconds of the back-test; seconds per product and peak memory of a tenth and of all of 100,000 products."""
    backtest = timed([sys.executable, "-m", "benchmarks.forecast"], environment_with()).seconds
    few, many = (submit(HERE / "many_products.py", str(count), home=folder) for count in (MANY // 10, MANY))
    return [
        Figure(
            what="back-test of 4,000 products x 100 weeks, 4 origins / 5 minutes",
            measured=f"{backtest:.0f} s",
            ratio=backtest / 300,
            goal=1.0,
        ),
        Figure(
            what="seconds per product, 100,000 products / 10,000 products",
            measured=f"{many.seconds:.0f} s against {few.seconds:.0f} s",
            ratio=many.seconds / few.seconds / 10,
            goal=1.2,
            note="local[2]",
        ),
        Figure(
            what="peak memory of a process, 100,000 products / 10,000 products",
            measured=f"{many.peak_mib:.0f} MiB against {few.peak_mib:.0f} MiB",
            ratio=many.peak_mib / few.peak_mib,
            goal=1.3,
        ),
    ]


def weekly_rows(first: int, count: int, weeks: int = WEEKS) -> pd.DataFrame:
    """Rows of `panel_of` for made-up products: rates and sizes that differ widely, the same for the same numbers."""
    numbers = np.arange(first, first + count)
    random = np.random.default_rng(first)
    rate, size = np.exp(random.normal(-0.2, 1.0, count)), np.exp(random.normal(2.5, 0.8, count))
    orders = random.poisson(rate[:, None], (count, weeks))
    product, week = np.nonzero(orders)
    sold = orders[product, week]
    mean = size[product] * np.exp(random.normal(0, 0.4, len(product)))
    sums = (mean * sold, sold, sold * 2.0, mean * np.sqrt(sold), np.log(mean) * sold, np.log(mean) ** 2 * sold)
    head = {
        "product_id": np.char.add("P", numbers[product].astype(str)).astype(object),
        "department": np.char.add("D", (numbers[product] % 20).astype(str)).astype(object),
        "category": np.char.add("C", (numbers[product] % 300).astype(str)).astype(object),
        "weeks_ago": (weeks - 1 - week).astype(np.int32),
    }
    return pd.DataFrame({**head, **{name: values.astype(float) for name, values in zip(MEASURES, sums, strict=True)}})


def trained(panel: Panel) -> object:
    """Train with four origins, by the shipped settings."""
    from basketry.domains.forecast import train
    from basketry.domains.forecast.settings import load_settings

    shipped = load_settings(CHECKOUT / "include")
    past = shipped.backtest.model_copy(update={"chosen_on": 2, "tested_on": 2})
    settings = shipped.model_copy(update={"backtest": past})
    return train.train_challenger(panel, Namespace(as_of=AS_OF), settings).trained


def main() -> int:
    """Run the back-test alone, for a stopwatch."""
    panel = panel_of(weekly_rows(0, PRODUCTS), WEEKS)
    start = time.process_time()
    trained(panel)
    print(f"{len(panel):,} products, {time.process_time() - start:.1f} CPU seconds")
    return 0


CASES: dict[str, Callable[[Path], list[Figure]]] = {"forecast": forecast}

if __name__ == "__main__":
    sys.exit(main())
