"""`python -m tools <command>`: what each make target runs, inside the virtual environment."""

from __future__ import annotations

import importlib
import os
import sys

from tools.masks import OWNERS_ALONE
from tools.problem import NO_SPACE, Problem, disk_full
from tools.terminal import plain

COMMANDS = (
    "ask",
    "audit",
    "bench",
    "clean",
    "data",
    "data-model",
    "databricks-smoke",
    "deploy",
    "deploy-check",
    "dist",
    "docs",
    "doctor",
    "down",
    "faults",
    "forget",
    "format",
    "job",
    "lint",
    "lock",
    "logs",
    "plan",
    "prune",
    "record-bundle",
    "run",
    "screenshots",
    "setup",
    "status",
    "test",
    "test-fast",
    "test-system",
    "undeploy",
    "upgrade",
    "user",
)
MANAGE = ("clean", "down", "logs", "status")
CHECKS = (
    *("audit", "bench", "faults", "format", "lint", "record-bundle", "screenshots"),
    *("test", "test-fast", "test-system"),
)
DEPLOY = ("databricks-smoke", "deploy", "deploy-check", "undeploy")


def module_of(command: str) -> str:
    """Return the module that holds a command's function; most have the command's name."""
    if command in MANAGE:
        return "tools.manage"
    if command in CHECKS:
        return "tools.checks"
    if command in DEPLOY:
        return "tools.deploy.commands"
    return "tools.job" if command == "plan" else f"tools.{command.replace('-', '_')}"


def function_of(command: str) -> str:
    """Return the name of a command's function in that module."""
    return f"{command.replace('-', '_')}_command"


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit code. A Problem becomes one sentence on stderr and exit code 1."""
    if not arguments or arguments[0] not in COMMANDS:
        print(f"Basketry: say one of: {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    os.umask(OWNERS_ALONE)
    try:
        function = getattr(importlib.import_module(module_of(arguments[0])), function_of(arguments[0]))
        return int(function(arguments[1:]))
    except Problem as problem:
        print(f"\nBasketry: {plain(problem)}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nBasketry: stopped. What was started goes on until `make down`.", file=sys.stderr)
    except OSError as error:
        if not disk_full(error):
            raise
        print(f"\nBasketry: {NO_SPACE}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
