"""The forecaster as MLflow serves it: weekly rows of products in, their revenue of the horizons out.

Whoever has MLflow load it needs this library, as every job has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from basketry.domains.forecast.forecaster import restore_forecaster
from basketry.domains.forecast.series import HORIZONS, MEASURES, PERIODS, panel_of, periods_of
from basketry.registry.artifacts import read_state
from basketry.registry.models import FORECAST_MODEL

COLUMNS = {
    **dict.fromkeys(("product_id", "department", "category"), "string"),
    "weeks_ago": "long",
    **dict.fromkeys(MEASURES, "double"),
}


class ServedForecaster:
    """Serve a forecaster from its state, which is plain values.

    Attributes:
        state: The state of `Forecaster.state`.
    """

    def __init__(self, state: Mapping[str, Any]) -> None:
        """Keep the state, which is all that MLflow stores."""
        self.state = dict(state)

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Forecast the revenue of 7, 28 and 91 days, one row per product, not reconciled with other products."""
        panel = panel_of(model_input, int(model_input["weeks_ago"].max()) + 1)
        periods = periods_of(restore_forecaster(self.state).base(panel).weekly)
        columns = {f"revenue_{7 * weeks}d": periods[:, PERIODS.index((1, weeks))] for weeks in HORIZONS}
        return pd.DataFrame({"product_id": panel.products, **columns})


def _load_pyfunc(data_path: str) -> ServedForecaster:
    """Make the model of its plain values, as MLflow asks for."""
    return ServedForecaster(restore_forecaster(read_state(Path(data_path), FORECAST_MODEL.name)).state())
