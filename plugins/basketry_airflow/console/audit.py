"""Who asked and who exported what: a table beside Airflow's own, which no page and no API of Airflow shows.

Airflow's event log is read by whoever may log in; questions hold names, and exports say who has which list. So they are
recorded where only the console reads them, for a team that `include/grants` lets audit. It is counted from here, too, how
much a user has taken within the hour.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Table

EXPORT, QUESTION = "export", "question"
TABLE = "basketry_console_use"

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_NUMBER = re.compile(r"\+?\d[\d\s().-]{6,}\d")


@dataclass(frozen=True, kw_only=True)
class Use:
    """One line of the table.

    Attributes:
        moment: When, in UTC.
        user: The Airflow user.
        team: The user's team.
        catalog: The catalog looked at.
        event: EXPORT or QUESTION.
        persons: Rows with contact data that were taken away.
        facts: What was asked; or the file, its columns and its number of rows.
    """

    moment: datetime
    user: str
    team: str
    catalog: str
    event: str
    persons: int
    facts: dict[str, Any]


def record(event: str, user: str, *, team: str, catalog: str, persons: int = 0, **facts: object) -> None:
    """Record who did what in one line.

    Args:
        event: What was done.
        user: The Airflow user.
        team: The user's team.
        catalog: The catalog looked at.
        persons: Rows with contact data that were taken away.
        facts: Values that JSON can hold; texts lose what looks like a person's address or number.
    """
    masked = {name: mask_contacts(value) if isinstance(value, str) else value for name, value in facts.items()}
    line = {"at": time.time(), "user_name": user, "team": team, "catalog": catalog, "event": event, "persons": persons}
    with _connection() as connection:
        connection.execute(_table().insert().values(**line, facts=json.dumps(masked, default=str)))


def times_since(event: str, user: str, moment: datetime) -> int:
    """Count how often the user did it since the moment, which has a time zone."""
    from sqlalchemy import func

    return _number(func.count(), event, user, moment)


def persons_since(user: str, moment: datetime) -> int:
    """Count the rows with contact data that the user has taken away since the moment, which has a time zone."""
    from sqlalchemy import func

    return _number(func.sum(_table().c.persons), EXPORT, user, moment)


def newest(limit: int, user: str = "") -> tuple[Use, ...]:
    """Return the newest lines, of one user or of all."""
    table = _table()
    query = table.select().order_by(table.c.id.desc()).limit(limit)
    if user:
        query = query.where(table.c.user_name == user)
    with _connection() as connection:
        rows = connection.execute(query).mappings().all()
    return tuple(
        Use(
            moment=datetime.fromtimestamp(row["at"], UTC),
            user=row["user_name"],
            team=row["team"],
            catalog=row["catalog"],
            event=row["event"],
            persons=row["persons"],
            facts=json.loads(row["facts"]),
        )
        for row in rows
    )


def delete_before(moment: datetime) -> int:
    """Delete the lines before the moment, which has a time zone; returns how many there were."""
    table = _table()
    with _connection() as connection:
        return int(connection.execute(table.delete().where(table.c.at < moment.timestamp())).rowcount)


def _number(what: ColumnElement[int], event: str, user: str, moment: datetime) -> int:
    from sqlalchemy import select

    columns = _table().c
    count = select(what).where(columns.event == event, columns.user_name == user, columns.at >= moment.timestamp())
    with _connection() as connection:
        return int(connection.scalar(count) or 0)


@contextmanager
def _connection() -> Iterator[Connection]:
    """Open a transaction in Airflow's database, where the table exists from the first time on."""
    from airflow.utils.session import create_session

    _make_table()
    with create_session() as session:
        yield session.connection()


@cache
def _make_table() -> None:
    from airflow.utils.session import create_session
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with create_session() as session:
            _table().create(session.connection(), checkfirst=True)
    except SQLAlchemyError:  # another process has made it meanwhile
        with create_session() as session:
            session.execute(_table().select().limit(1))


@cache
def _table() -> Table:
    from sqlalchemy import Column, Float, Integer, MetaData, String, Table, Text

    return Table(
        TABLE,
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("at", Float(53), nullable=False, index=True),
        Column("user_name", String(512), nullable=False),
        Column("team", String(250), nullable=False),
        Column("catalog", String(250), nullable=False),
        Column("event", String(60), nullable=False),
        Column("persons", Integer, nullable=False),
        Column("facts", Text, nullable=False),
    )


def mask_contacts(text: str) -> str:
    """Return the text with e-mail addresses and telephone numbers blotted out: people type them into questions."""
    days = re.findall(r"\d{4}-\d{2}-\d{2}", text)
    for position, day in enumerate(days):  # a day is no telephone number
        text = text.replace(day, f"\0{position}\0", 1)
    text = _NUMBER.sub("[number]", _ADDRESS.sub("[address]", text))
    for position, day in enumerate(days):
        text = text.replace(f"\0{position}\0", day, 1)
    return text
