"""What a machine must have, checked before anything is fetched or started: each lack is one sentence with its fix.

Standard library only and written for any Python 3.8 or newer: tools/bootstrap.py asks it before the packages are there.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from tools.engine import Engine
from tools.environment import InstancePaths
from tools.memory import BESIDE_HEAP, GB, SERVICES, bytes_of, memory_limit
from tools.problem import Problem
from tools.service_records import holds_port

NEEDED_BYTES = 2 * GB
HEAPS = ("2g", "1g", "512m")
"""What a job may be given, the largest first."""
OPENMP = "libgomp.so.1"
"""What LightGBM computes with. Small images lack it."""
NETWORK_DISKS = re.compile(
    r"9p|afpfs|afs|beegfs|ceph|cifs|davfs|glusterfs|gpfs|lustre|ncpfs|nfs4?|smb3|smbfs|vboxsf|webdav"
    r"|fuse\.(blobfuse2|ceph|gcsfuse|glusterfs|rclone|s3fs|sshfs)"
)
"""Kinds of file systems on which SQLite's locks, or ours, do not hold, or whose files cannot be their owner's alone."""


def check_setup(places: InstancePaths) -> None:
    """Check what setting up needs.

    Raises:
        Problem: The home or the cache cannot be written, a disk has too little room, or a library is missing.
    """
    Engine.from_environment()  # settings that make no sense are refused
    check_library(OPENMP)
    check_writable("BASKETRY_HOME", places.home)
    check_writable("BASKETRY_CACHE", places.cache)
    check_disk(places.home, places.cache)


def check_run(places: InstancePaths) -> None:
    """Check what `make run` needs: what setting up does, a local disk, memory, and both ports.

    Raises:
        Problem: Something of it is not there.
    """
    check_setup(places)
    check_local(places.home, mounted())
    check_memory(memory_limit(), Engine.from_environment())
    check_ports(places)


def check_library(name: str) -> None:
    """Check that Linux has a library that no package of ours brings along."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes
    except ImportError:  # a Python that was built without it cannot ask
        return
    try:
        ctypes.CDLL(name)
    except OSError:
        raise Problem(
            f"{name} is not installed, and trainings need it: apt-get install libgomp1 (dnf install libgomp)."
        ) from None


def nearest_folder(folder: Path) -> Path:
    """Return the folder itself, or what is there of the path to it."""
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def check_writable(setting: str, folder: Path) -> None:
    """Check that we may make the folder, or write into it."""
    there = nearest_folder(folder)
    if not there.is_dir():
        raise Problem(f"{there} is a file, so {folder} cannot be a folder: set {setting} to another folder.")
    if not os.access(str(there), os.W_OK | os.X_OK):
        raise Problem(f"{there} cannot be written by this account: set {setting} to a folder of your own.")


def check_disk(*folders: Path) -> None:
    """Check that each folder's disk has room for a run: better now than in the middle of a write.

    Raises:
        Problem: One has less.
    """
    for folder in folders:
        free = shutil.disk_usage(str(nearest_folder(folder))).free
        if free < NEEDED_BYTES:
            have = f"only {free / GB:.1f} GB are free where {folder} lives and a run needs {NEEDED_BYTES / GB:.0f}"
            raise Problem(f"{have}: free some space, or set BASKETRY_HOME and BASKETRY_CACHE elsewhere.")


def mounted() -> dict[str, str]:
    """Return the kind of file system by the folder where it is mounted; nothing where the system does not say."""
    if sys.platform == "darwin":
        shown = subprocess.run(["/sbin/mount"], stdout=subprocess.PIPE, check=False).stdout.decode(errors="replace")
        lines = [line.partition(" on ")[2].rpartition(" (") for line in shown.splitlines()]
        return {folder: options.partition(",")[0] for folder, _, options in lines}
    try:
        text = Path("/proc/mounts").read_text(errors="surrogateescape")
    except OSError:
        return {}
    fields = [line.split(" ") for line in text.splitlines()]
    return {_unescaped(field[1]): field[2] for field in fields if len(field) > 2}


def _unescaped(folder: str) -> str:
    """Undo how the kernel writes what would end a field of /proc/mounts."""
    for code, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        folder = folder.replace(code, sign)
    return folder


def check_local(home: Path, mounts: dict[str, str]) -> None:
    """Check that the home is on a disk of this machine.

    Args:
        home: The home.
        mounts: The kind of each file system, by the folder where it is mounted.

    Raises:
        Problem: It is on another machine's.
    """
    real = home.resolve()
    kind = next((mounts[str(folder)] for folder in (real, *real.parents) if str(folder) in mounts), "")
    if NETWORK_DISKS.fullmatch(kind):
        raise Problem(
            f"{home} is on a disk that is not this machine's own ({kind}), where databases and locks break: "
            "set BASKETRY_HOME to a folder on a local disk."
        )


def check_memory(limit: int, engine: Engine) -> None:
    """Check that the services and one job fit into the memory.

    Args:
        limit: The bytes that there are.
        engine: Says how much heap a job gets.

    Raises:
        Problem: They do not.
    """
    heap = engine.driver_memory
    needed = SERVICES + BESIDE_HEAP + bytes_of(heap)
    if limit >= needed:
        return
    have = f"only {limit / GB:.1f} GB of memory are here and a run with heaps of {heap} needs {needed / GB:.1f}"
    fits = next((size for size in HEAPS if limit >= SERVICES + BESIDE_HEAP + bytes_of(size)), "")
    smaller = f", or set BASKETRY_SPARK_DRIVER_MEMORY={fits}" if fits else ""
    raise Problem(f"{have}: give the machine or its container more{smaller}.")


def check_ports(places: InstancePaths) -> None:
    """Check that both ports are free, or held by what this home has started.

    Raises:
        Problem: One is not, or both are the same.
    """
    if places.airflow_port == places.mlflow_port:
        raise Problem(
            f"Airflow and MLflow cannot both have port {places.airflow_port}: "
            "set BASKETRY_AIRFLOW_PORT and BASKETRY_MLFLOW_PORT to two numbers."
        )
    for name, port, setting in (
        ("airflow-api-server", places.airflow_port, "BASKETRY_AIRFLOW_PORT"),
        ("mlflow", places.mlflow_port, "BASKETRY_MLFLOW_PORT"),
    ):
        if not port_free(port) and not holds_port(places.home, name, port):
            raise Problem(used_port(port, setting))


def port_free(port: int) -> bool:
    """Whether a server could listen on the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def used_port(port: int, setting: str) -> str:
    """Return the sentence about a port that another program has, and the setting that chooses another port."""
    listener = _listener(port)
    return f"port {port} is used by {listener}: stop that program, or set {setting} to a free port and run again."


def _listener(port: int) -> str:
    try:
        import psutil
    except ImportError:  # the packages are not installed yet
        return "another program"
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and getattr(connection.laddr, "port", None) == port
            if listens and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError):  # macOS tells only root
        pass
    return "another program"
