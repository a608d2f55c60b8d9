"""`make record-bundle`: the Databricks CLI deploys this checkout to an emulator, and what it asks is written down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from basketry.access import load_grants
from tests.tools.deploy.recording import RECORDING, RecordedEmulator
from tests.tools.deploy.test_real_cli import RETAILER, TARGET, copy_checkout, login
from tools.deploy.bundle_cli import bundle_variables, find_cli
from tools.problem import Problem

COMMANDS = (("validate",), ("plan",), ("deploy",), ("plan",), ("deploy", "--force"), ("destroy", "--auto-approve"))
"""Before the last deployment a dashboard and the space were edited by hand."""


def main() -> int:
    """Record; exit code 1 and one sentence without the CLI."""
    try:
        program = find_cli()
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    with TemporaryDirectory(prefix="basketry-record-") as made:
        folder = Path(made)
        checkout = copy_checkout(folder / "checkout")
        with RecordedEmulator(folder / "nothing", folder / "home") as emulator:
            (emulator.home / "lake" / RETAILER).mkdir(parents=True)
            grants = load_grants(RETAILER, checkout / "include")
            emulator.unity.principals = {grants.pipeline, *(team.principal for team in grants.teams.values())}
            emulator.tree.make_folder("/basketry")
            _deploy(program, checkout, emulator, os.environ | login(emulator, folder))
            (wheel,) = (checkout / "dist" / "bundle").iterdir()
            requests = emulator.recorded({wheel.name: "«wheel»"})
    version = json.loads(subprocess.check_output([program, "version", "--output", "json"], text=True))["Version"]
    head = {"cli": version, "commands": [" ".join(("bundle", *words)) for words in COMMANDS]}
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in requests)
    RECORDING.write_text(f'{json.dumps(head)[:-1]}, "requests": [\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{len(requests)} requests of CLI {version}: {RECORDING}")
    return 0


def _deploy(program: str, checkout: Path, emulator: RecordedEmulator, env: dict[str, str]) -> None:
    env |= bundle_variables(checkout)
    for number, words in enumerate(COMMANDS):
        if number == len(COMMANDS) - 3:
            board, space = next(iter(emulator.dashboards.documents)), next(iter(emulator.genie.documents))
            emulator.dashboards.update(board, {"serialized_dashboard": "{}"})
            emulator.genie.update(space, {"serialized_space": "{}"})
        subprocess.run([program, "bundle", *words, "--target", TARGET], cwd=checkout, env=env, check=True)


if __name__ == "__main__":
    sys.exit(main())
