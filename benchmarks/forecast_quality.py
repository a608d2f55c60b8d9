"""How good forecasts are on real sales, against naive ones: `python -m benchmarks.forecast_quality`.

Online Retail: the next four weeks' revenue per product, products with a five-digit code, positive sales, Monday weeks from
2010-12-06, origins at weeks 40, 44 and 48, products that sold in the 26 weeks before. Methods are chosen and intervals
calibrated by earlier origins alone, by the very code and settings of the weekly training.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from basketry.config.settings import CHECKOUT
from basketry.domains.forecast import backtest, evaluate
from basketry.domains.forecast.series import MONTH, Panel, panel_of
from basketry.domains.forecast.settings import ForecastSettings, load_settings

DATA = Path(os.environ.get("BASKETRY_DATA") or CHECKOUT.parent / "shared" / "data")
FIRST_MONDAY = pd.Timestamp("2010-12-06")
WEEKS = 52
SHOWN = ("wape", "rmse", "rmsse", "bias")


def online_retail(data: Path = DATA) -> Panel:
    """Weekly series of 3,775 products over 52 weeks."""
    lines = pd.read_csv(data / "online_retail" / "OnlineRetail.csv.gz", dtype={"InvoiceNo": str, "StockCode": str})
    lines = lines[lines["StockCode"].str.match(r"^\d{5}") & (lines["Quantity"] > 0) & (lines["UnitPrice"] > 0)]
    week = (pd.to_datetime(lines["InvoiceDate"]) - FIRST_MONDAY).dt.days // 7
    lines = lines.assign(
        product_id=lines["StockCode"].str.upper(),
        weeks_ago=WEEKS - 1 - week,
        amount=lines["Quantity"] * lines["UnitPrice"],
    )
    lines = lines[(week >= 0) & (week < WEEKS)]
    sums = {"amount": ("amount", "sum"), "units": ("Quantity", "sum")}
    orders = lines.groupby(["product_id", "weeks_ago", "InvoiceNo"], as_index=False).agg(**sums)
    orders = orders.assign(log=np.log(orders["amount"]), square=np.log(orders["amount"]) ** 2)
    rows = orders.groupby(["product_id", "weeks_ago"], as_index=False).agg(
        revenue=("amount", "sum"),
        orders=("amount", "size"),
        units=("units", "sum"),
        largest_order=("amount", "max"),
        log_sum=("log", "sum"),
        log_square=("square", "sum"),
    )
    return panel_of(rows.assign(department="Uncategorised", category="Uncategorised"), WEEKS)


def tested(panel: Panel, settings: ForecastSettings) -> evaluate.BacktestResults:
    """The three test origins, each by what was known then."""
    past = [backtest.make_origin(panel, ago, settings) for ago in (24, 20, 16, 12, 8, 4)]
    return evaluate.evaluate_origins(past, settings, None)


def main() -> int:
    """Print every figure as Markdown."""
    settings = load_settings(CHECKOUT / "include")
    outcome = tested(online_retail(), settings)
    named = evaluate.named_metrics(outcome, settings)
    print(f"| forecast | {' | '.join(SHOWN)} |\n|{'---|' * (len(SHOWN) + 1)}")
    for name in outcome.forecasts:
        prefix = f"{name}/" if name else ""
        print(f"| {name or 'this model'} | {' | '.join(f'{named[prefix + metric]:.3f}' for metric in SHOWN)} |")
    for metric in (*SHOWN[:2], "bias", "absolute_bias", "coverage_90"):
        low, high = (named[f"interval/{metric}/{end}"] for end in ("low", "high"))
        print(f"{metric}: 95 % {low:.3f} to {high:.3f} over products and origins")
    for rival in ("exponential_smoothing", "seasonal_naive"):
        low, high = (named[f"versus/naive/{rival}/wape/{end}"] for end in ("low", "high"))
        print(f"WAPE less that of {rival}: {low:+.3f} to {high:+.3f}")
    print(f"90 % interval covers {named['coverage_90']:.1%}, 50 % interval {named['coverage_50']:.1%}")
    _parts(outcome, named)
    return 0


def _parts(outcome: evaluate.BacktestResults, named: dict[str, float]) -> None:
    for ago in sorted(set(outcome.origins.tolist()), reverse=True):
        rows = outcome.origins == ago
        truth, forecast = outcome.observed[rows, MONTH], outcome.forecasts[""][rows, MONTH]
        error = forecast - truth
        print(
            f"origin {WEEKS - ago:.0f}: WAPE {abs(error).sum() / truth.sum():.3f}, bias {error.sum() / truth.sum():+.3f}"
        )
    for name in sorted(set(outcome.classes.tolist())):
        ours, theirs = (named[f"{prefix}class/{name}/wape"] for prefix in ("", "naive/exponential_smoothing/"))
        share = float((outcome.classes == name).mean())
        print(
            f"{name} ({share:.0%}): WAPE {ours:.3f}, smoothing {theirs:.3f}, covers {named[f'class/{name}/coverage_90']:.1%}"
        )
    rival = evaluate.by_revenue_decile(outcome, "naive/exponential_smoothing")
    for decile, (ours, theirs) in enumerate(zip(evaluate.by_revenue_decile(outcome), rival, strict=True), start=1):
        print(f"tenth {decile}: WAPE {ours['wape']:.3f}, smoothing {theirs['wape']:.3f}")


if __name__ == "__main__":
    sys.exit(main())
