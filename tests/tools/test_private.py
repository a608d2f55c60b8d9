"""What a home holds is its owner's alone: names and telephones lie in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import __main__ as commands
from tools import manage, setup
from tools.doctor import machine
from tools.environment import InstancePaths
from tools.home import MARK
from tools.masks import OWNERS_ALONE


@pytest.fixture
def umask() -> Iterator[None]:
    """The usual mask of an account, put back afterwards."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_whatever_a_command_writes_is_its_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: None
) -> None:
    """Commands hand a mask to all that they start, so that no writer has to think of it."""
    monkeypatch.setattr(manage, "status_command", lambda arguments: (tmp_path / "list.csv").write_text("name") and 0)
    assert commands.main(["status"]) == 0
    assert (tmp_path / "list.csv").stat().st_mode & 0o777 == 0o600


def test_a_home_that_others_may_enter_is_told(tmp_path: Path) -> None:
    """What an older release or a careless hand left open is found, with the command that mends it."""
    places = InstancePaths(tmp_path / "home", tmp_path / "cache", 8080, 5000)
    assert not machine.private(places).wrong
    places.home.mkdir(mode=0o700)
    assert not machine.private(places).wrong
    for mode in (0o755, 0o750, 0o701):
        places.home.chmod(mode)
        assert f"mode {mode:o}" in machine.private(places).wrong
        assert machine.private(places).fix == f"chmod -R go= {places.home}"


def test_what_setup_makes_is_readable_by_the_account_that_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: None
) -> None:
    """An image is built by one account and run by another: the cache stays open where the home is closed, without secrets."""
    places = InstancePaths(tmp_path / "home", tmp_path / "cache", 8080, 5000)

    def fetch(cache: Path, say: object) -> Path:
        cache.mkdir(parents=True)
        (cache / "java").write_text("17")
        return cache

    monkeypatch.setattr(setup, "java_home", fetch)

    def prepare(places: InstancePaths, java: Path, say: object) -> None:
        (places.cache / "spark-defaults.conf").touch()
        (places.home / "tmp").mkdir(exist_ok=True)  # as Spark does, whose first job makes the class-data archive

    monkeypatch.setattr(setup, "prepare_spark", prepare)
    os.umask(OWNERS_ALONE)
    setup.install(places, print)
    modes = {
        path.name: path.stat().st_mode & 0o777
        for path in (places.home, *places.home.iterdir(), *places.cache.iterdir())
    }
    assert modes == {"home": 0o700, MARK: 0o600, "tmp": 0o700, "java": 0o644, "spark-defaults.conf": 0o644}
    assert os.umask(OWNERS_ALONE) == OWNERS_ALONE
