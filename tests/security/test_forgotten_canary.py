"""A person who is forgotten is nowhere: every value of theirs is an unlikely word, and after a week the words are in no file.

They are in every feed, in columns that no contract knows, in broken rows and other spellings. The jobs load, sum up, choose an
audience and hand it over; then they are forgotten, and delivered again in broken ways, which Airflow's own runs load and forget.
Looked through is every byte of the home, Parquet unpacked, of MLflow's folder, of Airflow's database and logs, and all that was
printed. Only delivered files hold them, each of which the run lists by path.
"""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import xlsxwriter

from basketry.config.forget_requests import request_path, write_request
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.tables import CUSTOMERS, EVENTS, JOB_RUNS, OFFER_EVENTS, ORDER_LINES
from tests.kit.airflow import HOME as AIRFLOW
from tests.kit.dags import run_dag, says, task_states
from tests.kit.jobs import run_script
from tests.kit.lake import put, stored
from tests.kit.rows import row_of
from tests.kit.users import include_with_approvers
from tools.demo import deliver

pytestmark = [pytest.mark.full, pytest.mark.timeout(1500)]

APPROVER = "dana"
NUMBER, END = "990077", date(2026, 3, 31)
CANARY = re.compile(
    r"zebedee|quimby|zq77|unlikely l(?:ane|n)|sneaky street|203\.0\.113\.77|867[-. )(]{0,2}5309", re.IGNORECASE
)
HEAD = (
    "Customer No,First Name,Last Name,E-Mail,Phone,Street,City,State,ZIP,Customer Since,"
    "Age,Marital Status,Income,Home,Household,Household Size,Children"
)
REST = "New York,NY,10001,01/02/2020,25-34,M,25-49K,O,2 Adults,2,None"
NAME, STREET = "Zebedee,Quimby", "7 Unlikely Lane"
OTHERS = [f"97{n:04},Ann,Other,ann{n}@mail.example,(646) 253-{n:04},{n} Main Street,{REST}" for n in range(200)]
FIRST = [
    f"{NUMBER},{NAME},old.zq77@mail.example,212 867 5309,9 Sneaky Street,{REST}",
    f",{NAME},zq77@mail.example,(212) 867-5309,{STREET},{REST}",
    f'{NUMBER},"Zebedee" Z,Quimby,zq77@mail.example,(212) 867-5309,{STREET},{REST}',
    f"{NUMBER},{NAME},zq77@mail.example",
    f"{NUMBER},{NAME},zq77@mail.example,+1 212-867-5309,{STREET},New York,NY,1001,zq77@mail.example,,,,Zebedee,,,",
    f"{NUMBER},{NAME},zq77@mail.example,(212) 867-5309,{STREET},{REST}",
]
LATER = {
    "customers_2026-04-08.csv": [f'{NUMBER},"Zebedee" Z,Quimby,zq77@mail.example,212.867.5309,{STREET},{REST}'],
    "customers_2026-04-09.csv": [f",{NAME},,+1 (212) 867 5309,7 Unlikely Ln.,{REST}"],
    "customers_2026-04-10.csv": [f"880077,Zeb,Quimby,ZQ77@Mail.Example,,9 Sneaky Street,{REST}"],
}


def landing(lake: Lakehouse, feed: str) -> Path:
    """The feed's landing folder."""
    return lake.settings.landing_folder("demo", feed)


