"""Who asked and exported what is recorded, limited and told, and read by an auditor alone."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.kit.console.people import PERSON
from tests.kit.console.visits import visit
from tests.plugins.console.conftest import USERS

Clients = Callable[[str | None], Any]
LIST = "segments/download?segment=Loyal"
QUESTION = "Top 5 products by revenue"


def lines(event: str) -> list[Any]:
    """What is recorded of that kind, the newest first."""
    from basketry_airflow.console import audit

    return [use for use in audit.newest(100) if use.event == event]


def test_exports_and_questions_are_written_down(client: Clients, forgotten: None) -> None:
    """Who took what away and how many rows, who asked what; an address in a question is blotted out."""
    client("sales").get("/basketry/sales/download?grain=month")
    visit(client("admin"), "ask?q=What+did+maria.lopez@mail.example+buy+since+2026-05-01")
    (export,) = lines("export")
    assert (export.user, export.team, export.catalog, export.persons) == ("sales", "sales", "demo", 0)
    assert export.facts["what"].startswith("sales_month_") and export.facts["rows"] == 7
    assert "net_revenue" in export.facts["columns"]
    (question,) = lines("question")
    assert question.facts == {"question": "What did [address] buy since 2026-05-01"}
    assert abs(datetime.now(UTC) - question.moment) < timedelta(minutes=5)


def test_an_answer_that_is_taken_away_is_a_question_too(client: Clients, forgotten: None) -> None:
    """The same line as for the page, and beside the file the question that it answers."""
    assert visit(client("admin"), f"ask/download?q={QUESTION}").status_code == 200
    assert [use.facts["question"] for use in lines("question")] == [QUESTION]
    assert [(use.facts["what"], use.facts["question"]) for use in lines("export")] == [("answer", QUESTION)]


def test_airflow_s_event_log_says_nothing_of_it(client: Clients, forgotten: None) -> None:
    """Everybody with a log-in reads that one: it has no question, no export and no list's name."""
    visit(client("admin"), "ask?q=What+did+Maria+Lopez+of+12+Elm+Grove+buy")
    client("marketing").get(f"/basketry/{LIST}")
    assert lines("question") and lines("export")
    for user in ("admin", "stranger"):
        text = client(user).get("/api/v2/eventLogs?limit=1000").text
        assert not [word for word in ("Lopez", "basketry.", "segment_Loyal", "Elm Grove") if word in text], user


@pytest.mark.parametrize("user", sorted(USERS))
@pytest.mark.parametrize("path", ["audit", "audit/download"])
def test_only_an_auditor_reads_it(client: Clients, forgotten: None, user: str, path: str) -> None:
    """Not the administrator, not who exports most: a right of its own in the grants file, and its tab with it."""
    visit(client("admin"), f"ask?q={QUESTION}")
    answer = client(user).get(f"/basketry/{path}")
    assert answer.status_code == (200 if user == "auditor" else 403)
    assert (QUESTION in answer.text) == (user == "auditor")
    if user != "stranger":
        assert ("/basketry/audit" in client(user).get("/basketry/today").text) == (user == "auditor")


def test_an_auditor_s_download_holds_every_line(client: Clients, forgotten: None) -> None:
    """And is one itself, the next time."""
    client("marketing").get(f"/basketry/{LIST}")
    visit(client("admin"), f"ask?q={QUESTION}")
    text = client("auditor").get("/basketry/audit/download").text
    rows = [(row["user"], row["event"], row["question"]) for row in csv.DictReader(io.StringIO(text))]
    assert rows == [("admin", "question", QUESTION), ("marketing", "export", "")]
    assert [use.user for use in lines("export")] == ["auditor", "marketing"]


def test_exports_are_limited_by_the_hour(client: Clients, forgotten: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the hour's share there is a refusal and no file; another user is not held up by it."""
    from basketry_airflow.console import audit, rate_limits

    monkeypatch.setitem(rate_limits.PER_HOUR, audit.EXPORT, 2)
    sales, admin = client("sales"), client("admin")
    answers = [sales.get("/basketry/sales/download").status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    assert len(lines("export")) == 2
    assert admin.get("/basketry/sales/download").status_code == 200


@pytest.mark.parametrize(
    ("user", "path"), [("admin", "decisions/download"), ("marketing", LIST), ("admin", f"ask/download?q={QUESTION}")]
)
def test_a_refused_export_asks_no_table(
    client: Clients, forgotten: None, monkeypatch: pytest.MonkeyPatch, user: str, path: str
) -> None:
    """The limit is looked at before the query for the list, not after it."""
    from basketry.warehouse import Warehouse
    from basketry_airflow.console import audit, rate_limits
    from basketry_airflow.console.viewer import Viewer

    def asked(*arguments: object, **more: object) -> None:
        raise AssertionError("a query ran")

    monkeypatch.setitem(rate_limits.PER_HOUR, audit.EXPORT, 0)
    monkeypatch.setattr(Viewer, "newest", lambda *arguments: date(2026, 11, 20))
    monkeypatch.setattr(Warehouse, "query", asked)
    assert visit(client(user), path).status_code == 429


def test_people_are_counted_not_files(client: Clients, forgotten: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows with contact data of all files of the hour together; a list without any is not held up."""
    from basketry_airflow.console import rate_limits

    rows = len(list(csv.DictReader(io.StringIO(client("marketing").get(f"/basketry/{LIST}").text))))
    (use,) = lines("export")
    assert use.persons == use.facts["rows"] == rows > 1
    monkeypatch.setattr(rate_limits, "PERSONS_PER_HOUR", 2 * rows)
    answers = [client("marketing").get(f"/basketry/{LIST}") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert PERSON[1] not in answers[1].text and len(lines("export")) == 2
    assert client("marketing").get("/basketry/sales/download").status_code == 200
    assert client("admin").get(f"/basketry/{LIST}").status_code == 200  # without contact data: masked
    assert lines("export")[0].persons == 0


def test_many_people_are_told_once(
    client: Clients, forgotten: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody hears of it when the hour's number is passed, with user and number and without anybody's data."""
    from basketry_airflow.console import rate_limits

    monkeypatch.delenv("AIRFLOW_CONN_BASKETRY_ALERTS", raising=False)
    client("marketing").get(f"/basketry/{LIST}")
    rows = lines("export")[0].persons
    monkeypatch.setattr(rate_limits, "PERSONS_TO_TELL", 2 * rows)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert client("marketing").get(f"/basketry/{LIST}").status_code == 200
    alerts = [record.getMessage() for record in caplog.records if "basketry alert" in record.getMessage()]
    (alert,) = [json.loads(text.partition(": ")[2]) for text in alerts]
    assert (alert["user"], alert["persons"]) == ("marketing", 3 * rows)
    assert not [personal for personal in PERSON if personal in str(alerts)]


def test_the_record_is_kept_as_long_as_the_retention_says(client: Clients, forgotten: None) -> None:
    """What is older goes, and nothing else."""
    from basketry_airflow.console import audit

    visit(client("admin"), f"ask?q={QUESTION}")
    assert audit.delete_before(datetime.now(UTC) - timedelta(days=1)) == 0 and lines("question")
    assert audit.delete_before(datetime.now(UTC) + timedelta(days=1)) == 1 and not lines("question")
