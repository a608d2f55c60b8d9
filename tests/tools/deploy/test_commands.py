"""What a person types: the three commands, and the words when there is no way to log in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.deploy.conftest import Bench, StandInCli
from tools.deploy import commands
from tools.deploy.target import load_target
from tools.problem import Problem


@pytest.fixture
def at_the_bench(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The commands work on the test's checkout and workspace."""
    monkeypatch.setattr(commands, "CHECKOUT", bench.checkout)
    monkeypatch.setattr(commands, "INCLUDE", bench.checkout / "include")
    monkeypatch.setattr(commands, "connect", lambda target: bench.client)
    monkeypatch.setenv("TARGET", "dev")
    monkeypatch.delenv("ARGS", raising=False)  # those of the test command itself
    return bench


def test_the_three_commands(
    at_the_bench: Bench, cli: StandInCli, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Check, plan, deploy, undeploy: exit codes and last lines; options come by ARGS as well, and the CLI does its part."""
    before = at_the_bench.state()
    monkeypatch.setenv("ARGS", "--no-run")
    assert commands.deploy_check_command([]) == 0
    assert all(line.endswith(": ok") for line in capsys.readouterr().out.splitlines())
    monkeypatch.setenv("ARGS", "--plan")
    assert commands.deploy_command([]) == 0
    assert "things would be changed beside the bundle." in capsys.readouterr().out
    assert at_the_bench.state() == before
    monkeypatch.delenv("ARGS")
    assert commands.deploy_command([]) == 0
    assert "things changed beside the bundle." in capsys.readouterr().out
    after = at_the_bench.state()
    assert commands.undeploy_command(["--plan"]) == commands.undeploy_command([]) == 0
    assert "tables, files, models, experiments, secrets and rights on them stay" in capsys.readouterr().out
    assert at_the_bench.state() == after
    assert [words[1] for words in cli.calls] == ["validate", "plan", "deploy", "summary", "destroy"]
    assert ["bundle", "destroy", "--auto-approve", "--target", "dev"] in cli.calls


def test_a_check_that_finds_something_fails(
    at_the_bench: Bench, cli: StandInCli, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, one line with the command that mends it."""
    at_the_bench.emulator.denied.append("POST .*/unity-catalog/schemas")
    assert commands.deploy_check_command([]) == 1
    wrong = [line for line in capsys.readouterr().out.splitlines() if not line.endswith(": ok")]
    assert len(wrong) == 1 and "GRANT USE CATALOG, CREATE SCHEMA" in wrong[0]


def test_without_the_cli_nothing_is_changed(
    at_the_bench: Bench, cli: StandInCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence says how to get it; the workspace is not even asked."""
    (cli.folder / "databricks").unlink()
    for command in (commands.deploy_command, commands.undeploy_command):
        with pytest.raises(Problem, match="there is none on the PATH: install it as .*, 1.13.0 or newer"):
            command([])
    assert at_the_bench.emulator.calls == []


def test_without_a_login_the_command_for_one_is_named(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in the environment, no profile."""
    for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_PROFILE", "DATABRICKS_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(Problem, match="databricks auth login"):
        commands.connect(load_target("dev", checkout / "include"))
