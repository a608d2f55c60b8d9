"""The model card: what a person should know before letting a forecaster decide about stock and prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from basketry.domains.forecast.candidates import BASELINES
from basketry.domains.forecast.evaluate import CHAMPION, BacktestResults, by_revenue_decile
from basketry.domains.forecast.forecaster import Forecaster
from basketry.domains.forecast.series import HORIZONS

_SHOWN = ("wape", "rmse", "rmsse", "bias")


@dataclass(frozen=True, kw_only=True)
class ForecastCardSubject:
    """What a card is about.

    Attributes:
        catalog: The retailer.
        as_of: The day up to which sales were learned from.
        products: How many products.
        weeks: How many complete weeks.
        forecaster: The trained forecaster.
        results: Its back-test.
        metrics: Every number of the back-test, by its logged name.
        champion: A sentence about the comparison with the champion.
    """

    catalog: str
    as_of: date
    products: int
    weeks: int
    forecaster: Forecaster
    results: BacktestResults
    metrics: Mapping[str, float]
    champion: str


def forecast_card(subject: ForecastCardSubject) -> str:
    """Write the card as Markdown."""
    parts = (_head(subject), _comparison(subject), _classes(subject), _deciles(subject), _limits())
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(subject: ForecastCardSubject) -> Iterator[str]:
    metrics = subject.metrics
    origins = sorted(set(subject.results.origins.tolist()), reverse=True)
    yield f"# Revenue forecast of {subject.catalog}, as of {subject.as_of}"
    yield ""
    yield f"- {subject.products:,} products, {subject.weeks} complete weeks."
    yield f"- Tested at origins {', '.join(f'{ago:.0f}' for ago in origins)} weeks ago; each chose nothing of itself."
    yield (
        f"- Next 28 days: WAPE {metrics['wape']:.3f}, 95 % {metrics['interval/wape/low']:.3f} to"
        f" {metrics['interval/wape/high']:.3f} over products and origins; the 90 % interval covers {metrics['coverage_90']:.1%},"
        f" 95 % {metrics['interval/coverage_90/low']:.1%} to {metrics['interval/coverage_90/high']:.1%}."
    )
    yield f"- {subject.champion}"
    yield ""


def _comparison(subject: ForecastCardSubject) -> Iterator[str]:
    yield "## Beside every naive forecast, 28 days"
    yield ""
    names = [
        "",
        *([CHAMPION] if f"{CHAMPION}/wape" in subject.metrics else []),
        *(f"naive/{name}" for name in BASELINES),
    ]
    rows = [
        (name or "this model", *(_number(subject.metrics, f"{name}/{metric}".lstrip("/")) for metric in _SHOWN))
        for name in names
    ]
    yield from _table(("forecast", *_SHOWN), rows)


def _classes(subject: ForecastCardSubject) -> Iterator[str]:
    yield "## By demand class and horizon"
    yield ""
    metrics, classes = subject.metrics, sorted(set(subject.results.classes.tolist()))
    rows = [
        (
            name,
            subject.forecaster.choice[name],
            _number(metrics, f"class/{name}/wape"),
            _number(metrics, f"class/{name}/bias"),
            _number(metrics, f"class/{name}/coverage_90"),
        )
        for name in classes
    ]
    yield from _table(("class", "method", "wape", "bias", "90 % covers"), rows)
    spans = [
        (
            f"{7 * weeks} days",
            *(_number(metrics, f"days_{7 * weeks}/{name}") for name in ("wape", "bias", "coverage_90")),
        )
        for weeks in HORIZONS
    ]
    yield from _table(("horizon", "wape", "bias", "90 % covers"), spans)


def _deciles(subject: ForecastCardSubject) -> Iterator[str]:
    yield "## By size, 28 days"
    yield ""
    ours, smoothing = (by_revenue_decile(subject.results, name) for name in ("", "naive/exponential_smoothing"))
    rows = [
        (str(number), f"{own['wape']:.3f}", f"{other['wape']:.3f}", f"{own['bias']:+.3f}")
        for number, (own, other) in enumerate(zip(ours, smoothing, strict=True), start=1)
    ]
    yield from _table(("tenth of products, smallest first", "wape", "exponential smoothing", "bias"), rows)


def _limits() -> Iterator[str]:
    yield "## What it is not"
    yield ""
    yield "- Aware of promotions, holidays or prices to come: what is planned is not in the data."
    yield "- A forecast of demand: a product that was out of stock sold nothing, and that is what it learned."


def _number(metrics: Mapping[str, float], name: str) -> str:
    return f"{metrics[name]:,.3f}" if name in metrics else "-"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""
