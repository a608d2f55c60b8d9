"""No personal data reaches anybody who may not see it: followed through contracts, SQL and declared tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import pytest

from basketry.access import Grants, load_grants
from basketry.access.lineage import ColumnRef, contract_edges, declared_edges, find_leaks, sql_edges
from basketry.config.catalogs import catalog_names
from basketry.config.settings import CHECKOUT
from basketry.contracts import load_contracts
from basketry.tables import MARKETING_AUDIENCE, Column, Table

INCLUDE = CHECKOUT / "include"


def edges(grants: Grants) -> Iterable[tuple[ColumnRef, ColumnRef]]:
    """All that the checkout says: contracts, declared tables, and SQL files of views."""
    for contract in load_contracts(grants.catalog, INCLUDE).values():
        yield from contract_edges(contract)
    yield from declared_edges(grants.tables)
    for path in sorted(INCLUDE.rglob("*.sql")):
        yield from sql_edges(f"gold.{path.stem}", path.read_text(encoding="utf-8"), grants.tables)


@pytest.mark.parametrize("catalog", catalog_names())
def test_no_personal_column_reaches_a_team_without_the_right(catalog: str) -> None:
    """The build fails when a table or a view lets one out."""
    grants = load_grants(catalog, INCLUDE)
    assert [str(leak) for leak in find_leaks(grants, edges(grants))] == []


def view(name: str, *columns: str) -> Table:
    return Table(
        schema="gold",
        name=name,
        meaning="a view",
        columns=tuple(Column(name=column, type="string", meaning="shown") for column in columns),
        key=(),
    )


@pytest.mark.parametrize(
    ("sql", "columns", "is_leak"),
    [
        ("SELECT customer_id, lower(email) AS contact FROM silver.customers", ("customer_id", "contact"), True),
        (
            "SELECT o.order_id, c.* FROM silver.order_lines o"
            " JOIN (SELECT customer_id, phone AS p FROM silver.customers) c USING (customer_id)",
            ("order_id", "customer_id", "p"),
            True,
        ),
        ("WITH t AS (SELECT concat(name, street) AS who FROM silver.customers) SELECT who FROM t", ("who",), True),
        ("SELECT state, count(DISTINCT customer_id) AS n FROM silver.customers GROUP BY state", ("state", "n"), True),
        ("SELECT count(DISTINCT customer_id) AS n FROM silver.customers", ("n",), False),
    ],
)
def test_a_view_that_lets_it_out_is_found(sql: str, columns: tuple[str, ...], is_leak: bool) -> None:
    """Under another name, inside an expression, through a subquery; what only counts is none."""
    grants = load_grants("demo", INCLUDE)
    made = view("sales_with_people", *columns)
    found = find_leaks(grants, sql_edges(made.full_name, sql, grants.tables), {made.full_name: made})
    assert bool(found) is is_leak
    assert all("sales" in leak.teams and "which is not tagged" in str(leak) for leak in found)


def test_a_forgotten_tag_is_found() -> None:
    """The audience without the tag on its e-mail address is a leak to whoever reads it masked."""
    grants = load_grants("demo", INCLUDE)
    columns = tuple(dataclasses.replace(one, pii=one.pii and one.name != "email") for one in MARKETING_AUDIENCE.columns)
    careless = dataclasses.replace(MARKETING_AUDIENCE, columns=columns)
    tables = {**grants.tables, careless.full_name: careless}
    found = find_leaks(dataclasses.replace(grants, tables=tables), declared_edges(tables))
    assert {leak.target for leak in found} == {(careless.full_name, "email")}


def test_a_mapping_into_an_untagged_column_is_found() -> None:
    """A contract that puts a telephone number into the customer's number is a leak to all who read customers masked."""
    grants = load_grants("demo", INCLUDE)
    contract = load_contracts("demo", INCLUDE)["customers"]
    wrong = {"customer_id": "concat(customer_id, phone)"}
    mapped = tuple(dataclasses.replace(one, expression=wrong.get(one.name, one.expression)) for one in contract.mapped)
    found = find_leaks(grants, contract_edges(dataclasses.replace(contract, mapped=mapped)))
    assert ("silver.customers", "customer_id") in {leak.target for leak in found}
