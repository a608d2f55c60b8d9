"""`python -m tools <command>`: what each make target runs, inside the virtual environment."""

from __future__ import annotations

import importlib
import sys

from tools.environment import CHECKOUT
from tools.problem import NO_SPACE, Problem, disk_full

COMMANDS = ("ask", "bench", "clean", "down", "job", "lint", "logs", "plan", "run", "screenshots", "setup", "status", "test")
MANAGE = ("clean", "down", "logs", "status")
CHECKS = ("bench", "lint", "screenshots", "test")


def module_of(command: str) -> str:
    """The module that holds a command's function, which has the command's name (`test` and `plan` share rooms)."""
    if command in MANAGE:
        return "tools.manage"
    if command in CHECKS:
        return "tools.checks"
    return "tools.job" if command == "plan" else f"tools.{command}"


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit code. A Problem becomes one sentence on stderr and exit code 1."""
    if not arguments or arguments[0] not in COMMANDS:
        print(f"Basketry: say one of: {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    sys.path[:0] = [str(CHECKOUT / "spark_jobs")]
    try:
        function = getattr(importlib.import_module(module_of(arguments[0])), f"{arguments[0]}_command")
        return int(function(arguments[1:]))
    except Problem as problem:
        print(f"\nBasketry: {problem}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nBasketry: stopped. What was started goes on until `make down`.", file=sys.stderr)
    except OSError as error:
        if not disk_full(error):
            raise
        print(f"\nBasketry: {NO_SPACE}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
