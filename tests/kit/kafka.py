"""A real Kafka broker from its published Java artefacts: one node, broker and controller in one process."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.environment import InstancePaths
from tools.spark import fetch_jars, pyspark_jars

BROKER = "org.apache.kafka:kafka_2.13:3.9.0"
PATIENCE = 90
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={logs}
num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
"""


@dataclass(frozen=True)
class Broker:
    """A broker that listens. address: host:port."""

    address: str
    class_path: str

    def send(self, topic: str, lines: Sequence[str]) -> None:
        """Produce a message a line, in this order."""
        client = [*_java(self.class_path, "256m"), "kafka.tools.ConsoleProducer"]
        command = [*client, "--bootstrap-server", self.address, "--topic", topic]
        text = "".join(f"{line}\n" for line in lines)
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def kafka_broker(folder: Path) -> Iterator[Broker]:
    """Start a broker that keeps its logs in the folder; it ends with the block."""
    port, controller = _free_port(), _free_port()
    class_path = _class_path()
    properties = folder / "kraft.properties"
    properties.write_text(PROPERTIES.format(port=port, controller=controller, logs=folder / "logs"))
    storage = [
        *_java(class_path, "256m"),
        "kafka.tools.StorageTool",
        "format",
        "-t",
        uuid.uuid4().hex[:22],
        "-c",
        str(properties),
    ]
    done = subprocess.run(storage, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    with (folder / "broker.log").open("w") as log:
        process = subprocess.Popen(
            [*_java(class_path, "512m"), "kafka.Kafka", str(properties)], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait(process, port, folder / "broker.log")
            yield Broker(f"127.0.0.1:{port}", class_path)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _class_path() -> str:
    places = InstancePaths.from_environment()
    jars = fetch_jars(places, Path(os.environ["JAVA_HOME"]), places.cache / "ivy-kafka-broker", BROKER)
    scala = sorted(pyspark_jars().glob("scala-*.jar"))  # the resolver leaves out what Spark has
    return os.pathsep.join(map(str, [*jars, *scala]))


def _java(class_path: str, heap: str) -> list[str]:
    return [
        str(Path(os.environ["JAVA_HOME"]) / "bin" / "java"),
        f"-Xmx{heap}",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        class_path,
    ]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()[-3000:]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError(f"no broker within {PATIENCE} s: {log.read_text()[-3000:]}")
