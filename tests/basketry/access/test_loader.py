"""The grants file: what it says, what it refuses, and who may read what by it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from basketry.access import AccessRefusedError, Grants, load_grants
from basketry.access.users import USERS
from basketry.errors import BadInputError
from tests.kit.documents import INCLUDE, Document, copy_include
from tests.kit.mistakes import Mistake, mistakes
from tests.kit.users import write_users


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
    """Every personal column is masked, and what together is somebody's alone; the number stays."""
    access = grants.access(team, "silver.customers")
    seen = {name for name in access.table.column_names if name not in access.masked and not name.startswith("_")}
    assert seen == {"customer_id"}


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


def test_a_user_has_one_team_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users are named in the file or by the instance; an unknown one is refused."""
    monkeypatch.setenv(USERS, str(write_users(tmp_path / "users.json")))
    grants = load_grants("demo", INCLUDE)
    assert grants.team_of("sales").name == "sales"
    with pytest.raises(AccessRefusedError, match="in no team"):
        grants.team_of("mallory")


@pytest.mark.parametrize("text", ["[]", "{", '{"ann": "sales"}', '{"ann": {"role": "admin"}}'])
def test_a_broken_list_of_users_opens_nothing(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused with a sentence; a file that is not there means that there is nobody."""
    (tmp_path / "users.json").write_text(text)
    monkeypatch.setenv(USERS, str(tmp_path / "users.json"))
    with pytest.raises(BadInputError, match="make user writes it anew"):
        load_grants("demo", INCLUDE)
    monkeypatch.setenv(USERS, str(tmp_path / "none.json"))
    assert not load_grants("demo", INCLUDE).teams["sales"].members


TEAMS = "pipeline: jobs\nteams:\n  a: {principal: g, reads: [gold.sales_day]}\n  b: {principal: h, reads: []}\n"
DEMO = Document(
    path="grants/demo.yaml",
    text=TEAMS,
    load=partial(load_grants, "demo"),
    beside={
        str(path.relative_to(INCLUDE)): path.read_text()
        for folder in ("contracts", "catalogs")
        for path in (INCLUDE / folder).rglob("*.yaml")
    },
)


def test_two_teams_are_right(tmp_path: Path) -> None:
    """What the mistakes are made in."""
    grants = DEMO.read(tmp_path)
    assert set(grants.teams) == {"a", "b"}
    assert [access.table.full_name for access in grants.readable("a")] == ["gold.sales_day"]


@mistakes(
    DEMO,
    ("gold.sales_day", "gold.sales_dya", "3: there is no table gold.sales_dya…"),
    ("gold.sales_day", "sales_day", "…is no table…"),
    ("gold.sales_day", "'*.*'", "…is no table…"),
    ("reads: [gold.sales_day]", "reeds: [gold.sales_day]", "unknown key 'reeds'…"),
    ("[gold.sales_day]", "[gold.sales_day], tags: {pii: clera}", "…did you mean 'clear'?"),
    (
        "[gold.sales_day]}\n  b: {principal: h, ",
        "[gold.sales_day], members: [x]}\n  b: {principal: h, members: [x], ",
        "4: user x is in the teams a and b…",
    ),
    ("principal: h", "principal: g", "group g is in the teams a and b…"),
    ("pipeline: jobs\n", "", "…no 'pipeline'…"),
)
def test_a_mistake_is_told_with_its_line(mistake: Mistake, tmp_path: Path) -> None:
    """A typo in a table, a key or a treatment, or somebody in two teams, dies on load."""
    mistake.check(tmp_path)


def test_a_catalog_without_a_file_is_closed_where_there_are_several(tmp_path: Path) -> None:
    """Neither another's file nor one for all opens it; where it is the only one, default.yaml does."""
    include = copy_include(tmp_path)
    (include / "grants" / "online_retail.yaml").rename(include / "grants" / "default.yaml")
    with pytest.raises(AccessRefusedError, match=r"no grants of its own yet: write include/grants/online_retail\.yaml"):
        load_grants("online_retail", include)
    for catalog in (include / "catalogs").glob("*.yaml"):
        if catalog.stem != "online_retail":
            catalog.unlink()
    assert "on_call" in load_grants("online_retail", include).teams
