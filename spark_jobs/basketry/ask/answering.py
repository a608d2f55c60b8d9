"""From a question to its answer."""

from __future__ import annotations

import re
from datetime import date

from basketry.ask.model import COUNT, MONEY, TEXT, Answer, Chart, Heading, NotUnderstoodError
from basketry.errors import BasketryError
from basketry.warehouse.model import Warehouse

_RANKING = re.compile(r"top (\d{1,3}) (product|category|categories|department)s? by revenue", re.IGNORECASE)
MOST_ROWS = 1_000


def answer(question: str, *, team: str, warehouse: Warehouse, today: date | None = None) -> Answer:
    """The answer to a question, for a team.

    today: the day that "last month" and the like are counted from; the last day in the data unless given. Never raises
    for what was asked: a question that is not understood, not allowed or too slow is answered by a refusal.
    """
    try:
        return _answer(question, team, warehouse, today)
    except NotUnderstoodError as error:
        return Answer(question, refusal=error.message, suggestions=error.suggestions)
    except BasketryError as error:
        return Answer(question, refusal=getattr(error, "message", str(error)))


def _answer(question: str, team: str, warehouse: Warehouse, today: date | None) -> Answer:
    found = _RANKING.fullmatch(question.strip().rstrip("?"))
    if not found:
        raise NotUnderstoodError("the question is not understood.", ("Top 5 products by revenue",))
    count, word = int(found[1]), found[2].lower().replace("categories", "category")
    until = today or warehouse.query("SELECT max(period_start) AS d FROM gold.sales_day", team=team).rows[0][0]
    sql = (
        f"SELECT {word}, sum(net_revenue) AS net_revenue, sum(orders) AS orders FROM gold.sales_day"  # noqa: S608
        f" WHERE period_start <= DATE '{until}' GROUP BY {word} ORDER BY net_revenue DESC LIMIT {count}"
    )
    rows = warehouse.query(sql, team=team, limit=MOST_ROWS)
    headings = (
        Heading(word, word, TEXT), Heading("net_revenue", "net revenue", MONEY), Heading("orders", "orders", COUNT),
    )  # fmt: skip
    return Answer(
        question,
        f"net revenue by {word}, the {count} highest, up to {until}",
        sql,
        headings,
        rows.rows,
        rows.truncated,
        Chart("bar", word, ("net_revenue",)),
        rows.read,
        until,
    )
