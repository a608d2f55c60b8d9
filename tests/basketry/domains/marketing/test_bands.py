"""Nobody is known by their bands: what masked teams see of the demo's customers is shared by five at least."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from basketry.access import load_grants, permitted_sql
from basketry.access.unity_masks import mask_name
from basketry.config.settings import CHECKOUT
from basketry.config.unity_names import UnityNames
from basketry.domains.marketing.bands import customer_bands
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import CUSTOMERS, FEWEST_IN_BAND
from tests.kit.jobs import run_job
from tests.kit.lake import frame
from tests.kit.rows import customer
from tools.demo import deliver

BANDS = ("region", "joined_year", "age", "household")


def test_the_finest_bands_that_are_shared(lake: Lakehouse) -> None:
    """Six alike keep all bands; who is alone in an age gets the year, alone in a year the state, alone in a state nothing."""
    alike = {"state": "NY", "joined_on": date(2020, 5, 1), "age_band": "25-34", "household_size": "2"}
    changes = (
        [{}] * 6 + [{"age_band": f"{n}"} for n in range(5)] + [{"joined_on": date(1990 + n, 1, 1)} for n in range(5)]
    )
    rows = [customer(f"C{n}", **{**alike, **change}) for n, change in enumerate([*changes, {"state": "AK"}])]
    bands = {row["customer_id"]: tuple(row[name] for name in BANDS)
             for row in customer_bands(frame(lake.spark, CUSTOMERS, rows)).collect()}  # fmt: skip
    assert {bands[f"C{n}"] for n in range(6)} == {("NY", 2020, "25-34", "2")}
    assert {bands[f"C{n}"] for n in range(6, 11)} == {("NY", 2020, None, None)}
    assert {bands[f"C{n}"] for n in range(11, 16)} == {("NY", None, None, None)}
    assert bands["C16"] == (None, None, None, None)


@pytest.mark.slow
def test_nobody_of_the_demo_is_alone(lake: Lakehouse) -> None:
    """Nearly all of them are, by city, state and day of joining; a masked team sees none of that, and bands of five."""
    deliver(lake.settings.home / "landing" / "demo", date(2026, 3, 31), weeks=6, scale=0.3)
    run_job(lake, "ingest", feed="customers")
    stored = lake.read(CUSTOMERS)
    raw = Counter((row.city, row.state, row.joined_on) for row in stored.collect())
    assert sum(count == 1 for count in raw.values()) > 0.9 * stored.count()
    counts = Counter(tuple(row[name] for name in BANDS) for row in customer_bands(stored).collect())
    assert sum(counts.values()) == stored.count() and len(counts) > 10
    assert {bands: count for bands, count in counts.items() if count < FEWEST_IN_BAND and any(bands)} == {}


def test_every_mask_takes_the_type_of_its_column() -> None:
    """A day is no text: Unity Catalog refuses a function of another type."""
    names = UnityNames(catalog="demo")
    assert mask_name(names, CUSTOMERS.column("city").type) == "demo.ops.mask_personal"
    assert mask_name(names, CUSTOMERS.column("joined_on").type) == "demo.ops.mask_personal_date"


def test_a_masked_team_sees_no_more_of_a_customer() -> None:
    """Of silver.customers the number and where the row comes from; whoever has the right sees everything."""
    grants = load_grants("demo", CHECKOUT / "include")
    masked = set(grants.access("data_science", "silver.customers").masked)
    assert {name for name in CUSTOMERS.column_names if name not in masked and not name.startswith("_")} == {
        "customer_id"
    }
    assert "customer_bands" in permitted_sql(grants, "data_science", "SELECT region FROM gold.customer_bands")
