"""What the models say: decisions about products, segments of customers, likely buyers; or why a model says nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from basketry.contracts import load_catalog
from basketry.gates.model import PROVISIONAL, REFUSE
from basketry.registry import registered_name
from basketry.registry.models import FORECAST_MODEL, PROPENSITY_MODEL, RFM_MODEL, ModelSpec
from basketry.tables import PRODUCT_DECISIONS, PROMOTIONS, PROPENSITY_SCORES, RFM_MIGRATION, RFM_PROFILES, SALES_ROLLUP
from tools.show.grid import make_grid
from tools.show.sales import TOP
from tools.show.tables import newest_day, rows_of
from tools.terminal import plain, verbatim

_DECISIONS = f"""
    SELECT coalesce(product, product_id), action, expected_worth, reason FROM
        (SELECT *, row_number() OVER (PARTITION BY action ORDER BY expected_worth DESC NULLS LAST, product_id) AS best
         FROM t WHERE as_of = ? AND action <> 'none')
    ORDER BY best, expected_worth DESC NULLS LAST, product_id LIMIT {TOP}"""  # noqa: S608
"""The best of each action first: five ways to raise a price would show one rule."""
_SEGMENTS = """SELECT segment, customers, share_of_customers, revenue FROM t
               WHERE as_of = ? AND view = 'named' ORDER BY revenue DESC"""
_MOVE = """SELECT customers, from_segment, to_segment, previous_as_of FROM t
           WHERE as_of = ? AND view = 'named' AND from_segment <> to_segment AND from_segment NOT LIKE '(%'
               AND to_segment NOT LIKE '(%'
           ORDER BY previous_as_of, customers DESC, from_segment, to_segment LIMIT 1"""
_BUYERS = f"""
    WITH sold AS (SELECT category, sum(net_revenue) AS revenue FROM weeks WHERE level = 'category' GROUP BY category),
         best AS (SELECT s.category FROM (SELECT DISTINCT category FROM scores WHERE as_of = ?) AS s
                  LEFT JOIN sold USING (category) ORDER BY sold.revenue DESC NULLS LAST, s.category LIMIT 1)
    SELECT category, customer_id, probability FROM scores SEMI JOIN best USING (category)
    WHERE as_of = ? ORDER BY probability DESC, customer_id LIMIT {TOP}"""  # noqa: S608


def show_decisions(console: Console, lake: Path, catalog: str) -> None:
    """Print five decisions about products, with what each is worth and why; and what the gate said of their model."""
    as_of = newest_day(lake, catalog, PRODUCT_DECISIONS)
    rows = rows_of(lake=lake, catalog=catalog, tables=PRODUCT_DECISIONS, query=_DECISIONS, values=[as_of])
    if rows:
        worth = f"worth {load_catalog(catalog).currency}"
        grid = make_grid(
            f"decision for the 28 days after {as_of}", "action", worth, "reason", left={"action"}, wide="reason"
        )
        for product, action, value, reason in rows:
            grid.add_row(verbatim(product), action.replace("_", " "), _number(value), verbatim(reason))
        console.print()
        console.print(grid)
    show_verdict(console, lake, catalog, FORECAST_MODEL)


def show_segments(console: Console, lake: Path, catalog: str) -> None:
    """Print the segments with their sizes, the greatest move between two, and what the gate said of their model."""
    as_of = newest_day(lake, catalog, RFM_PROFILES)
    rows = rows_of(lake=lake, catalog=catalog, tables=RFM_PROFILES, query=_SEGMENTS, values=[as_of])
    if rows:
        spent = f"spent {load_catalog(catalog).currency}"
        grid = make_grid(f"segment, {as_of}", "customers", "share", spent)
        for segment, customers, share, revenue in rows:
            grid.add_row(verbatim(segment), f"{customers:,}", f"{share:.0%}", _number(revenue))
        console.print()
        console.print(grid)
        _show_move(console, lake, catalog, as_of)
    show_verdict(console, lake, catalog, RFM_MODEL)


def _show_move(console: Console, lake: Path, catalog: str, as_of: date | None) -> None:
    for customers, before, after, since in rows_of(
        lake=lake, catalog=catalog, tables=RFM_MIGRATION, query=_MOVE, values=[as_of]
    ):
        console.print(verbatim(f"Since {since}, {customers:,} customers moved from {before} to {after}."))


def show_buyers(console: Console, lake: Path, catalog: str) -> None:
    """Print who is likeliest to buy the category that sells best, and what the gate said of the model that says so."""
    as_of = newest_day(lake, catalog, PROPENSITY_SCORES)
    tables = {"scores": PROPENSITY_SCORES, "weeks": SALES_ROLLUP["week"]}
    rows = rows_of(lake=lake, catalog=catalog, tables=tables, query=_BUYERS, values=[as_of, as_of])
    if rows:
        grid = make_grid(escape(plain(f"likeliest to buy {rows[0][0]} in the 30 days after {as_of}")), "probability")
        for _, customer, probability in rows:
            grid.add_row(verbatim(f"customer {customer}"), f"{probability:.1%}")
        console.print()
        console.print(grid)
    show_verdict(console, lake, catalog, PROPENSITY_MODEL)


def show_verdict(console: Console, lake: Path, catalog: str, model: ModelSpec) -> None:
    """Print in one line that the gate has refused a model, or lets it score as provisional, and by how much; else nothing."""
    query = "SELECT version, verdict, champion_after, reason FROM t WHERE model = ? ORDER BY number DESC LIMIT 1"
    name = registered_name(catalog, model.name)
    rows = rows_of(lake=lake, catalog=catalog, tables=PROMOTIONS, query=query, values=[name])
    for version, verdict, champion, reason in rows:
        if verdict == PROVISIONAL:
            outcome = "scores as provisional"
        elif verdict == REFUSE:
            outcome = f"was refused, {f'version {champion} goes on scoring' if champion else 'so nothing scores yet'}"
        else:
            continue
        console.print()
        console.print(verbatim(f"Model {model.name}: version {version} {outcome}: {reason}"), soft_wrap=True)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"
