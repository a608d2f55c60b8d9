"""What a home remembers of its services: for each, the process that was started, and its log."""

from __future__ import annotations

import json
import os
import shutil
from itertools import pairwise
from pathlib import Path

LOG_BYTES, LOGS_ASIDE = 20 * 1024**2, 4
"""From which size on a service's log is put aside, and how many of these are kept."""


def pid_file(home: Path, name: str) -> Path:
    """Return the file that records a service's process."""
    return home / "services" / f"{name}.json"


def log_file(home: Path, name: str) -> Path:
    """Return the file that a service's output goes to."""
    return home / "logs" / f"{name}.log"


def rotate_log(log: Path) -> None:
    """Put what a large log holds aside and empty it; the oldest of LOGS_ASIDE is deleted.

    The file stays the same one, because a service goes on writing to its end.
    """
    if not log.is_file() or log.stat().st_size < LOG_BYTES:
        return
    older = [log.with_suffix(f".log.{number}") for number in range(1, LOGS_ASIDE + 1)]
    for source, target in reversed(list(pairwise(older))):
        if source.exists():
            source.replace(target)
    shutil.copyfile(log, older[0])
    with log.open("r+b") as emptied:
        emptied.truncate(0)


def pid_record(home: Path, name: str) -> dict[str, object] | None:
    """Read what was started under that name: pid, created, command, port.

    Returns:
        None when nothing was started, it was stopped on purpose, or the file cannot be read or holds something else.
    """
    try:
        record = json.loads(pid_file(home, name).read_text())
        return {**record, "pid": int(record["pid"]), "created": float(record["created"])}
    except (OSError, ValueError, TypeError, KeyError):
        return None


def holds_port(home: Path, name: str, port: int) -> bool:
    """Whether the service was started on that port and a process of its number lives."""
    record = pid_record(home, name)
    if record is None or record.get("port") != port:
        return False
    try:
        os.kill(int(str(record["pid"])), 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
