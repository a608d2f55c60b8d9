"""What a machine must have is checked before anything is fetched or started, and what it lacks is one sentence."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import preflight
from tools.engine import Engine
from tools.environment import InstancePaths
from tools.memory import GB, heap_by_memory, jobs_at_once, memory_limit
from tools.problem import Problem

LOCAL = {"/": "ext4", "/srv/my files": "nfs4", "/mnt": "fuse.sshfs", "/mnt/disk": "xfs", "/data": "fuseblk"}


@pytest.fixture
def places(tmp_path: Path) -> InstancePaths:
    """A home in which nothing has run, on ports that are free."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        ports = first.getsockname()[1], second.getsockname()[1]
    return InstancePaths(tmp_path / "home", tmp_path / "cache", *ports)


def engine(heap: str) -> Engine:
    return Engine.from_environment({"BASKETRY_SPARK_DRIVER_MEMORY": heap})


def test_this_machine_passes(places: InstancePaths) -> None:
    """Nothing is made on the way."""
    preflight.check_run(places)
    assert not places.home.exists() and not places.cache.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere nothing is checked")
def test_a_library_that_small_systems_lack_is_named() -> None:
    """Before the packages are fetched, not when the first training begins."""
    with pytest.raises(Problem, match=r"^libnothing\.so\.1 is not installed, .*: apt-get install libgomp1"):
        preflight.check_library("libnothing.so.1")


def test_too_little_room_is_said_beforehand(places: InstancePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run does not begin where it could not end."""
    monkeypatch.setattr(preflight, "NEEDED_BYTES", 2**62)
    with pytest.raises(Problem, match=r"GB are free where .* lives and a run needs"):
        preflight.check_setup(places)


@pytest.mark.parametrize(("folder", "setting"), [("home", "BASKETRY_HOME"), ("cache", "BASKETRY_CACHE")])
def test_a_folder_that_cannot_be_made_is_named(
    places: InstancePaths, tmp_path: Path, folder: str, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in its place, or a parent that is somebody else's, with the setting that names another folder."""
    (tmp_path / folder).touch()
    with pytest.raises(Problem, match=rf"{folder} is a file, so .*: set {setting} to another folder\."):
        preflight.check_setup(places)
    (tmp_path / folder).unlink()
    writable = {"home": places.cache, "cache": places.home}[folder]
    writable.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: path == str(writable))  # root may write anywhere
    with pytest.raises(Problem, match=rf"cannot be written by this account: set {setting} to a folder of your own\."):
        preflight.check_setup(places)


@pytest.mark.parametrize(
    ("home", "kind"),
    [
        ("/home/me/.basketry", ""),
        ("/srv/my files/basketry", "nfs4"),
        ("/mnt/shop", "fuse.sshfs"),
        ("/mnt/disk/shop", ""),
        ("/data/shop", ""),
        ("/srv/my files too", ""),
    ],
)
def test_a_home_on_a_network_disk_is_refused(home: str, kind: str) -> None:
    """The innermost mount decides; a local disk by way of FUSE is a local one."""
    if not kind:
        preflight.check_local(Path(home), LOCAL)
        return
    with pytest.raises(Problem, match=rf"{home} is on a disk .*own \({kind}\), .*: set BASKETRY_HOME to .* local disk"):
        preflight.check_local(Path(home), LOCAL)


def test_what_is_mounted_is_read_from_the_kernel() -> None:
    """The folder of these tests is on some file system; blanks in a folder's name are written as a code."""
    assert preflight.mounted()["/"]
    assert preflight._unescaped("/srv/my\\040files\\134x") == "/srv/my files\\x"


def test_what_is_mounted_is_read_on_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    """From what its mount command prints."""
    shown = b"/dev/disk3s1 on / (apfs, sealed, local)\n//me@nas/my files on /Volumes/my files (smbfs, nodev)\n"
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(preflight.subprocess, "run", lambda *given, **named: SimpleNamespace(stdout=shown))
    assert preflight.mounted() == {"/": "apfs", "/Volumes/my files": "smbfs"}


