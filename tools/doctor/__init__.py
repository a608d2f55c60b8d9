"""`make doctor`: what is wrong with this deployment, one line per finding, each with the command that mends it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from basketry.config.settings import Settings
from basketry.errors import BasketryError
from tools.deploy.finding import Finding
from tools.doctor import data, machine, running, workspace
from tools.environment import CHECKOUT, InstancePaths, chosen_catalog
from tools.instance_secrets import registry_login


def doctor_command(arguments: Sequence[str]) -> int:
    """Print every finding, those that are well too; exit code 1 when something is wrong."""
    catalog = chosen_catalog()
    places, bad = InstancePaths.from_environment(), 0
    if "MLFLOW_TRACKING_URI" not in os.environ:
        os.environ.update(registry_login(places.home), MLFLOW_TRACKING_URI=f"http://127.0.0.1:{places.mlflow_port}")
    for finding in findings(places, Settings.from_environment(), catalog, datetime.now(UTC)):
        print(("✗ " if finding.wrong else "✓ ") + str(finding), flush=True)
        bad += bool(finding.wrong)
    print(f"\n{bad} to mend." if bad else "\nEverything is well.")
    return int(bool(bad))


def findings(places: InstancePaths, settings: Settings, catalog: str, now: datetime) -> Iterator[Finding]:
    """Yield all findings, what others rest upon first.

    Args:
        places: The instance.
        settings: Where its lake is.
        catalog: The catalog whose tables are looked at.
        now: In UTC.
    """
    yield from machine.look(places, CHECKOUT / "requirements.txt")
    yield from data.configuration(catalog, settings.include)
    yield from running.look(places)
    if settings.runtime == "databricks":
        yield from workspace.look(os.environ, workspace.connect)
        return
    try:
        yield from data.look(settings, catalog, now)
    except BasketryError as error:  # a broken contract has been told already, and without it tables are not known
        yield Finding("tables", str(error).rstrip("."), "mend the file, then make doctor")