def deliver_first(lake: Lakehouse) -> None:
    """A small demo, and in files of its own somebody in every feed that could hold them."""
    deliver(lake.settings.home / "landing" / "demo", END, weeks=6, scale=0.2)
    person = {"email": "zq77@mail.example", "name": "Zebedee Quimby", "ip": "203.0.113.77"}
    write_lines(landing(lake, "customers") / "customers_2026-04-01.csv", [HEAD, *OTHERS, *FIRST])
    event = {"at": "2026-03-30T10:00:00Z", "action": "view", "visit": "v", "item": "P1", "price": 1}
    events = [{**event, "event": f"canary{n}", "customer": "970001"} for n in range(60)]
    events += [{**event, "event": "canary-a", "customer": NUMBER, **person}, {**event, "event": "canary-b", **person}]
    texts = [json.dumps(line) for line in events] + ['{"event": "canary-c", "who": "zq77@mail.example", ']
    write_lines(landing(lake, "events") / "events_2026-04-01.jsonl.gz", texts)
    reviews = [{"review": f"canary{n}", "item": "P1", "customer": NUMBER, "stars": 5, "written_on": "2026-03-30",
                "author": "Zebedee Quimby"} for n in range(2)]  # fmt: skip
    write_lines(landing(lake, "reviews") / "reviews_2026-04-01.jsonl", map(json.dumps, reviews))
    opt_outs = [f"9700{n:02},email,2026-03-30,ann" for n in range(30)] + [
        f"{NUMBER},email,2026-03-30,zq77@mail.example"
    ]
    write_lines(
        landing(lake, "opt_outs") / "opt_outs_2026-04-01.csv", ["customer_no,channel,opted_out_on,note", *opt_outs]
    )
    members = ["campaign;customer_no;phone", f"C1;{NUMBER};212-867-5309"]
    write_lines(landing(lake, "campaign_members") / "campaign_members_2026-04-01.csv.gz", members)
    with xlsxwriter.Workbook(landing(lake, "redemptions") / "redemptions_2026-04-01.xlsx") as book:
        sheet = book.add_worksheet("Redemptions")
        sheet.write_row(0, 0, ["Customer No", "Coupon UPC", "Campaign", "Redeemed On", "Signed"])
        sheet.write_row(1, 0, [int(NUMBER), "U1", "C1", "2026-03-30", "Zebedee Quimby, zq77@mail.example"])
    refused = [HEAD.replace("Customer No", "Kunde"), *FIRST]
    write_lines(landing(lake, "customers") / "customers_2026-04-02.csv", refused)


def write_lines(path: Path, lines: object) -> None:
    """A delivered file, packed if its name says so."""
    content = ("\r\n".join(lines) + "\r\n").encode("latin-1")  # type: ignore[arg-type]
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def load(lake: Lakehouse, run_id: str) -> None:
    """Load every feed as the DAG does; the one file that nobody can read is refused, and stops no other."""
    with pytest.raises(BadInputError, match=r"customers_2026-04-02\.csv"):
        run_script(lake, "ingest", ["--catalog=demo", "--feed=*", "--files=*", f"--run-id={run_id}"])


def week(lake: Lakehouse) -> None:
    """Load everything that can be loaded, and use it."""
    load(lake, "week")
    line = next(row for row in stored(lake, ORDER_LINES) if row["line_kind"] == "sale" and row["customer_id"])
    sale = {**line, "order_id": "canary", "customer_id": NUMBER}
    lake.append(ORDER_LINES, lake.spark.createDataFrame([tuple(sale.values())], lake.read(ORDER_LINES).schema))
    moments = dict.fromkeys(("occurred_at", "delivered_at"), datetime(2026, 3, 31, tzinfo=UTC))
    event = row_of(OFFER_EVENTS, event_id="canary", customer_id=NUMBER, event_date=END, fate="good", event_type="view",
                   content='{"email": "zq77@mail.example"}', origin="a.jsonl", row_number=1, batch="b:0", **moments)  # fmt: skip
    put(lake, OFFER_EVENTS, [event])
    for name in ("sales", "audience", "export_audience"):
        run_script(lake, name, ["--catalog=demo", f"--as-of={END}", f"--run-id={name}"])


def forget(lake: Lakehouse) -> JobReport:
    """Write the request and run it as the DAG does."""
    write_request(request_path(lake.settings, "demo", "R-77"), [NUMBER])
    words = ["--request-id=R-77", "--decided-by=dana", "--requested-at=2026-04-07T09:00:00+00:00", "--run-id=forget"]
    return run_script(lake, "forget", ["--catalog=demo", *words])


@pytest.fixture
def airflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's own tables, and somebody who may approve."""
    from airflow.utils.db import initdb

    initdb()
    # DAG.test calls a DAG's own callback with the scheduler's copy of the DAG, which cannot fill in required fields.
    monkeypatch.setattr("airflow.models.dagrun.DagRun.execute_dag_callbacks", lambda *arguments, **named: None)
    monkeypatch.setenv("BASKETRY_INCLUDE", str(include_with_approvers(tmp_path, APPROVER)))


