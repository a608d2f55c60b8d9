"""A person who is forgotten: nowhere in the lake's files, sums untouched, never brought back, an audit line without him."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from basketry.errors import BadInputError
from basketry.forgotten import digest
from basketry.ingest import job as ingest
from basketry.lakehouse import Lakehouse
from basketry.marketing import export, forget, job
from basketry.tables import CUSTOMERS, FORGOTTEN, MARKETING_AUDIENCE, ORDER_LINES, QUARANTINE, Table
from tests.spark_jobs.marketing import shop
from tests.spark_jobs.marketing.conftest import arguments

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
    given = {"feed": "customers", "files": "*", "force": False, "dry_run": False, "run_id": "t", "delivered_by": None}
    ingest.run(lake, argparse.Namespace(**given))


def request(customers: str, **given: object) -> argparse.Namespace:
    """A request as the DAG gives it."""
    base = {
        "customers": customers,
        "request_id": "R-1",
        "decided_by": "dana",
        "requested_at": "2026-11-23T09:00:00+00:00",
    }
    return argparse.Namespace(**{**base, "dry_run": False, "run_id": "t", **given})


def rows(lake: Lakehouse, table: Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = DeltaTable(lake.path(table)).to_pyarrow_table().to_pylist()
    return found


def texts(path: Path) -> str:
    """All that a file of the lake says: Parquet is unpacked, since its pages are compressed."""
    raw = path.read_bytes().decode("latin-1")
    return raw + (str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else "")


def holding(folder: Path) -> list[str]:
    """Files below a folder that hold one of the secrets."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(folder)) for path in files if any(secret in texts(path) for secret in SECRETS))


@pytest.fixture
def shopper(lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lakehouse:
    """Customer 77 delivered twice, quarantined twice, with orders, in the audience and in the export."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    load(lake, "2026-01-05", [*OTHERS, EARLIER])
    load(lake, "2026-02-05", [*OTHERS, NAMELESS, CUT, PERSON])
    bought = [
        shop.sale("O1", "77", "P1", shop.date(2026, 10, 1), "10"),
        shop.sale("O2", "10", "P1", shop.date(2026, 10, 1), "5"),
    ]
    shop.put(lake, ORDER_LINES, bought)
    job.run(lake, arguments())
    export.run(lake, arguments())
    return lake


def test_no_file_still_holds_the_person(shopper: Lakehouse) -> None:
    """Neither data nor change data nor log nor export; nobody else lost a word; sums, audit and later deliveries are right."""
    lake = shopper
    home = lake.settings.home
    assert len(holding(home / "lake")) > 5 and holding(home / "exports")
    others = {row["customer_id"]: row for row in rows(lake, CUSTOMERS) if row["customer_id"] != "77"}
    lines, audience = rows(lake, ORDER_LINES), len(rows(lake, MARKETING_AUDIENCE))

    report = forget.run(lake, request("77"))

    assert holding(home / "lake") == [] and holding(home / "exports") == []
    after = {row["customer_id"]: row for row in rows(lake, CUSTOMERS)}
    assert {who: row for who, row in after.items() if who != "77"} == others
    assert all(after["77"][name] is None for name in CUSTOMERS.pii_columns) and after["77"]["city"] == "New York"
    assert rows(lake, ORDER_LINES) == lines and len(rows(lake, MARKETING_AUDIENCE)) == audience - 1
    assert {row["content"] for row in rows(lake, QUARANTINE)} == {"{}"}
    said = str(report) + str(rows(lake, FORGOTTEN))
    assert not [secret for secret in SECRETS if secret in said]
    (line,) = rows(lake, FORGOTTEN)
    assert line["customer_digest"] == digest("demo", "77") and dict(line["rows"])["silver.customers"] == 1
    assert report.details["landing"] == [f"customers/customers_2026-0{month}-05.csv" for month in (1, 2)]

    load(lake, "2026-03-05", [*OTHERS, PERSON])
    assert holding(home / "lake") == []
    job.run(lake, arguments())
    assert "77" not in {row["customer_id"] for row in rows(lake, MARKETING_AUDIENCE)}


def test_a_dry_run_only_counts(lake: Lakehouse) -> None:
    """It says what it would touch, writes nothing, and an unknown customer or a bad instant is one sentence."""
    load(lake, "2026-02-05", [*OTHERS, PERSON])
    before = rows(lake, CUSTOMERS)
    report = forget.run(lake, request("77", dry_run=True))
    assert report.dry_run and report.details["rows"] == {"bronze.customers": 1, "silver.customers": 1}
    assert rows(lake, CUSTOMERS) == before and not lake.exists(FORGOTTEN)
    with pytest.raises(BadInputError, match="knows no customer 4711, x' OR 1=1"):
        forget.run(lake, request("77, 4711, x' OR 1=1"))
    with pytest.raises(BadInputError, match="names nobody"):
        forget.run(lake, request(" , "))
    with pytest.raises(BadInputError, match="without a time zone"):
        forget.run(lake, request("77", requested_at="2026-11-23T09:00:00"))
