"""The forecaster as MLflow serves it: weekly rows of products in, their revenue of the horizons out.

The model is stored as plain values; whoever loads it needs this library, as every job has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from mlflow.pyfunc import PythonModel

from basketry.domains.forecast.forecaster import restore_forecaster
from basketry.domains.forecast.series import HORIZONS, MEASURES, PERIODS, panel_of, periods_of

COLUMNS = {
    **dict.fromkeys(("product_id", "department", "category"), "string"),
    "weeks_ago": "long",
    **dict.fromkeys(MEASURES, "double"),
}


class ServedForecaster(PythonModel):
    """Serve a forecaster from its state, which is plain values.

    Attributes:
        state: The state of `Forecaster.state`.
    """

    def __init__(self, state: Mapping[str, Any]) -> None:
        """Keep the state, which is all that MLflow stores."""
        self.state = dict(state)

    def predict(self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Forecast the revenue of 7, 28 and 91 days, one row per product, not reconciled with other products."""
        panel = panel_of(model_input, int(model_input["weeks_ago"].max()) + 1)
        periods = periods_of(restore_forecaster(self.state).base(panel).weekly)
        columns = {f"revenue_{7 * weeks}d": periods[:, PERIODS.index((1, weeks))] for weeks in HORIZONS}
        return pd.DataFrame({"product_id": panel.products, **columns})