def test_memory_that_does_not_suffice_is_said_with_what_would_help() -> None:
    """The heap that fits, if any does; a machine of 4 GB runs, with the smaller heap that it gets by itself."""
    preflight.check_memory(int(3.7 * GB), engine(heap_by_memory(int(3.7 * GB))))
    with pytest.raises(Problem, match=r"only 3\.7 GB .* heaps of 2g needs 4\.3: .*, or set .*DRIVER_MEMORY=1g\.$"):
        preflight.check_memory(int(3.7 * GB), engine("2g"))
    with pytest.raises(Problem, match=r"only 1\.9 GB .*: give the machine or its container more\.$"):
        preflight.check_memory(int(1.9 * GB), engine("1g"))


def test_few_gigabytes_mean_a_smaller_heap_and_one_job_at_a_time() -> None:
    """Otherwise the kernel would end a job in the middle of its work."""
    assert [heap_by_memory(size * GB) for size in (4, 8)] == ["1g", "2g"]
    assert jobs_at_once(4 * GB, "1g", cores=2) == 1
    assert jobs_at_once(8 * GB, "2g", cores=4) == 2
    assert jobs_at_once(16 * GB, "2g", cores=16) == 5
    assert jobs_at_once(64 * GB, "2g", cores=1) == 2
    assert jobs_at_once(GB, "2g", cores=1) == 1


@pytest.mark.parametrize(
    ("group", "file", "text", "limit"),
    [
        ("0::/user.slice/me", "user.slice/me/memory.max", "1000", 1000),
        ("0::/user.slice/me", "user.slice/memory.max", "2000", 2000),
        ("0::/", "memory.max", "3000", 3000),
        ("4:memory:/docker/0123", "memory/memory.limit_in_bytes", "4000", 4000),
        ("2:cpu,memory:/a", "memory/a/memory.limit_in_bytes", "5000", 5000),
        ("0::/", "memory.max", "max", None),
        ("4:memory:/", "memory/memory.limit_in_bytes", str(2**63 - 4096), None),
        ("3:cpuset:/a", "a/memory.max", "1000", None),
    ],
)
def test_a_container_s_limit_counts(tmp_path: Path, group: str, file: str, text: str, limit: int | None) -> None:
    """Of both versions of control groups, and of every group around ours; without one it is the machine's memory."""
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text(group + "\n")
    (tmp_path / "groups" / file).parent.mkdir(parents=True)
    (tmp_path / "groups" / file).write_text(text + "\n")
    everything = memory_limit(tmp_path / "nothing", tmp_path / "nothing")
    assert memory_limit(tmp_path / "proc", tmp_path / "groups") == (everything if limit is None else limit)


def test_a_port_of_another_program_is_refused_and_one_of_ours_is_not(places: InstancePaths) -> None:
    """Ours is one that this home's service was started on, as long as a process of its number lives."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", places.airflow_port))
        taken.listen()
        with pytest.raises(Problem, match=rf"port {places.airflow_port} is used by .*set BASKETRY_AIRFLOW_PORT"):
            preflight.check_ports(places)
        record = {"pid": os.getpid(), "created": 1.0, "port": places.airflow_port}
        (places.home / "services").mkdir(parents=True)
        file = places.home / "services" / "airflow-api-server.json"
        file.write_text(json.dumps(record))
        preflight.check_ports(places)
        for wrong in ({"port": places.airflow_port + 1}, {"pid": 2**22 - 1}):
            file.write_text(json.dumps({**record, **wrong}))
            with pytest.raises(Problem, match="is used by"):
                preflight.check_ports(places)


def test_one_port_for_both_is_refused(tmp_path: Path) -> None:
    """Before the second server fails to start."""
    with pytest.raises(
        Problem, match=r"cannot both have port 8080: set BASKETRY_AIRFLOW_PORT and BASKETRY_MLFLOW_PORT"
    ):
        preflight.check_ports(InstancePaths(tmp_path, tmp_path, 8080, 8080))
