"""Forecasts so many made-up products as the job does, one group per task, and throws the rows away: `many_products.py <count>`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pandas as pd

from basketry.config.settings import CHECKOUT
from basketry.domains.forecast import forecast_rows, sales_history, score
from basketry.domains.forecast.forecaster import fallback_forecaster
from basketry.domains.forecast.series import MEASURES, WEEKS_AHEAD, panel_of
from basketry.domains.forecast.settings import load_settings
from basketry.lake.session import spark_session
from benchmarks.forecast import AS_OF, WEEKS, weekly_rows

SCHEMA = "product_id string, department string, category string, weeks_ago int, " + ", ".join(
    f"{m} double" for m in MEASURES
)
STEP = 1_000


def main(count: int) -> None:
    """All candidates of every product, reconciled factors of one, and every row of the table made."""
    from dataclasses import replace

    import numpy as np

    settings = load_settings(CHECKOUT / "include")
    spark = spark_session("many-products")
    panel = panel_of(weekly_rows(0, STEP), WEEKS)
    forecaster = replace(
        fallback_forecaster(panel, AS_OF, settings),
        choice=dict.fromkeys(("smooth", "erratic", "intermittent", "lumpy", "new"), "tsb"),
    )

    def made(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Weekly rows of made-up products."""
        for part in parts:
            for first in part["id"]:
                yield weekly_rows(int(first), STEP)

    def final(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Their forecasts."""
        factors = {f"D{number}": np.ones(WEEKS_AHEAD) for number in range(20)}
        for part in parts:
            yield forecast_rows.product_rows(part, factors, forecaster)

    weekly = spark.range(0, count, STEP, max(2, count // 10_000)).mapInPandas(made, SCHEMA)
    found = sales_history.SalesHistory(lines=weekly, tree=weekly, first_sale=AS_OF, weeks=WEEKS, products=count)
    base = score.base_forecasts(weekly, forecaster, found, settings)
    base.mapInPandas(final, forecast_rows.SCHEMA).write.format("noop").mode("overwrite").save()


if __name__ == "__main__":
    main(int(sys.argv[1]))
