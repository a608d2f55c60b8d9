"""How the Databricks CLI is found and called; what it does is shown by itself in test_real_cli.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from basketry.config.edition import edition
from tests.tools.deploy.conftest import StandInCli
from tools.deploy.bundle_cli import BundleCommands, bundle_variables, check_bundle, find_cli
from tools.problem import Problem


@pytest.mark.parametrize(
    ("version", "complaint"),
    [
        ("1.12.9", "is 1.12.9 and 1.13.0 is needed"),
        ("unknown", "is of a version that cannot be read and 1.13.0 is needed"),
    ],
)
def test_a_cli_that_is_too_old_is_named(cli: StandInCli, version: str, complaint: str) -> None:
    """With its path and the way to a newer one."""
    cli.version = version
    cli.install()
    with pytest.raises(
        Problem, match=f"{cli.folder}/databricks {complaint}: install it as https://docs.databricks.com"
    ):
        find_cli()


def test_the_old_python_cli_is_not_taken_for_it(cli: StandInCli) -> None:
    """It says its version as text."""
    (cli.folder / "databricks").write_text("#!/bin/sh\necho Version 0.18.0\n")
    with pytest.raises(Problem, match="is 0.18.0 and 1.13.0 is needed"):
        find_cli()


@pytest.mark.parametrize("version", ["1.13.0", "1.14.0-dev+7bbe2852131b", "2.0.0"])
def test_a_new_one_is_used(cli: StandInCli, version: str) -> None:
    """Also one that was built from its sources."""
    cli.version = version
    cli.install()
    assert find_cli() == str(cli.folder / "databricks")


def test_every_command_names_its_target_in_the_checkout(
    cli: StandInCli, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel is built by the Python that runs this, unless somebody says another one."""
    bundle = BundleCommands(checkout, "dev")
    assert bundle.check().wrong == ""
    monkeypatch.setenv("BUNDLE_VAR_python", "/other/python")
    bundle.deploy()
    assert cli.whole_calls == [
        [str(checkout), ["bundle", "validate", "--target", "dev"], sys.executable],
        [str(checkout), ["bundle", "deploy", "--target", "dev"], "/other/python"],
    ]


def test_the_cli_is_given_what_the_job_of_offers_is_told(
    cli: StandInCli, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edition of the checkout and the settings of this shell; a secret in plain text is refused before the CLI is called."""
    monkeypatch.setenv("BASKETRY_REDIS_URL", "{{secrets/shop/redis}}")
    variables = bundle_variables(checkout)
    assert variables["BUNDLE_VAR_edition"] == edition(checkout)
    assert variables["BUNDLE_VAR_settings"] == '{"BASKETRY_REDIS_URL": {"secret": "shop/redis"}}'
    monkeypatch.setenv("BASKETRY_REDIS_URL", "redis://:word@host")
    (refused,) = check_bundle(checkout, "dev")
    assert "BASKETRY_REDIS_URL is a secret" in refused.wrong and ":word" not in str(refused)


def test_the_check_says_what_the_cli_refuses(cli: StandInCli, checkout: Path) -> None:
    """In the CLI's own words; without a CLI, how to get one."""
    script = "#!/bin/sh\ncase $1 in version) echo 1.13.0;; *) echo 'Error: unknown target: dev' >&2; exit 1;; esac\n"
    (cli.folder / "databricks").write_text(script)
    (refused,) = check_bundle(checkout, "dev")
    assert str(refused).startswith("bundle of the target dev: unknown target: dev; python -m tools.generate_dashboards")
    (cli.folder / "databricks").unlink()
    (missing,) = check_bundle(checkout, "dev")
    assert "there is none on the PATH: install it" in missing.wrong
