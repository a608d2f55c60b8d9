"""The Python of serverless compute: the library's packages and the client of Spark Connect; neither pyspark nor py4j.

It is made once for a machine, at the lock's versions, in the folder of what setup has fetched.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools.environment import InstancePaths

CHECKOUT = Path(__file__).resolve().parents[2]
LOCK = CHECKOUT / "requirements.txt"
PROJECT = CHECKOUT / "pyproject.toml"
WANTED = ("-r", str(PROJECT), "--extra", "jobs", "--extra", "databricks", "pyspark-client")


def client_python() -> Path:
    """The interpreter of the environment, which is made where it is missing or packages were removed from under it."""
    cache = InstancePaths.from_environment().cache
    digest = hashlib.sha256(sys.version.encode() + LOCK.read_bytes() + PROJECT.read_bytes()).hexdigest()[:12]
    folder = cache / f"serverless-{digest}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "serverless.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_whole(folder):
            for old in cache.glob("serverless-*"):
                shutil.rmtree(old)
            _make(folder)
    return folder / "bin" / "python"


def _is_whole(folder: Path) -> bool:
    """Whether it was made to its end and no link leads nowhere."""
    made = folder / ".made"
    return made.exists() and all(path.exists() for path in folder.glob("lib/*/site-packages/*/__init__.py"))


def _make(folder: Path) -> None:
    uv, python = str(CHECKOUT / ".venv" / "bin" / "uv"), str(folder / "bin" / "python")
    links = ["--link-mode=symlink", "--python", python, "-c", str(LOCK)]
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", *links, *WANTED],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        if done.returncode != 0:
            raise RuntimeError(f"The environment of serverless compute could not be made: {done.stderr}")
    (folder / ".made").touch()
