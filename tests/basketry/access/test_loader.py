"""The grants file: what it says, what it refuses, and who may read what by it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from basketry.access import AccessRefusedError, Grants, load_grants
from basketry.config.settings import CHECKOUT
from basketry.errors import ContractError

INCLUDE = CHECKOUT / "include"
HEAD = "pipeline: jobs\nteams:\n"


@pytest.fixture(scope="module")
def grants() -> Grants:
    """What is shipped, for the demo."""
    return load_grants("demo", INCLUDE)


def test_sales_sees_sales_and_nobody_in_it(grants: Grants) -> None:
    """Sales tables without any personal column, and nothing else."""
    readable = grants.readable("sales")
    assert {access.table.full_name for access in readable} == {
        name for name in grants.tables if name.startswith("gold.sales_")
    }
    assert not [access for access in readable if access.table.pii_columns]


def test_marketing_sees_whom_it_may_call(grants: Grants) -> None:
    """Names, addresses and numbers in clear, of the audience only."""
    access = grants.access("marketing", "gold.marketing_audience")
    assert access.masked == () and {"name", "email", "phone"} <= set(access.table.pii_columns)
    with pytest.raises(AccessRefusedError):
        grants.access("marketing", "silver.customers")


@pytest.mark.parametrize("team", ["data_science", "on_call"])
def test_others_see_customers_without_what_identifies_them(grants: Grants, team: str) -> None:
    """Every personal column is masked."""
    access = grants.access(team, "silver.customers")
    assert set(access.masked) == {"name", "email", "phone", "street", "postal_code"}


@pytest.mark.parametrize(
    ("team", "table"),
    [
        ("sales", "gold.marketing_audience"),
        ("sales", "gold.marketing_audience_by_category"),
        ("sales", "silver.customers"),
        ("sales", "ops.quarantine"),
        ("sales", "bronze.customers"),
        ("marketing", "ops.quarantine"),
        ("marketing", "bronze.customers"),
        ("data_science", "bronze.customers"),
        ("sales", "gold.no_such_table"),
        ("nobody", "gold.sales_day"),
        ("Sales", "gold.sales_day"),
    ],
)
def test_what_is_not_named_is_refused(grants: Grants, team: str, table: str) -> None:
    """Another team's table, one that does not exist, an unknown team: one sentence, no table."""
    with pytest.raises(AccessRefusedError, match="team"):
        grants.access(team, table)


def test_a_refusal_does_not_tell_what_exists(grants: Grants) -> None:
    """A table that is not for the team and one that does not exist get the same words."""
    sentences = []
    for table in ("silver.customers", "silver.no_such"):
        with pytest.raises(AccessRefusedError) as refused:
            grants.access("sales", table)
        sentences.append(str(refused.value).replace(table, "X"))
    assert sentences[0] == sentences[1]


def test_a_user_has_one_team_or_none(grants: Grants) -> None:
    """Users are named in the file; an unknown one is refused."""
    assert grants.team_of("sales").name == "sales"
    with pytest.raises(AccessRefusedError, match="in no team"):
        grants.team_of("mallory")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD + "  a: {principal: g, reads: [gold.sales_dya]}", r"default.yaml:3: there is no table gold.sales_dya"),
        (HEAD + "  a: {principal: g, reads: [sales_day]}", "is no table"),
        (HEAD + "  a: {principal: g, reads: ['*.*']}", "is no table"),
        (HEAD + "  a: {principal: g, reeds: [gold.sales_day]}", "unknown key 'reeds'"),
        (HEAD + "  a: {principal: g, reads: [gold.sales_day], tags: {pii: clera}}", "did you mean 'clear'"),
        (
            HEAD
            + "  a: {principal: g, reads: [gold.sales_day], members: [x]}\n  b: {principal: h, reads: [], members: [x]}",
            "user x is in the teams a and b",
        ),
        (HEAD + "  a: {principal: g, reads: []}\n  b: {principal: g, reads: []}", "group g is in the teams a and b"),
        ("teams: {}", "no 'pipeline'"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    """A typo in a table, a key or a treatment, or somebody in two teams, dies on load."""
    include = tmp_path / "include"
    for part in ("contracts", "catalogs"):
        shutil.copytree(INCLUDE / part, include / part)
    (include / "grants").mkdir()
    (include / "grants" / "default.yaml").write_text(text)
    with pytest.raises(ContractError, match=problem):
        load_grants("demo", include)
