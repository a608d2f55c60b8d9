"""A person who is forgotten: nowhere in the lake's files, sums untouched, never brought back, an audit line without them."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from basketry.config.forget_requests import request_path, write_request
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.suppression import HELD_BACK, new_digester
from basketry.tables import (
    AUDIENCE_BY_CATEGORY,
    AUDIENCE_BY_PRODUCT,
    CUSTOMERS,
    FORGOTTEN,
    JOB_RUNS,
    MARKETING_AUDIENCE,
    OFFER_EVENTS,
    ORDER_LINES,
    QUARANTINE,
)
from tests.basketry.domains.marketing import shop
from tests.kit.jobs import run_job, run_script
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


def request(lake: Lakehouse, numbers: str, request_id: str = "R-1") -> Path:
    """Write a request's file as make forget does, in place of an earlier one."""
    path = request_path(lake.settings, lake.catalog, request_id)
    path.unlink(missing_ok=True)
    write_request(path, [numbers])
    return path


def forget(lake: Lakehouse, customers: str, **changes: object) -> JobReport:
    """Write a request and run it as the DAG does."""
    request(lake, customers)
    usual = {"request_id": "R-1", "decided_by": "dana", "requested_at": "2026-11-23T09:00:00+00:00"}
    return run_job(lake, "forget", **{**usual, **changes})


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
    rest = {name: value for name, value in after["77"].items() if not name.startswith("_")}
    assert {name: value for name, value in rest.items() if value is not None} == {"customer_id": "77"}
    assert stored(lake, ORDER_LINES) == lines
    assert [row["customer_id"] for row in stored(lake, MARKETING_AUDIENCE)] == ["10"]
    assert {row["content"] for row in stored(lake, QUARANTINE)} == {"{}"}
    texts_of_report = str(report) + str(stored(lake, FORGOTTEN))
    assert not [secret for secret in SECRETS if secret in texts_of_report]
    (line,) = stored(lake, FORGOTTEN)
    assert (
        line["customer_digest"] == new_digester(lake).of_customer("77") and dict(line["rows"])["silver.customers"] == 1
    )
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
    with pytest.raises(BadInputError, match="knows no customer of numbers 2, 3 of the request: check its file"):
        forget(lake, "77, 4711, 4712")
    with pytest.raises(BadInputError, match="line 1 of the request holds no customer number"):
        forget(lake, "77, x' OR 1=1")
    with pytest.raises(BadInputError, match="names nobody"):
        forget(lake, " , ")
    with pytest.raises(BadInputError, match="without a time zone"):
        forget(lake, "77", requested_at="2026-11-23T09:00:00")


STRAY = f'77,"Zebedee" Z,Quimby,zq77@example.com,(212) 555-0177,7 Unlikely Lane,{REST}'
ANONYMOUS = f",Zebedee,Quimby,,+1 212 555 0177,7 Unlikely Ln.,{REST}"
RENUMBERED = f"9077,Zeb,Quimby,ZQ77@Example.com,,8 Other Street,{REST}"
WIFE = f"78,Zoe,Quimby,zoe@example.net,212.555.0177,9 New Street,{REST}"
LODGER = f"79,Lou,Lodger,lou@example.net,(212) 555-0999,7 unlikely LANE,{REST}"


def quarantined(lake: Lakehouse) -> dict[str, list[str]]:
    """What stands in quarantine, with its reasons."""
    return {row["content"]: list(row["reasons"]) for row in stored(lake, QUARANTINE)}


def test_broken_deliveries_do_not_bring_them_back(shopper: Lakehouse) -> None:
    """A stray quote, a missing number, another number: all are theirs, and nothing of them reaches any table."""
    lake = shopper
    forget(lake, "77")
    load(lake, "2026-03-05", [*OTHERS, STRAY, ANONYMOUS])
    load(lake, "2026-04-05", [*OTHERS, RENUMBERED])
    assert holding(lake.settings.home / "lake") == []
    texts_of_lake = "".join(texts(path) for path in (lake.settings.home / "lake").rglob("*") if path.is_file())
    assert not [word for word in ("ZQ77@", "Unlikely Ln", "8 Other Street") if word in texts_of_lake]
    renumbered = next(row for row in stored(lake, CUSTOMERS) if row["customer_id"] == "9077")
    assert renumbered["name"] is None and renumbered["city"] is None
    report = forget(lake, "77", request_id="R-1")
    assert "customers/customers_2026-03-05.csv" in report.details["landing"]


def test_a_household_is_held_back_and_never_deleted(shopper: Lakehouse) -> None:
    """Who shares a telephone number or an address alone waits in quarantine, whole, until a person lets them pass."""
    lake = shopper
    forget(lake, "77")
    load(lake, "2026-03-05", [*OTHERS, WIFE, LODGER])
    held = {content: reasons for content, reasons in quarantined(lake).items() if HELD_BACK in reasons}
    assert len(held) == 2 and all(reasons == [HELD_BACK] for reasons in held.values())
    assert any("zoe@example.net" in content for content in held)
    assert not {"78", "79"} & {row["customer_id"] for row in stored(lake, CUSTOMERS)}
    report = forget(lake, "77")
    assert report.details["household"] >= 2
    assert {content for content in quarantined(lake) if content in held} == set(held)
    run_job(lake, "replay_quarantine", feed="customers", release=True)
    assert {"78", "79"} <= {row["customer_id"] for row in stored(lake, CUSTOMERS)}
    load(lake, "2026-05-05", [*OTHERS, WIFE.replace("9 New Street", "10 New Street")])
    (wife,) = [row for row in stored(lake, CUSTOMERS) if row["customer_id"] == "78"]
    assert wife["street"] == "10 New Street"  # silver knows her number now


