"""Who is in the audience, with what, and who is not and why."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from deltalake import DeltaTable

from basketry.domains.marketing import export
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.tables import (
    AUDIENCE_BY_CATEGORY,
    AUDIENCE_BY_PRODUCT,
    HANDOVERS,
    MARKETING_AUDIENCE,
    MARKETING_CLUSTERS,
    TABLES,
    ZIP_TIME_ZONES,
    Table,
)
from tests.basketry.domains.marketing.shop import AS_OF, CUSTOMER_ROWS
from tests.kit.jobs import run_job
from tests.kit.lake import stored

pytestmark = pytest.mark.slow

Made = dict[str, Any]


def rows(made: Made, table: Table) -> list[dict[str, Any]]:
    return stored(made["lake"], table)


@pytest.fixture
def people(made: Made) -> dict[str, dict[str, Any]]:
    """The audience by customer."""
    return {row["customer_id"]: row for row in rows(made, MARKETING_AUDIENCE)}


def test_who_cannot_be_reached_is_left_out_and_counted(made: Made, people: dict[str, dict[str, Any]]) -> None:
    """By the first reason that holds; everybody is in the audience or in the count."""
    report: JobReport = made["audience"]
    assert report.details["dropped"] == {
        "orders but no master row": 1,
        "neither phone nor e-mail delivered": 1,
        "no valid phone or e-mail": 1,
        "every channel withdrawn": 1,
        "phone but no time zone, and no e-mail": 2,
    }
    assert set(people) == {row["customer_id"] for row in CUSTOMER_ROWS} - {"C02", "C03", "C07", "C13", "C16"}


def test_contact_data_is_valid_or_absent(people: dict[str, dict[str, Any]]) -> None:
    """Normalised addresses and E.164 numbers; what was invalid is null."""
    points = {who: (row["email"], row["phone"]) for who, row in people.items()}
    assert points["C01"] == ("c01@example.com", "+12125550101")
    assert points["C04"] == ("C04@example.com", None)
    assert points["C05"] == (None, "+12125550105")
    assert points["C15"] == ("c15@example.com", "+442079460958")


def test_a_withdrawal_takes_the_channel(people: dict[str, dict[str, Any]]) -> None:
    """Whatever its date: the opt-out of C14 is dated after the as-of date."""
    assert people["C14"]["email"] is None and people["C14"]["phone"] is not None
    assert people["C14"]["consent"] == "email withdrawn" and people["C01"]["consent"] == "every channel"


def test_places_are_known_by_zip_then_state(people: dict[str, dict[str, Any]]) -> None:
    """ZIP+4, lost zeros, two zones, contradictions, other countries."""
    zones = {who: (row["zip"], row["time_zone"], row["time_zone_from"]) for who, row in people.items()}
    assert zones["C05"] == ("10001", "America/New_York", "zip")
    assert zones["C06"] == ("02108", "America/New_York", "zip")
    assert zones["C08"] == (None, "America/Chicago,America/New_York", "state with several zones")
    assert zones["C17"] == ("10001", "America/Los_Angeles,America/New_York", "zip and state disagree")
    assert zones["C18"][1:] == ("America/Chicago,America/Denver", "state with several zones")
    assert zones["C15"] == ("SW1A 1AA", "Europe/London", "country")


def test_windows_are_for_the_seven_days_after(people: dict[str, dict[str, Any]]) -> None:
    """Nine to six in New York is 14:00 to 23:00 UTC; none on Thanksgiving and the weekend."""
    windows = people["C01"]["call_windows"]
    assert [one["day"] for one in windows] == [date(2026, 11, day) for day in range(23, 30)]
    open_ = [one["day"].day for one in windows if one["starts_at"]]
    assert open_ == [23, 24, 25, 27]
    assert (windows[0]["starts_at"].hour, windows[0]["ends_at"].hour) == (14, 23)


def test_purchases_are_those_up_to_the_day(people: dict[str, dict[str, Any]]) -> None:
    """Not the future, not what was cancelled; what was paid back lowers what was spent."""
    row = people["C01"]
    assert (row["orders"], row["spent"], row["average_basket"]) == (2, Decimal(15), Decimal("10.5"))
    assert (row["first_purchase"], row["last_purchase"]) == (date(2026, 10, 1), date(2026, 11, 20))
    assert (row["favourite_category"], row["favourite_product"]) == ("Dairy", "Whole milk")
    assert people["C04"]["orders"] == 0 and people["C04"]["favourite_category"] is None


def test_people_by_category_and_product(made: Made) -> None:
    """Names, addresses and numbers of the buyers, ranked by what they spent on it."""
    dairy = {row["customer_id"]: row for row in rows(made, AUDIENCE_BY_CATEGORY) if row["category"] == "Dairy"}
    assert {who: row["rank"] for who, row in dairy.items()} == {"C10": 1, "C01": 2}
    first = dairy["C01"]
    assert (first["orders"], first["units"], first["spent"], first["recency_days"]) == (2, Decimal(4), Decimal(10), 2)
    assert first["phone"] == "+12125550101" and first["name"] == "Name C01"
    products = {(row["product_id"], row["customer_id"]): row for row in rows(made, AUDIENCE_BY_PRODUCT)}
    assert set(products) == {("P1", "C01"), ("P2", "C01"), ("P3", "C09"), ("P1", "C10")}
    assert products["P3", "C09"]["category"] == "Uncategorised"


def test_names_are_kept_as_they_are(people: dict[str, dict[str, Any]]) -> None:
    """Quotes, commas, right-to-left text."""
    assert [people[who]["name"] for who in ("C11", "C12")] == [CUSTOMER_ROWS[10]["name"], CUSTOMER_ROWS[11]["name"]]


def test_a_customer_is_handed_over_once(made: Made) -> None:
    """One channel each; a shared number is called for the better customer, the other has no other channel here."""
    handed = rows(made, HANDOVERS)
    who = [row["customer_id"] for row in handed]
    assert len(set(who)) == len(who) and "C10" in who and "C09" not in who
    assert {row["customer_id"] for row in handed if row["channel"] == "email"} == {"C04"}
    assert all(row["week_start"] == date(2026, 11, 23) for row in handed)


def test_files_hold_what_the_manifest_says(made: Made) -> None:
    """CSV and JSON Lines of each call window and channel, with rows and checksums; both say the same."""
    lake: Lakehouse = made["lake"]
    folder = export.export_folder(lake, AS_OF)
    manifest = json.loads((folder / "manifest.json").read_text())
    listed = {entry["file"]: entry for entry in manifest["files"]}
    assert {path.name for path in folder.iterdir()} == {*listed, "manifest.json"}
    seen: list[str] = []
    for name, entry in listed.items():
        content = (folder / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["bytes"], entry["sha256"])
        if name.endswith(".csv"):
            table = list(csv.DictReader(content.decode().splitlines()))
            lines = [json.loads(line) for line in (folder / name.replace(".csv", ".jsonl")).read_text().splitlines()]
            assert len(table) == entry["rows"] == len(lines)
            assert [row["name"] for row in table] == [line["name"] for line in lines]
            seen += [row["name"] for row in table]
    assert len(seen) == manifest["customers"] == len(rows(made, HANDOVERS))
    assert CUSTOMER_ROWS[10]["name"] in seen and CUSTOMER_ROWS[11]["name"] in seen


def test_running_the_day_again_changes_nothing(made: Made) -> None:
    """Same rows, same files; another day of the week hands over nobody again."""
    lake: Lakehouse = made["lake"]
    before = sorted(map(str, rows(made, MARKETING_AUDIENCE))), sorted(map(str, rows(made, HANDOVERS)))
    manifest = (export.export_folder(lake, AS_OF) / "manifest.json").read_text()
    run_job(lake, "audience", as_of=AS_OF)
    run_job(lake, "export_audience", as_of=AS_OF)
    assert (sorted(map(str, rows(made, MARKETING_AUDIENCE))), sorted(map(str, rows(made, HANDOVERS)))) == before
    assert (export.export_folder(lake, AS_OF) / "manifest.json").read_text() == manifest


def test_nothing_personal_outside_tagged_columns(made: Made) -> None:
    """No e-mail address, number or name in any column that is not tagged, nor in a report."""
    secrets = [
        str(row[name]) for row in CUSTOMER_ROWS for name in ("name", "email") if row[name] and str(row[name]).strip()
    ]
    secrets += [f"+121255501{row['customer_id'][1:]}" for row in CUSTOMER_ROWS]
    lake: Lakehouse = made["lake"]
    for table in TABLES:
        if lake.exists(table):
            plain = [name for name in table.column_names if name not in table.pii_columns]
            text = str(DeltaTable(lake.path(table)).to_pyarrow_table(columns=plain).to_pylist())
            assert not [secret for secret in secrets if secret in text], table.full_name
    said = f"{made['audience']} {made['export']}"
    assert not [secret for secret in secrets if secret in said]


def test_the_dimension_is_built_once(made: Made) -> None:
    """The second run left silver.zip_time_zones as the first made it."""
    lake: Lakehouse = made["lake"]
    assert lake.version(ZIP_TIME_ZONES) == 1
    assert not lake.exists(MARKETING_CLUSTERS)  # too few customers: none, and the report says so
    assert "clusters by category mix: too few customers" in made["audience"].summary


def test_a_day_without_an_audience_cannot_be_handed_over(made: Made) -> None:
    """One sentence that names the job to run."""
    with pytest.raises(BadInputError, match="has no audience as of 2026-01-01: run the job audience"):
        run_job(made["lake"], "export_audience", as_of=date(2026, 1, 1))


def test_timestamps_are_instants(people: dict[str, dict[str, Any]]) -> None:
    """A window's bounds carry their time zone."""
    start = people["C01"]["call_windows"][0]["starts_at"]
    assert isinstance(start, datetime) and start.tzinfo is not None
