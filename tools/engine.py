"""Which Spark runs the jobs: the cores of this machine, or the standalone cluster that BASKETRY_SPARK_MASTER names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tools.memory import heap_by_memory, memory_limit
from tools.problem import Problem

LOCAL = re.compile(r"local\[([1-9]\d*|\*)\]")
CLUSTER = re.compile(r"spark://[\w.-]+:\d+(,[\w.-]+:\d+)*")
SIZE = re.compile(r"[1-9]\d*[mg]")
SHORTEST_SECRET = 16
SECRET_SETTING = "spark.authenticate.secret"  # noqa: S105 the name of a setting


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Where jobs compute.

    Attributes:
        master: As spark-submit knows it.
        cores: The cores that one job may take.
        driver_memory: As Spark writes it, such as 2g.
        executor_memory: As Spark writes it.
        secret: What the cluster's processes know one another by; empty on this machine alone.
    """

    master: str
    cores: int
    driver_memory: str
    executor_memory: str
    secret: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> Engine:
        """Read the BASKETRY_SPARK_* settings; a Problem names the one that makes no sense."""
        env = os.environ if env is None else env
        master = env.get("BASKETRY_SPARK_MASTER") or f"local[{cores()}]"
        if not LOCAL.fullmatch(master) and not CLUSTER.fullmatch(master):
            raise Problem(f"BASKETRY_SPARK_MASTER is '{master}'; write local[2], or spark://host:7077 for a cluster.")
        secret = env.get("BASKETRY_SPARK_SECRET") or ""
        if CLUSTER.fullmatch(master) and len(secret) < SHORTEST_SECRET:
            needed = f"a cluster needs BASKETRY_SPARK_SECRET, at least {SHORTEST_SECRET} signs"
            raise Problem(
                f"{needed}: set the same one for its master, its workers and its jobs, or anybody runs code there."
            )
        return cls(
            master=master,
            cores=_count(env, "BASKETRY_SPARK_CORES", 2) if CLUSTER.fullmatch(master) else cores(),
            driver_memory=_size(env, "BASKETRY_SPARK_DRIVER_MEMORY", heap_by_memory(memory_limit())),
            executor_memory=_size(env, "BASKETRY_SPARK_EXECUTOR_MEMORY", "1g"),
            secret=secret if CLUSTER.fullmatch(master) else "",
        )

    @property
    def distributed(self) -> bool:
        """Whether executors are processes of their own, perhaps on other machines."""
        return not LOCAL.fullmatch(self.master)

    def settings(self, java_options: str, class_path: str) -> dict[str, str]:
        """Return the launch settings of driver and executors.

        Args:
            java_options: Options of every JVM.
            class_path: Must hold on every worker, which fetches no jar.
        """
        driver = {
            "spark.master": self.master,
            "spark.driver.memory": self.driver_memory,
            "spark.driver.extraJavaOptions": java_options,
            "spark.driver.extraClassPath": class_path,
        }
        if not self.distributed:
            return driver
        return driver | {
            "spark.authenticate": "true",
            SECRET_SETTING: self.secret,
            "spark.cores.max": str(self.cores),  # else the first job would take all, and the next one wait for its end
            "spark.executor.memory": self.executor_memory,
            "spark.executor.extraJavaOptions": java_options,
            "spark.executor.extraClassPath": class_path,
        }


def _count(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if not text.isdigit() or int(text) == 0:
        raise Problem(f"{name} is '{text}'; set it to a whole number above 0.")
    return int(text)


def _size(env: Mapping[str, str], name: str, default: str) -> str:
    text = env.get(name) or default
    if not SIZE.fullmatch(text):
        raise Problem(f"{name} is '{text}'; write a size as Spark does: 512m or 2g.")
    return text
