"""Contact data in downloads: who has withdrawn a channel since the audience was made is handed out no more."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from basketry.access import AccessRefusedError
from basketry.tables import CUSTOMERS, OPT_OUTS
from tests.kit.console.people import PERSON
from tests.kit.console.tables import DELIVERED
from tests.kit.documents import copy_include
from tests.kit.lake import fill

Clients = Callable[[str | None], Any]
Withdraw = Callable[..., None]

SEGMENT = "segments/download?segment=Loyal"
LISTS = (SEGMENT, "propensity/download?category=Milk&best=150")
LINEAGE = {"_file_checksum": "c", "_row_number": 2, "_delivered_at": DELIVERED}
NOTHING = ("", "", "")


@pytest.fixture
def withdraw(home: Path, forgotten: None) -> Iterator[Withdraw]:
    """Withdraws a channel of customers with that contact data; afterwards nobody has withdrawn anything."""

    def write(who: str, channel: str, *, day: date | None = date(2026, 11, 27), **contact: str) -> None:
        """Load one opt-out, and its customer."""
        fill(
            home / "lake", "demo", OPT_OUTS, [{"customer_id": who, "channel": channel, "opted_out_on": day, **LINEAGE}]
        )
        fill(home / "lake", "demo", CUSTOMERS, [{"customer_id": who, **contact, **LINEAGE}])

    yield write
    for table in (OPT_OUTS, CUSTOMERS):
        fill(home / "lake", "demo", table, [], mode="overwrite")


@pytest.fixture
def all_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marketing may read scores, too, as a retailer may decide."""
    readable = {"[gold.marketing_*, ": "[gold.marketing_*, gold.propensity_*, "}
    include = copy_include(tmp_path, {"grants/demo.yaml": readable})
    monkeypatch.setenv("BASKETRY_INCLUDE", str(include))


def contacts(client: Clients, path: str) -> dict[str, tuple[str, str, str]]:
    """Name, e-mail and telephone by customer, as marketing downloads them."""
    answer = client("marketing").get(f"/basketry/{path}")
    assert answer.status_code == 200, answer.text
    return {
        row["customer_id"]: (row["name"], row["email"], row["phone"])
        for row in csv.DictReader(io.StringIO(answer.text))
    }


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("channel", ["all", "carrier pigeon"])
def test_who_withdrew_is_handed_out_no_more(
    client: Clients, all_lists: None, withdraw: Withdraw, path: str, channel: str
) -> None:
    """With the next download, though the audience of Monday still has them; everybody else's line stays as it was."""
    before = contacts(client, path)
    assert set(before.values()) == {PERSON}
    first = min(before)
    withdraw(first, channel, day=None)
    after = contacts(client, path)
    assert after == {**before, first: NOTHING}


def test_a_channel_is_withdrawn_alone(client: Clients, withdraw: Withdraw) -> None:
    """Who wants no calls is still there for mail."""
    before = contacts(client, SEGMENT)
    first = min(before)
    withdraw(first, "phone")
    assert contacts(client, SEGMENT) == {**before, first: (PERSON[0], PERSON[1], "")}


@pytest.mark.parametrize(
    ("channel", "contact", "left"),
    [
        ("phone", {"phone": "(202) 555-0143", "country": "USA"}, (PERSON[0], PERSON[1], "")),
        ("email", {"email": "Maria <MARIA.LOPEZ@Mail.example>"}, (PERSON[0], "", PERSON[2])),
        ("all", {"email": "maria.lopez@mail.example", "phone": "+1 202 555 0143"}, NOTHING),
        ("all", {"email": "other@mail.example", "phone": "202-555-0144"}, PERSON),
    ],
)
def test_whoever_shares_the_mailbox_or_number_is_spared(
    client: Clients, withdraw: Withdraw, channel: str, contact: dict[str, str], left: tuple[str, str, str]
) -> None:
    """Somebody who is in no list withdraws: nobody is reached there, however it is written."""
    withdraw("X00001", channel, **contact)
    assert set(contacts(client, SEGMENT).values()) == {left}


def test_a_team_without_the_right_sees_no_withdrawals(client: Clients, withdraw: Withdraw) -> None:
    """The check is the house's own: marketing may not read opt-outs by asking, and others' lists are as before."""
    from basketry_airflow.console.viewer import viewer_of

    withdraw("X00001", "all")
    viewer = viewer_of("marketing", "demo", "/basketry")
    with pytest.raises(AccessRefusedError):
        viewer.records("SELECT customer_id FROM silver.opt_outs")
    assert "email" not in client("admin").get(f"/basketry/{SEGMENT}").text.splitlines()[0]


def test_too_many_withdrawals_hand_out_nothing(
    client: Clients, withdraw: Withdraw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the list cannot be checked, there is none."""
    from basketry_airflow.console import contacts

    monkeypatch.setattr(contacts, "MOST_WITHDRAWALS", 1)
    withdraw("X00001", "phone")
    withdraw("X00002", "phone")
    answer = client("marketing").get(f"/basketry/{SEGMENT}")
    assert answer.status_code == 400 and PERSON[1] not in answer.text


def test_a_call_list_of_the_console_can_be_dialled(client: Clients, forgotten: None) -> None:
    """The number stands in the file as it is, quoted and without an apostrophe."""
    text = client("marketing").get(f"/basketry/{SEGMENT}").text
    assert f'"{PERSON[2]}"' in text and f"'{PERSON[2]}" not in text