def test_who_never_reached_silver_can_be_forgotten(lake: Lakehouse) -> None:
    """A ZIP of four digits kept the row in quarantine; a file that was refused as a whole is found by what it holds."""
    load(lake, "2026-01-05", [*OTHERS, PERSON.replace("10001", "1001")])
    landing = lake.settings.landing_folder("demo", "customers")
    (landing / "customers_2026-02-05.csv").write_bytes(gzip.compress(PERSON.encode("latin-1")))
    report = forget(lake, "77")
    assert report.details["rows"] == {"bronze.customers": 1, "ops.quarantine": 1}
    assert holding(lake.settings.home / "lake") == []
    assert report.details["landing"] == ["customers/customers_2026-01-05.csv", "customers/customers_2026-02-05.csv"]
    load_broken = [*OTHERS, NAMELESS]
    (landing / "customers_2026-02-05.csv").unlink()
    load(lake, "2026-03-05", load_broken)
    assert holding(lake.settings.home / "lake") == []


def test_what_no_contract_knows_is_personal(shopper: Lakehouse) -> None:
    """Fields that the app adds to its events lie in bronze and quarantine: both lose them, and later ones do not come."""
    lake = shopper
    deliver_events(lake, "2026-02-06", {"email": "zq77@example.com", "name": "Zebedee Quimby"})
    event = {**row_of(OFFER_EVENTS), "event_id": "e1", "customer_id": "77", "content": '{"email": "zq77@example.com"}'}
    put(lake, OFFER_EVENTS, [{**event, **OFFERED}])
    assert any("bronze/events" in name for name in holding(lake.settings.home / "lake"))
    report = forget(lake, "77")
    assert holding(lake.settings.home / "lake") == []
    assert report.details["rows"]["bronze.events"] == 2 and report.details["rows"]["bronze.offer_events"] == 1
    assert any(name.startswith("events/") for name in report.details["landing"])
    deliver_events(lake, "2026-02-07", {"contact": "zq77@example.com", "tel": "212-555-0177"})
    assert holding(lake.settings.home / "lake") == []


OFFERED = {
    "event_date": shop.AS_OF,
    "event_type": "view",
    "fate": "good",
    "origin": "a.jsonl",
    "row_number": 1,
    "batch": "b:0",
}
OFFERED |= dict.fromkeys(("occurred_at", "delivered_at"), datetime(2026, 11, 22, tzinfo=UTC))


def deliver_events(lake: Lakehouse, day: str, fields: dict[str, str]) -> None:
    """A good event of customer 77, a good one of nobody with these fields, and others'."""
    base = {"at": f"{day}T10:00:00Z", "action": "view", "visit": "v", "item": "P1", "price": 1}
    lines = [{**base, "event": f"{day}-{n}", "customer": "10"} for n in range(50)]
    lines += [{**base, "event": f"{day}-a", "customer": "77", **fields}, {**base, "event": f"{day}-b", **fields}]
    folder = lake.settings.landing_folder("demo", "events")
    folder.mkdir(parents=True, exist_ok=True)
    content = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / f"events_{day}.jsonl.gz").write_bytes(gzip.compress(content.encode()))
    run_job(lake, "ingest", feed="events")


def test_the_numbers_are_kept_nowhere(shopper: Lakehouse) -> None:
    """Neither in the record of the run, nor in what it prints or reports, nor in a file; a second run says it was done."""
    lake = shopper
    path = request(lake, "77")
    assert path.stat().st_mode & 0o777 == 0o600
    words = ["--catalog=demo", "--request-id=R-1", "--decided-by=dana", "--requested-at=2026-11-23T09:00:00+00:00"]
    report = run_script(lake, "forget", [*words, "--run-id=r"])
    assert not path.exists()
    (line,) = stored(lake, JOB_RUNS)
    assert json.loads(line["arguments"]).keys() == {"catalog", "run_id", "dry_run", "request_id", "requested_at"}
    assert "77" not in str(report.summary) + str(report.details["rows"])
    (again,) = run_script(lake, "forget", words).summary
    assert again == "request R-1 was carried out before, and its file is deleted"


def test_digests_of_an_earlier_release_get_a_key(shopper: Lakehouse) -> None:
    """A digest without a key is tried out in no time: the next load replaces it, and the person stays forgotten."""
    lake = shopper
    plain = hashlib.sha256(b"demo/77").hexdigest()
    asked = {"request_id": "R-0", "requested_at": datetime(2026, 1, 1, tzinfo=UTC), "decided_by": "dana"}
    row = {**row_of(FORGOTTEN), **asked, "customer_digest": plain, "rows": {}, "files": {}}
    put(lake, FORGOTTEN, [row])
    load(lake, "2026-03-05", [*OTHERS, PERSON])
    (line,) = stored(lake, FORGOTTEN)
    assert line["customer_digest"] == new_digester(lake).of_customer("77") != plain
    assert plain not in "".join(texts(path) for path in (lake.settings.home / "lake/demo/ops").rglob("*.parquet"))
    (person,) = [row for row in stored(lake, CUSTOMERS) if row["customer_id"] == "77"]
    assert person["name"] is None
