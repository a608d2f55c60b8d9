"""`make user`: who may log in, as what, in which team; nobody is in a team by their name alone."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from basketry.access import AccessRefusedError, load_grants
from tests.kit.documents import copy_include
from tools import user
from tools.environment import CHECKOUT, InstancePaths
from tools.instance_secrets import instance_secrets
from tools.problem import Problem
from tools.services import airflow_environment

INCLUDE = CHECKOUT / "include"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance's home, with nobody but the first user."""
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path / "home"))
    for name in ("NAME", "TEAM", "ROLE", "REMOVE", "CATALOG", "BASKETRY_USERS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def make_user(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    """`make user` with these variables."""
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        assert user.user_command([]) == 0


def passwords(home: Path) -> dict[str, str]:
    return dict(json.loads(user.passwords_file(home).read_text()))


def test_a_name_alone_is_no_team(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As shipped, whoever is called like a team or an administrator is in none."""
    grants = load_grants("demo", INCLUDE)
    assert grants.teams and not [team.name for team in grants.teams.values() if team.members]
    for name in (*grants.teams, "admin"):
        with pytest.raises(AccessRefusedError, match="is in no team"):
            grants.team_of(name)


def test_the_first_user_of_an_instance_sees_what_runs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make run` makes an administrator, whose team reads all tables without personal data, and a second person."""
    env = airflow_environment(InstancePaths(home, home, 8080, 5000), {})
    assert env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:admin,data_protection:user"
    assert passwords(home)["admin"] == instance_secrets(home)["password"]
    monkeypatch.setenv("BASKETRY_USERS", env["BASKETRY_USERS"])
    for catalog in ("demo", "online_retail"):
        grants = load_grants(catalog, INCLUDE)
        assert grants.team_of("admin").name == "on_call" and grants.approvers == ("data_protection",)


def test_a_user_gets_a_role_a_team_and_a_password(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Airflow knows them, the console knows their team, and the file with passwords is its owner's alone."""
    make_user(monkeypatch, NAME="ann@shop.example", TEAM="marketing", ROLE="user")
    password = passwords(home)["ann@shop.example"]
    assert capsys.readouterr().out == f"ann@shop.example: team marketing of demo, role user, password {password}\n"
    assert len(password) >= 12
    env = airflow_environment(InstancePaths(home, home, 8080, 5000), {})
    assert env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:admin,data_protection:user,ann@shop.example:user"
    monkeypatch.setenv("BASKETRY_USERS", env["BASKETRY_USERS"])
    assert load_grants("demo", INCLUDE).team_of("ann@shop.example").name == "marketing"
    with pytest.raises(AccessRefusedError):  # the same word means other people at another retailer
        load_grants("online_retail", INCLUDE).team_of("ann@shop.example")
    for path in (user.users_file(home), user.passwords_file(home)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_user_changes_and_keeps_the_password(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another team or role is said by the same command."""
    make_user(monkeypatch, NAME="ann", TEAM="marketing", ROLE="user")
    before = passwords(home)
    make_user(monkeypatch, NAME="ann", TEAM="sales")
    assert user.instance_users(home)["ann"] == {"role": "viewer", "team": "sales", "catalog": "demo"}
    assert passwords(home) == before


def test_a_user_who_is_removed_is_in_no_team(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither log-in nor team nor password stays; made again they get another password."""
    make_user(monkeypatch, NAME="ann", TEAM="marketing")
    before = passwords(home)["ann"]
    make_user(monkeypatch, NAME="ann", REMOVE="1")
    assert "ann" not in passwords(home) and "ann" not in user.instance_users(home)
    monkeypatch.setenv("BASKETRY_USERS", str(user.users_file(home)))
    with pytest.raises(AccessRefusedError):
        load_grants("demo", INCLUDE).team_of("ann")
    make_user(monkeypatch, NAME="ann", TEAM="marketing")
    assert passwords(home)["ann"] != before


def test_without_a_name_all_are_shown(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no password is."""
    make_user(monkeypatch, NAME="ann", TEAM="marketing")
    word = passwords(home)["ann"]
    capsys.readouterr()
    make_user(monkeypatch)
    shown = capsys.readouterr().out
    assert shown.splitlines() == [
        "admin: team on_call of every catalog, role admin",
        "data_protection: team data_protection of every catalog, role user",
        "ann: team marketing of demo, role viewer",
    ]
    assert word not in shown


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"NAME": "ann:admin", "TEAM": "sales"}, "NAME cannot be a user"),
        ({"NAME": "ann,bob", "TEAM": "sales"}, "NAME cannot be a user"),
        ({"NAME": "ann", "TEAM": "marketign"}, "there is no team 'marketign'; did you mean 'marketing'?"),
        ({"NAME": "ann"}, "there is no team ''"),
        ({"NAME": "ann", "TEAM": "sales", "ROLE": "root"}, "there is no role 'root'"),
        ({"NAME": "ann", "REMOVE": "1"}, "there is no such user"),
        ({"NAME": "admin", "REMOVE": "1"}, "admin starts this instance"),
    ],
)
def test_what_cannot_be_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sentence: str
) -> None:
    """In one sentence, before anything is written."""
    user.instance_users(home)
    before = user.users_file(home).read_text()
    with pytest.raises(Problem) as problem:
        make_user(monkeypatch, **variables)
    assert sentence in str(problem.value)
    assert user.users_file(home).read_text() == before


def test_the_grants_file_has_the_last_word(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom it puts into a team is in no other one, whatever the instance says."""
    teams = {"basketry-sales    # the group in Unity Catalog\n    members: []": "basketry-sales\n    members: [ann]"}
    include = copy_include(tmp_path / "other", {"grants/demo.yaml": teams})
    make_user(monkeypatch, NAME="ann", TEAM="marketing")
    monkeypatch.setenv("BASKETRY_USERS", str(user.users_file(home)))
    grants = load_grants("demo", include)
    assert grants.team_of("ann").name == "sales" and "ann" not in grants.teams["marketing"].members
    monkeypatch.delenv("BASKETRY_USERS")
    monkeypatch.setenv("BASKETRY_INCLUDE", str(include))
    with pytest.raises(Problem, match="puts this user into the team sales"):
        make_user(monkeypatch, NAME="ann", TEAM="marketing")
