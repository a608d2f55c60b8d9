"""A person who is forgotten: nowhere in the lake's files, sums untouched, never brought back, an audit line without them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.suppression import customer_digest
from basketry.tables import (
    AUDIENCE_BY_CATEGORY,
    AUDIENCE_BY_PRODUCT,
    CUSTOMERS,
    FORGOTTEN,
    MARKETING_AUDIENCE,
    ORDER_LINES,
    QUARANTINE,
)
from tests.basketry.domains.marketing import shop
from tests.kit.jobs import run_job
from tests.kit.lake import put, stored
from tests.kit.rows import row_of

pytestmark = pytest.mark.slow

SECRETS = ("Zebedee", "Quimby", "zq77@example.com", "555-0177", "+12125550177", "7 Unlikely Lane", "old.zq@example.com")
HEAD = (
    "Customer No,First Name,Last Name,E-Mail,Phone,Street,City,State,ZIP,Customer Since,"
    "Age,Marital Status,Income,Home,Household,Household Size,Children"
)
REST = "New York,NY,10001,01/02/2020,25-34,M,25-49K,O,2 Adults,2,None"
PERSON = f"77,Zebedee,Quimby,zq77@example.com,(212) 555-0177,7 Unlikely Lane,{REST}"
EARLIER = f"77,Zebedee,Quimby,old.zq@example.com,(212) 555-0177,7 Unlikely Lane,{REST}"
NAMELESS = f",Zebedee,Quimby,zq77@example.com,(212) 555-0177,7 Unlikely Lane,{REST}"
CUT = "77,Zebedee,Quimby,zq77@example.com"
OTHERS = [f"{n},Ann{n},Other,ann{n}@example.com,(212) 555-01{n},{n} Main Street,{REST}" for n in range(10, 70)]


def load(lake: Lakehouse, day: str, lines: list[str]) -> None:
    """Deliver a customers file and ingest it."""
    folder = lake.settings.landing_folder("demo", "customers")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"customers_{day}.csv").write_text("\r\n".join([HEAD, *lines]) + "\r\n", encoding="latin-1")
    run_job(lake, "ingest", feed="customers")


def forget(lake: Lakehouse, customers: str, **given: object) -> JobReport:
    """Run a request as the DAG gives it."""
    usual = {"request_id": "R-1", "decided_by": "dana", "requested_at": "2026-11-23T09:00:00+00:00"}
    return run_job(lake, "forget", customers=customers, **{**usual, **given})


def texts(path: Path) -> str:
    """All that a file of the lake says: Parquet is unpacked, since its pages are compressed."""
    raw = path.read_bytes().decode("latin-1")
    return raw + (str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else "")


def holding(folder: Path) -> list[str]:
    """Files below a folder that hold one of the secrets."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(folder)) for path in files if any(secret in texts(path) for secret in SECRETS))


def audience(lake: Lakehouse) -> None:
    """Customers 77 and 10 as the audience job would leave them, without its minute of Spark."""
    noon, evening = (datetime(2026, 11, 23, hour, tzinfo=UTC) for hour in (14, 23))
    shared = {
        "as_of": shop.AS_OF,
        "call_windows": [(shop.AS_OF, noon, evening)],
        "orders": 1,
        "spent": Decimal(9),
        "units": Decimal(1),
    }
    shared |= {"time_zone_from": "zip", "consent": "every channel", "category": "Dairy", "product_id": "P1", "rank": 1}
    shared |= {"last_purchase": shop.AS_OF, "recency_days": 0}
    forgotten = {"customer_id": "77", "name": "Zebedee Quimby", "email": "zq77@example.com", "phone": "+12125550177"}
    other = {"customer_id": "10", "name": "Ann10 Other", "email": "ann10@example.com", "phone": "+12125550110"}
    for table in (MARKETING_AUDIENCE, AUDIENCE_BY_CATEGORY, AUDIENCE_BY_PRODUCT):
        put(lake, table, [{**row_of(table), **shared, **who} for who in (forgotten, other)])


@pytest.fixture
def shopper(lake: Lakehouse) -> Lakehouse:
    """Customer 77 delivered twice, quarantined twice, with orders, in the audience and in the export."""
    load(lake, "2026-01-05", [*OTHERS, EARLIER])
    load(lake, "2026-02-05", [*OTHERS, NAMELESS, CUT, PERSON])
    put(lake, ORDER_LINES, [shop.sale("O1", "77", "P1", shop.AS_OF, amount="10")])
    audience(lake)
    run_job(lake, "export_audience", as_of=shop.AS_OF)
    return lake


def test_no_file_still_holds_the_person(shopper: Lakehouse) -> None:
    """Neither data nor change data nor log nor export; nobody else lost a word; sums, audit and later deliveries are right."""
    lake = shopper
    home = lake.settings.home
    assert len(holding(home / "lake")) > 5 and holding(home / "exports")
    others = {row["customer_id"]: row for row in stored(lake, CUSTOMERS) if row["customer_id"] != "77"}
    lines = stored(lake, ORDER_LINES)
    refused_and_counted(lake)

    report = forget(lake, "77")

    assert holding(home / "lake") == [] and holding(home / "exports") == []
    after = {row["customer_id"]: row for row in stored(lake, CUSTOMERS)}
    assert {who: row for who, row in after.items() if who != "77"} == others
    assert all(after["77"][name] is None for name in CUSTOMERS.pii_columns) and after["77"]["city"] == "New York"
    assert stored(lake, ORDER_LINES) == lines
    assert [row["customer_id"] for row in stored(lake, MARKETING_AUDIENCE)] == ["10"]
    assert {row["content"] for row in stored(lake, QUARANTINE)} == {"{}"}
    texts_of_report = str(report) + str(stored(lake, FORGOTTEN))
    assert not [secret for secret in SECRETS if secret in texts_of_report]
    (line,) = stored(lake, FORGOTTEN)
    assert line["customer_digest"] == customer_digest("demo", "77") and dict(line["rows"])["silver.customers"] == 1
    assert report.details["landing"] == [f"customers/customers_2026-0{month}-05.csv" for month in (1, 2)]

    load(lake, "2026-03-05", [*OTHERS, PERSON])
    assert holding(home / "lake") == []
    assert {row["customer_id"] for row in stored(lake, CUSTOMERS)} == set(after)


def refused_and_counted(lake: Lakehouse) -> None:
    """A dry run counts and writes nothing; an unknown customer or a bad instant is one sentence."""
    before = stored(lake, CUSTOMERS)
    report = forget(lake, "77", dry_run=True)
    counted = {"bronze.customers": 4, "silver.customers": 1, "ops.quarantine": 2}
    gold = (MARKETING_AUDIENCE, AUDIENCE_BY_CATEGORY, AUDIENCE_BY_PRODUCT)
    assert report.dry_run and report.details["rows"] == counted | {table.full_name: 1 for table in gold}
    assert stored(lake, CUSTOMERS) == before and not lake.exists(FORGOTTEN)
    with pytest.raises(BadInputError, match="knows no customer 4711, x' OR 1=1"):
        forget(lake, "77, 4711, x' OR 1=1")
    with pytest.raises(BadInputError, match="names nobody"):
        forget(lake, " , ")
    with pytest.raises(BadInputError, match="without a time zone"):
        forget(lake, "77", requested_at="2026-11-23T09:00:00")
