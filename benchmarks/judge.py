"""Judges one change of a copied checkout by unit tests: a fork of a warm process runs pytest on the files that belong to it.

What the tests import from outside is imported once, before the forks; nothing of the library is, so that a fork reads the
changed files. Spark cannot be imported here: who needs it is no unit test.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
IMPORTS = ("spark_jobs", "plugins", ".")
WARM = (
    "pytest",
    "_pytest.assertion.rewrite",
    "_hypothesis_pytestplugin",
    "hypothesis.strategies",
    "yaml",
    "sqlglot.dialects.spark",
)
"""What takes seconds to import, and is not ours."""

OPTIONS = (
    *("-x", "-q", "-m", "not spark and not slow", "--tb=short"),
    *("-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin"),
    *("-o", "addopts=--import-mode=importlib"),
)
"""One process, the first failure, unit tests alone, and no other plugin than that of hypothesis."""

KILLED, SURVIVED, CRASHED, TIMED_OUT = "killed", "survived", "crashed", "timed out"
_FAILED = 1
"""pytest's exit code when tests fail, or cannot be imported any more; any other but 0 means that it came to no result."""


def copy_checkout(folder: Path) -> Path:
    """Copy what git knows of the checkout, and new files, as they are in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, capture_output=True, check=True,
    )  # fmt: skip
    copy = folder / "checkout"
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (CHECKOUT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((CHECKOUT / name).read_bytes())
    return copy


class Judge:
    """Runs unit tests in a copied checkout, with a limit in seconds after which they count as never ending."""

    def __init__(self, checkout: Path, limit: float) -> None:
        self._checkout, self._limit = checkout, limit
        self._output = checkout.parent / "output.txt"
        _leave_the_checkout(checkout)
        for name in WARM:
            importlib.import_module(name)
        ours = [name for name in sys.modules if name.split(".")[0] in ("basketry", "basketry_airflow", "tests")]
        if ours:
            raise RuntimeError(f"{', '.join(ours)} would be judged as imported, not as changed.")

    def warm_up(self, tests: Sequence[str], changing: Sequence[str]) -> float:
        """Let the unchanged checkout pass, keep its bytecode but for what will be changed, and return the seconds it takes."""
        start = time.monotonic()
        if self.outcome(tests, keep_bytecode=True) != SURVIVED:
            raise RuntimeError(f"the tests fail on what nobody has changed:\n{self.output()[-3000:]}")
        for source in changing:
            path = self._checkout / source
            for cached in (path if path.is_dir() else path.parent).rglob("*.pyc"):
                cached.unlink()
        start = time.monotonic()
        self.outcome(tests)
        return time.monotonic() - start

    def output(self) -> str:
        """Return what pytest wrote last."""
        return self._output.read_text(errors="replace")

    def outcome(self, tests: Sequence[str], *, first: str = "", keep_bytecode: bool = False) -> str:
        """Return what the tests say: survived when all pass, killed when one fails, crashed, or timed out.

        Args:
            tests: The files with the tests.
            first: The file that is most likely to notice, asked alone before the others are collected.
            keep_bytecode: Whether what is compiled is kept for later runs.
        """
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            rest = [test for test in tests if test != first]
            self._become_pytest([[first], rest] if first else [rest], keep_bytecode)
        status = self._wait(child)
        if status is None:
            return TIMED_OUT
        code = os.waitstatus_to_exitcode(status)
        return SURVIVED if code == 0 else KILLED if code == _FAILED else CRASHED

    def _wait(self, child: int) -> int | None:
        end = time.monotonic() + self._limit
        while time.monotonic() < end:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status
            time.sleep(0.02)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return None

    def _become_pytest(self, stages: Sequence[Sequence[str]], keep_bytecode: bool) -> None:
        import pytest

        code = 70
        try:
            os.setpgid(0, 0)
            with self._output.open("w") as output:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
            sys.dont_write_bytecode = not keep_bytecode
            basetemp = f"--basetemp={self._checkout.parent / 'tmp'}"
            for tests in stages:
                code = int(pytest.main([*OPTIONS, basetemp, *tests]))
                if code:
                    break
        finally:
            sys.stdout.flush()
            os._exit(code)


@contextmanager
def changed(file: Path, text: str) -> Iterator[None]:
    """Give the file another text, for as long as it is judged."""
    before = file.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


def _leave_the_checkout(copy: Path) -> None:
    """Import from the copy alone, without Spark, the same each time."""
    blocked: Mapping[str, None] = {"pyspark": None, "delta": None}
    sys.modules.update(blocked)  # type: ignore[arg-type]
    left = {"", *(str((CHECKOUT / folder).resolve()) for folder in IMPORTS)}
    inside = [str((copy / folder).resolve()) for folder in IMPORTS]
    sys.path[:] = [*inside, *(path for path in sys.path if path not in left)]
    os.chdir(copy)
    os.environ |= {
        "PYTHONPATH": os.pathsep.join(inside),
        "SPARK_CONF_DIR": str(copy),  # which says that nothing is to be set up for Spark
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "CI": "true",  # hypothesis then draws the same examples each time, and keeps none
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    os.environ.pop("BASKETRY_INCLUDE", None)