def load_by_airflow() -> None:
    """A run of the DAG over every feed's new files, all of which can be read; it says of none of them what is in it."""
    states = task_states(run_dag("ingest", {"catalog": "demo", "feed": "*", "files": "*_2026-04-[01][089].*"}))
    assert states["load"] == "success", states


def forget_by_airflow(lake: Lakehouse) -> list[str]:
    """The same request by a run of the DAG, approved by a second person; returns the delivered files that it names."""
    write_request(request_path(lake.settings, "demo", "R-77"), [NUMBER])
    form = {"catalog": "demo", "request_id": "R-77", "dry_run": False}
    states = task_states(run_dag("forget", form, says("Approve", user=APPROVER)))
    assert states == {"second_person": "success", "forget": "success"}
    (run,) = [row for row in stored(lake, JOB_RUNS) if row["job"] == "forget" and row["run_id"] != "forget"]
    return list(json.loads(run["details"])["landing"])


def texts(path: Path) -> str:
    """All that a file says: what is packed is unpacked."""
    content = path.read_bytes()
    if path.suffix == ".parquet":
        return content.decode("latin-1") + str(pq.read_table(path).to_pylist())
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("latin-1")


def holding(folder: Path) -> list[str]:
    """Files below a folder that hold one of the words."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path.relative_to(folder).as_posix() for path in files if CANARY.search(texts(path))]


def test_a_forgotten_person_is_nowhere(
    lake: Lakehouse, registry_home: Path, airflow: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A week, the request, three broken deliveries: no byte is theirs but what the retailer delivered."""
    home = lake.settings.home
    deliver_first(lake)
    week(lake)
    before = holding(home)
    tables = {"/".join(name.split("/")[2:4]) for name in before if name.startswith("lake/")}
    wanted = {f"bronze/{feed}" for feed in ("customers", "events", "reviews", "opt_outs", "campaign_members",
                                            "redemptions", "offer_events")}  # fmt: skip
    assert wanted | {"silver/customers", "ops/quarantine", "gold/marketing_audience"} <= tables
    sums = [row for row in stored(lake, ORDER_LINES) if row["order_id"] == "canary"]

    report = forget(lake)
    delivered = {name.removeprefix("landing/demo/") for name in before if name.startswith("landing/")}
    unpacked = {"redemptions/redemptions_2026-04-01.xlsx"}
    assert delivered | unpacked <= set(report.details["landing"])  # type: ignore[call-overload]
    assert [name for name in holding(home) if not name.startswith("landing/")] == []

    for name, lines in LATER.items():
        write_lines(landing(lake, "customers") / name, [HEAD, *OTHERS, *lines])
    event = {"at": "2026-04-08T10:00:00Z", "action": "view", "visit": "v", "item": "P1", "price": 1}
    events = [json.dumps({**event, "event": f"later{n}", "customer": "970001"}) for n in range(60)]
    write_lines(landing(lake, "events") / "events_2026-04-08.jsonl.gz",
                [*events, '{"event": "later-a", "tel": "2128675309", "name": "Zebedee Quimby", '])  # fmt: skip
    load_by_airflow()
    assert [name for name in holding(home) if not name.startswith("landing/")] == []
    assert {f"customers/{name}" for name in LATER} <= set(forget_by_airflow(lake))
    assert [name for name in holding(home) if not name.startswith("landing/")] == []

    assert [row for row in stored(lake, ORDER_LINES) if row["order_id"] == "canary"] == sums
    assert len([row for row in stored(lake, EVENTS) if row["event_id"].startswith("canary")]) >= 61
    assert not CANARY.search(capsys.readouterr().out)
    assert [name for name in holding(registry_home) if "/landing/" not in name] == []
    assert "airflow.db" in {path.name for path in AIRFLOW.iterdir()}
    assert holding(AIRFLOW) == []
    assert {row["name"] for row in stored(lake, CUSTOMERS) if row["customer_id"] in (NUMBER, "880077")} == {None}
