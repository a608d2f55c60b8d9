"""Somebody else's Airflow: Airflow, the providers and the wheel in an environment, the DAGs in a git repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.environment import CHECKOUT
from tools.wheel import build_wheel

DELIVERED = ("dags", "spark_jobs", "include", "docs/runbooks")
"""What is in the git repository; the plugin is put where that Airflow looks for plugins."""

AUTHOR = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")


def run(command: Sequence[str], folder: Path, env: dict[str, str] | None = None) -> str:
    """What a command prints; its output when it fails."""
    done = subprocess.run(list(command), cwd=folder, env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@dataclass(frozen=True)
class OtherAirflow:
    """One in a folder: its environment, its home, and the repository that its DAGs come from.

    Attributes:
        folder: Holds all of it.
        wheel: The wheel that is installed.
    """

    folder: Path
    wheel: Path

    @classmethod
    def make(cls, folder: Path) -> OtherAirflow:
        """Install Airflow, providers and wheel at the lock's versions, from the packages that setup has fetched."""
        other = cls(folder, build_wheel(CHECKOUT, folder / "dist"))
        uv = str(CHECKOUT / ".venv" / "bin" / "uv")
        run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")], folder)
        locks = [
            word for lock in ("requirements.txt", "tests/requirements.txt") for word in ("-c", str(CHECKOUT / lock))
        ]
        wanted = [f"basketry[airflow,databricks] @ {other.wheel.as_uri()}", "apache-airflow-providers-git"]
        install = [
            uv,
            "pip",
            "install",
            "--quiet",
            "--link-mode=symlink",
            "--python",
            str(other.python),
            *locks,
            *wanted,
        ]
        offline = subprocess.run([*install, "--offline"], cwd=folder, capture_output=True, text=True)
        if offline.returncode != 0:
            run(install, folder)
        shutil.copytree(
            CHECKOUT / "plugins", folder / "airflow" / "plugins", ignore=shutil.ignore_patterns("__pycache__")
        )
        return other

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "venv" / "bin" / "python"

    def commit(self) -> str:
        """Commit what is delivered; returns the commit."""
        work, bare = self.folder / "work", self.folder / "repository.git"
        if not bare.exists():
            run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(bare)], self.folder)
            run(["git", "clone", "--quiet", str(bare), str(work)], self.folder)
            for name in DELIVERED:
                shutil.copytree(CHECKOUT / name, work / name, ignore=shutil.ignore_patterns("__pycache__"))
        run(["git", "add", "--all"], work)
        run(["git", *AUTHOR, "commit", "--quiet", "-m", "delivered"], work)
        run(["git", "push", "--quiet", "origin", "HEAD:main"], work)
        return run(["git", "rev-parse", "HEAD"], work).strip()

    def environment(self, **variables: str) -> dict[str, str]:
        """The variables of its processes: none of this checkout's."""
        home = self.folder / "airflow"
        bundle = {"repo_url": (self.folder / "repository.git").as_uri(), "tracking_ref": "main", "subdir": "dags"}
        bundles = [
            {"name": "basketry", "classpath": "airflow.providers.git.bundles.git.GitDagBundle", "kwargs": bundle}
        ]
        return {
            "PATH": os.pathsep.join([str(self.python.parent), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(self.folder),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(self.folder / "bundles"),
            "AIRFLOW_CONN_SPARK_LOCAL": '{"conn_type": "spark", "host": "local[1]"}',
            "GIT_CONFIG_GLOBAL": os.devnull,
            **variables,
        }

    def migrate(self) -> None:
        """Make its database."""
        run([str(self.python.parent / "airflow"), "db", "migrate"], self.folder, self.environment())

    def parsed(self, **variables: str) -> dict[str, Any]:
        """What parsing every DAG of the newest commit brings."""
        program = shutil.copy(Path(__file__).with_name("parse.py"), self.folder / "parse.py")
        output = run([str(self.python), str(program)], self.folder, self.environment(**variables))
        document: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
        return document
