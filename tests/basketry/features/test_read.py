"""What models read: every customer with every category, nothing from after the date, and labels from after it only."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from basketry.errors import BadInputError, TableError
from basketry.features.compute import FeatureRequest, compute_features, input_versions
from basketry.features.read import pair_inputs, purchase_labels
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import ORDER_LINES, PRODUCTS
from tests.basketry.features.samples import LINES, PRODUCTS_SOLD
from tests.kit.lake import frame
from tests.kit.rows import order_line

pytestmark = pytest.mark.slow

D, BEFORE = date(2024, 1, 20), date(2024, 1, 19)
COLUMNS = (
    "pair_days_30d",
    "pair_days_since_last",
    "pair_amount_paid_ever",
    "category_customers_30d",
    "customer_days_ever",
)
CATEGORIES = ("Tea", "Milk 'n more", "Uncategorised")


def _prepare(lake: Lakehouse) -> None:
    lines = [*LINES, order_line("O10", "1", "2024-02-19", "C2", product="P4")]
    lake.append(ORDER_LINES, frame(lake.spark, ORDER_LINES, lines))
    lake.append(PRODUCTS, frame(lake.spark, PRODUCTS, PRODUCTS_SOLD))


def test_inputs_and_labels(lake: Lakehouse) -> None:
    """Known customers times categories; never bought is 0, and null where a day is asked for; labels are (T, T+30]."""
    _prepare(lake)
    compute_features(
        lake,
        FeatureRequest(dates=(BEFORE, D), select_categories=True, selected_as_of=date(2024, 2, 23)),
        input_versions(lake),
    )
    rows = pair_inputs(lake, [D, BEFORE], CATEGORIES, COLUMNS)
    assert rows.columns == ["as_of", "customer_id", "category", *COLUMNS, "history_days"]
    inputs = {tuple(row[:3]): tuple(row[3:]) for row in rows.collect()}
    assert inputs == {
        (BEFORE, "C1", "Tea"): (1, 18, 10.0, 1, 1, 19),
        (BEFORE, "C1", "Milk 'n more"): (1, 18, 9.0, 1, 1, 19),
        (BEFORE, "C1", "Uncategorised"): (0, None, 0.0, 0, 1, 19),
        (D, "C1", "Tea"): (1, 19, 10.0, 2, 1, 20),
        (D, "C1", "Milk 'n more"): (1, 19, 9.0, 1, 1, 20),
        (D, "C1", "Uncategorised"): (0, None, 0.0, 0, 1, 20),
        (D, "C2", "Tea"): (1, 0, 9.5, 2, 1, 20),
        (D, "C2", "Milk 'n more"): (0, None, 0.0, 1, 1, 20),
        (D, "C2", "Uncategorised"): (0, None, 0.0, 0, 1, 20),
    }
    bought = {tuple(row) for row in purchase_labels(lake, [D, BEFORE], CATEGORIES).collect()}
    assert bought == {
        (D, "C1", "Tea"),
        (D, "C3", "Milk 'n more"),
        (D, "C2", "Uncategorised"),
        (BEFORE, "C1", "Tea"),
        (BEFORE, "C2", "Tea"),
        (BEFORE, "C3", "Milk 'n more"),
    }
    assert {tuple(row) for row in purchase_labels(lake, [D], ["Tea"], days=20).collect()} == set()


def test_what_is_not_there_is_named(lake: Lakehouse) -> None:
    """A date without features, a category they lack, labels past the data: one sentence with the command that helps."""
    _prepare(lake)
    compute_features(lake, FeatureRequest(dates=(D,)), input_versions(lake))
    with pytest.raises(BadInputError) as error:
        pair_inputs(lake, [D, BEFORE], CATEGORIES, COLUMNS)
    assert error.value.message == (
        "no features of catalog demo are stored as of 2024-01-19: run the job features with --as-of 2024-01-19"
        " --dates 2024-01-19."
    )
    with pytest.raises(BadInputError) as error:
        pair_inputs(lake, [D], ["Tea", "Bread"], COLUMNS)
    assert error.value.message.startswith("features of catalog demo as of 2024-01-20 lack the category 'Bread': run")
    with pytest.raises(TableError):
        pair_inputs(lake, [D], ["Tea"], ["pair_nonsense"])
    with pytest.raises(BadInputError) as error:
        purchase_labels(lake, [D + timedelta(days=10)], ["Tea"])
    assert "need order lines up to 2024-02-29 and those of catalog demo end on 2024-02-23" in error.value.message
