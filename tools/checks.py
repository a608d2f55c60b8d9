"""`make test`, `make lint`, `make audit`, `make bench` and their like: a real run's environment around the usual programs."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tools.environment import CHECKOUT, InstancePaths
from tools.problem import Problem
from tools.setup import prepare

SCHEMAS = {
    "vendor.github-workflows": "workflows/*.yml",
    "vendor.github-actions": "actions/*/action.yml",
    "vendor.github-issue-forms": "ISSUE_TEMPLATE/[0-9]*.yml",
    "vendor.github-issue-config": "ISSUE_TEMPLATE/config.yml",
    "vendor.dependabot": "dependabot.yml",
}
"""What the files of .github/ must be like; check-jsonschema brings the schemas along."""


def _schema_checks() -> Iterator[tuple[str, ...]]:
    forge = CHECKOUT / ".github"
    for schema, pattern in SCHEMAS.items():
        files = [str(path.relative_to(CHECKOUT)) for path in sorted(forge.glob(pattern))]
        yield ("check-jsonschema", "--builtin-schema", schema, *files)


LINTERS: tuple[tuple[str, ...], ...] = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("lint-imports", "--no-logo"),
    *_schema_checks(),
    ("zizmor", "--offline", "--quiet", "--no-progress", "--strict-collection", "--persona=pedantic", "."),
)
FORMATTERS = (("ruff", "check", "--select", "I", "--fix", "."), ("ruff", "format", "."))

AUDITOR = "pip-audit==2.10.1"
"""Fetched when it is asked for, into an environment of its own: nothing else here needs it."""
AUDIT = (
    *("-r", "requirements.txt", "-r", "tests/requirements.txt"),
    *("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"),
)


def _say(text: str) -> None:
    print(f"    {text}", flush=True)


FAST = "not slow and not system and not full"
TEST = "not system and not full"
SYSTEM = "system and not full"
FULL = "full"
"""What the commands run, by pytest's marks (tests/conftest.py); what is full runs in `make faults`."""


FULL_FOLDERS = (
    "tests/faults/",
    "tests/basketry/domains/ingest/test_hostile_deliveries.py",
    "tests/end_to_end/test_propensity.py",
    "tests/end_to_end/test_three_runtimes_models.py",
    "tests/properties/test_deliveries.py",
    "tests/security/test_forgotten_canary.py",
)
"""What `make faults` runs: hours of faults and of generated files, days of the models, and a week of somebody who is forgotten."""


def _pytest(*options: str) -> int:
    """Run pytest with what ARGS says, in a home of its own; returns its exit code. No test at all is a failure."""
    words = [*options, *shlex.split(os.environ.get("ARGS", ""))]
    with tempfile.TemporaryDirectory(prefix="basketry-test-", ignore_cleanup_errors=True) as home:
        places = replace(InstancePaths.from_environment(), home=Path(home).resolve())
        env = prepare(places, _say)
        return subprocess.call([sys.executable, "-m", "pytest", *words], env=env, cwd=CHECKOUT)  # noqa: S603


def test_command(arguments: list[str]) -> int:
    """Run every test that is not minutes long."""
    return _pytest("-m", TEST, *arguments)


def test_fast_command(arguments: list[str]) -> int:
    """Run the tests of seconds alone: for the way of working."""
    return _pytest("-m", FAST, *arguments)


def test_system_command(arguments: list[str]) -> int:
    """Run the tests of minutes: real services, kills, containers, a browser, whole data sets."""
    return _pytest("-m", SYSTEM, *arguments)


def screenshots_command(arguments: list[str]) -> int:
    """Make the pictures of the documentation anew: the browser test keeps them on its way."""
    os.environ["BASKETRY_SCREENSHOTS"] = str(CHECKOUT / "docs" / "images")
    return _pytest("-n0", "-q", "tests/plugins/console/test_browser.py")


def record_bundle_command(arguments: list[str]) -> int:
    """Write down anew what the Databricks CLI asks when it deploys the bundle, against the tests' emulator."""
    program = [sys.executable, "-m", "tests.tools.deploy.record_bundle"]
    return subprocess.run(program, cwd=CHECKOUT, check=False).returncode  # noqa: S603


def faults_command(arguments: list[str]) -> int:
    """Run the fault suite in full: two hundred kills (KILLS=<n>), a full disk, late data, generated files by the dozen."""
    os.environ["KILLS"] = os.environ.get("KILLS") or "200"
    return _pytest("-n0", "-v", "-s", "-m", "full or not full", *FULL_FOLDERS)


def lint_environment() -> dict[str, str]:
    """Return the environment in which the linters' programs are found."""
    path = os.pathsep.join([str(CHECKOUT / ".venv" / "bin"), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path}


def chosen_linters(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the linters whose programs are named, all of them when none is.

    Raises:
        Problem: A name is no linter's.
    """
    programs = dict.fromkeys(linter[0] for linter in LINTERS)
    unknown = [name for name in names if name not in programs]
    if unknown:
        raise Problem(f"there is no linter '{unknown[0]}'; there are: {', '.join(programs)}.")
    return [linter for linter in LINTERS if not names or linter[0] in names]


def _run_all(commands: Sequence[tuple[str, ...]]) -> int:
    failed = 0
    for command in commands:
        print(f"── {' '.join(command)}", flush=True)
        failed |= subprocess.call(command, env=lint_environment(), cwd=CHECKOUT) != 0  # noqa: S603
    return int(failed)


def lint_command(arguments: list[str]) -> int:
    """Run every linter, or those that ARGS names, also after one has failed; returns 1 when any did."""
    return _run_all(chosen_linters([*arguments, *shlex.split(os.environ.get("ARGS", ""))]))


def format_command(arguments: list[str]) -> int:
    """Put imports in order and lay every file out anew; returns 1 when a file could not be."""
    return _run_all(FORMATTERS)


def audit_command(arguments: list[str]) -> int:
    """Ask the vulnerability service about every package of both locks; returns 1 when it knows of a vulnerability."""
    command = [str(CHECKOUT / ".venv" / "bin" / "uv"), "tool", "run", "--from", AUDITOR, "pip-audit", *AUDIT]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        raise Problem(
            f"the packages could not be audited ({last_words(done.stderr)}): connect to the network."
        ) from None
    asked = [package for package in packages if "vulns" in package]
    if not asked:
        raise Problem(
            "the vulnerability service knows none of the packages: an index without one answers here; ask elsewhere."
        )
    holes = [(package, hole) for package in asked for hole in package["vulns"]]
    for package, hole in holes:
        print(
            f"{package['name']} {package['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        )
    print(f"{len(asked)} of {len(packages)} packages asked about, {len(holes)} known holes.")
    return int(bool(holes))


def last_words(text: str) -> str:
    """Return the last line that says something."""
    return next((line.strip()[:200] for line in reversed(text.splitlines()) if line.strip()), "it said nothing")


def bench_command(arguments: list[str]) -> int:
    """Run every benchmark in one go."""
    if not (CHECKOUT / "benchmarks" / "__main__.py").is_file():
        raise Problem("there is no benchmark yet: benchmarks/__main__.py is missing.")
    env = prepare(InstancePaths.from_environment(), _say)
    options = [*arguments, *shlex.split(os.environ.get("ARGS", ""))]
    return subprocess.call([sys.executable, "-m", "benchmarks", *options], env=env, cwd=CHECKOUT)  # noqa: S603
