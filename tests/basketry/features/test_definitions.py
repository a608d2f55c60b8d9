"""The names and the derived columns: 94 per window, and a division by zero is 0."""

from __future__ import annotations

import duckdb
import pytest

from basketry.features.definitions import CORRECTED, base_measures, parity_columns, ratio_expressions
from basketry.tables import CUSTOMER_FEATURES
from basketry.tables.features import WINDOWS


@pytest.mark.parametrize("window", WINDOWS)
def test_the_reference_set_is_complete(window: str) -> None:
    """30 stored and 64 derived columns a window; the stored ones are declared, the corrected ones beside them."""
    stored = {f"{name}_{window}" for name in base_measures()}
    assert (len(stored), len(ratio_expressions(window)), len(parity_columns(window))) == (30, 64, 94)
    assert set(parity_columns(window).values()) == stored | set(ratio_expressions(window))
    assert stored | {f"{name}_{window}" for name in CORRECTED.values()} <= set(CUSTOMER_FEATURES.column_names)


def test_a_year_ago_keeps_the_reference_name() -> None:
    """What we call ly30d is the reference's 1yr."""
    assert parity_columns("ly30d")["products_per_basket_1yr"] == "products_per_basket_ly30d"


def test_ratios_run_in_duckdb_and_divide_by_zero() -> None:
    """The expressions are plain SQL; with nothing bought every ratio is 0."""
    names = [name for name in CUSTOMER_FEATURES.column_names if name.endswith("_30d")]
    rows = " UNION ALL ".join("SELECT " + ", ".join(f"{value} AS {name}" for name in names) for value in (0, 6))
    select = ", ".join(f"{sql} AS {name}" for name, sql in ratio_expressions("30d").items())
    nothing, six = duckdb.sql(f"SELECT {select} FROM ({rows}) ORDER BY 1").fetchall()
    assert set(nothing) == {0}
    assert set(six) == {1, 6 / 30}
