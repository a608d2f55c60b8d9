"""The secrets of one instance: made at random, once per home, readable by its owner alone."""

from __future__ import annotations

import fcntl
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from tools.home import make_home

USER = "admin"
"""Who administers the instance: the first user of Airflow, and MLflow's only one."""
BYTES = {"api": 32, "jwt": 32, "password": 9, "mlflow": 9}
"""What there is, and of how many random bytes; people type the two short ones."""


def instance_secrets(home: Path) -> dict[str, str]:
    """Return this instance's passwords and keys; what an older home lacks is added."""
    folder = home / "airflow"
    make_home(home)
    folder.mkdir(exist_ok=True)
    path = folder / "secrets.json"
    with (folder / "secrets.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two that start at once the first decides
        values: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = {name: secrets.token_urlsafe(count) for name, count in BYTES.items() if name not in values}
        if missing:
            write_private(path, values | missing)
    return values | missing


def registry_login(home: Path) -> dict[str, str]:
    """Return the variables by which MLflow's server and its clients know one another."""
    return {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": instance_secrets(home)["mlflow"]}


def write_private(path: Path, content: Mapping[str, object]) -> None:
    """Write JSON that nobody else may read, at no moment; whoever reads sees the old or the new."""
    part = path.with_suffix(f".{secrets.token_hex(4)}")
    part.touch(mode=0o600)
    part.write_text(json.dumps(content))
    part.replace(path)
