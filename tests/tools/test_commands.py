"""What make's targets say and do without starting anything."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from pathlib import Path

import pytest

from basketry.config.settings import Settings
from tools import __main__ as commands
from tools import job, manage
from tools.environment import CHECKOUT
from tools.home import is_ours, make_home
from tools.problem import Problem, disk_full, network_failed

MAKEFILE = (CHECKOUT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.M))


def test_help_is_the_default_and_lists_every_target() -> None:
    """`make` alone explains each target in one line."""
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[1] for line in shown.splitlines()} == TARGETS


def test_every_target_has_its_command() -> None:
    """A target without a function behind it, or a function without a target, does not exist."""
    assert TARGETS - {"help"} == set(commands.COMMANDS)
    for command in commands.COMMANDS:
        module = __import__(commands.module_of(command), fromlist=["x"])
        assert callable(getattr(module, commands.function_of(command)))


def test_make_stays_within_what_macos_has() -> None:
    """GNU make 3.81 knows no .ONESHELL, no != and no $(file …)."""
    assert not re.search(r"\.ONESHELL|^\w+\s*!=|\$\(file ", MAKEFILE, re.M)


def test_an_unknown_job_gets_the_nearest_name() -> None:
    """A typo is answered with the list and the likely word."""
    with pytest.raises(Problem, match=r"no job 'ingets'; did you mean 'ingest'\? There are: ingest, sales\."):
        job.check_job("ingets", ["ingest", "sales"])
    with pytest.raises(Problem, match=r"name the job: make job JOB=<name>"):
        job.check_job("", ["ingest"])


def test_jobs_are_those_declared() -> None:
    """A new declaration in basketry.jobs is a job without being listed anywhere."""
    assert {"ingest", "noop", "replay_quarantine", "sales", "plan"} <= set(job.job_names())


def test_patterns_reach_a_job_unexpanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """ARGS is split as a shell would, but * stays *."""
    ran: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(job, "run_job", lambda name, arguments: ran.append((name, arguments)) or 0)
    monkeypatch.setenv("JOB", "ingest")
    monkeypatch.setenv("ARGS", "--catalog demo --files 'my orders*.csv'")
    job.job_command([])
    assert ran == [("ingest", ["--catalog", "demo", "--files", "my orders*.csv"])]


def test_a_plan_needs_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make plan` without AS_OF says how to give one."""
    monkeypatch.delenv("AS_OF", raising=False)
    with pytest.raises(Problem, match="make plan AS_OF="):
        job.plan_command([])


def test_clean_spares_a_folder_that_is_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped BASKETRY_HOME never deletes somebody's files."""
    (tmp_path / "thesis.txt").write_text("x")
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    monkeypatch.setenv("YES", "1")
    with pytest.raises(Problem, match="does not look like a home"):
        manage.clean_command([])
    assert (tmp_path / "thesis.txt").exists()


def test_clean_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a yes nothing is deleted; with YES=1 only what Basketry owns is."""
    (tmp_path / "lake").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    monkeypatch.delenv("YES", raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "no")
    assert manage.clean_command([]) == 1
    assert (tmp_path / "lake").is_dir()
    monkeypatch.setenv("YES", "1")
    assert manage.clean_command([]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt"]


def test_clean_leaves_nothing_of_what_runs_write(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Call lists, checkpoints, locks: every folder that a job may write is deleted, and the home with them."""
    written = (
        settings.export_folder("demo") / "marketing",
        settings.checkpoint_folder("demo", "offers"),
        settings.landing_folder("demo", "customers"),
        settings.home / "turns",
    )
    assert settings.lake is not None
    for folder in (*written, settings.lake):
        folder.mkdir(parents=True)
        (folder / "contact.csv").write_text("name and telephone")
    monkeypatch.setenv("YES", "1")
    assert manage.clean_command([]) == 0
    assert not settings.home.exists()
    assert f"Deleted {settings.home} with all its data." in capsys.readouterr().out


def test_clean_deletes_a_home_of_its_own_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also what nobody has thought of: a folder of a later release, a file beside them, a link, never what it leads to."""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    make_home(home)
    elsewhere.mkdir()
    (elsewhere / "thesis.txt").write_text("x")
    (home / "people" / "demo").mkdir(parents=True)
    (home / "people" / "demo" / "names.csv").write_text("name and telephone")
    (home / "notes.csv").write_text("name")
    (home / "link").symlink_to(elsewhere)
    monkeypatch.setenv("BASKETRY_HOME", str(home))
    monkeypatch.setenv("YES", "1")
    assert manage.clean_command([]) == 0
    assert not home.exists() and (elsewhere / "thesis.txt").exists()
    assert f"Deleted {home} with all its data." in capsys.readouterr().out


def test_a_folder_that_was_there_before_is_never_deleted_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What somebody else put there stays, and is named."""
    (tmp_path / "notes.txt").write_text("x")
    make_home(tmp_path)
    (tmp_path / "lake").mkdir()
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    monkeypatch.setenv("YES", "1")
    assert manage.clean_command([]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert "What Basketry did not put there stays: notes.txt." in capsys.readouterr().out
    link = tmp_path / "link"
    make_home(tmp_path / "real")
    link.symlink_to(tmp_path / "real")
    assert not is_ours(link)


def test_clean_says_what_it_could_not_delete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data that stay are never called deleted."""
    (tmp_path / "exports" / "demo").mkdir(parents=True)
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    monkeypatch.setenv("YES", "1")
    monkeypatch.setattr(manage.shutil, "rmtree", lambda folder, ignore_errors: None)
    with pytest.raises(Problem, match="exports is still there"):
        manage.clean_command([])


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """ENOSPC anywhere ends in advice and exit code 1, not in a stack trace."""

    def full(arguments: list[str]) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(manage, "status_command", full)
    assert commands.main(["status"]) == 1
    assert "no space is left on the disk" in capsys.readouterr().err


def test_a_problem_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What a person can fix is printed as it is, and the command fails."""

    def broken(arguments: list[str]) -> int:
        raise Problem("port 1 is used.")

    monkeypatch.setattr(manage, "status_command", broken)
    assert commands.main(["status"]) == 1
    assert capsys.readouterr().err.strip() == "Basketry: port 1 is used."


def test_signs_of_network_and_disk_are_told_apart() -> None:
    """The cause decides the advice."""
    assert network_failed("java.net.UnknownHostException: repo")
    assert not network_failed("syntax error")
    assert disk_full("cp: No space left on device")
    assert not disk_full(OSError(errno.EACCES, "denied"))
