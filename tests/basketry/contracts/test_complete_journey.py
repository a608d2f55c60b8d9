"""The Complete Journey contracts on the real samples: no line is lost, and the amounts are those of the definitions."""

from __future__ import annotations

import pandas as pd
import pytest

from basketry.contracts import load_contract
from tests.basketry.contracts.duck import column_sql, delivered
from tests.conftest import CHECKOUT
from tests.kit.data_sets import data_file

pytestmark = pytest.mark.slow

AMOUNTS = (
    "list_amount",
    "instore_discount",
    "campaign_coupon_discount",
    "manuf_coupon_discount",
    "manuf_coupon_match_discount",
    "net_amount",
)
SAMPLES = [
    ("transactions", "transaction_data_sample_1yr.csv.gz"),
    ("transactions_no_discount", "transaction_data_sample_2yr_nodiscount.csv.gz"),
]


def expected(raw: pd.DataFrame) -> list[float]:
    """Sums of the amounts by the definitions, from the file's own columns (discounts are negative there)."""
    coupon, match = -raw["COUPON_DISC"], -raw["COUPON_MATCH_DISC"]
    listed = raw["SALES_VALUE"] - raw["RETAIL_DISC"] + coupon + match
    parts = (listed, -raw["RETAIL_DISC"], coupon[match == 0], coupon[match != 0], match, raw["SALES_VALUE"])
    return [float(part.sum()) for part in parts]


@pytest.mark.parametrize(("feed", "file"), SAMPLES)
def test_every_line_has_an_id_of_its_own_and_the_defined_amounts(feed: str, file: str) -> None:
    """A basket's lines differ by what they say; list amount, each discount and what was paid add up as defined."""
    path = data_file("complete_journey", file)
    contract = load_contract("complete_journey", feed, CHECKOUT / "include")
    raw = pd.read_csv(path)
    connection = delivered(path, contract)
    columns = ", ".join(column_sql(contract, name) for name in ("order_id", "line_id", *AMOUNTS))
    connection.execute(f"create table lines as select {columns} from delivered")
    keys = connection.execute("select count(*) from (select distinct order_id, line_id from lines)").fetchone()
    assert keys == (len(raw),)
    sums = connection.execute(f"select {', '.join(f'sum({name})' for name in AMOUNTS)} from lines").fetchone() or ()
    assert [float(value) for value in sums] == pytest.approx(expected(raw), abs=0.01)


def test_a_line_of_both_samples_has_one_id() -> None:
    """The 3,621 lines that both samples hold are the same lines of silver, not counted twice."""
    keys = []
    for feed, file in SAMPLES:
        contract = load_contract("complete_journey", feed, CHECKOUT / "include")
        connection = delivered(data_file("complete_journey", file), contract)
        columns = ", ".join(column_sql(contract, name) for name in ("order_id", "line_id"))
        keys.append(set(connection.execute(f"select {columns} from delivered").fetchall()))
    assert len(keys[0] & keys[1]) == 3_621
