"""The one environment in which spark-submit, pytest, Airflow and MLflow run alike."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.engine import Engine
from tools.problem import Problem

CHECKOUT = Path(__file__).resolve().parents[1]


def scheduled_catalog() -> str:
    """Return the catalog of scheduled runs."""
    return os.environ.get("BASKETRY_CATALOG") or "demo"


def chosen_catalog() -> str:
    """Return the catalog that a command names, else that of scheduled runs."""
    return os.environ.get("CATALOG") or scheduled_catalog()


@dataclass(frozen=True)
class InstancePaths:
    """Where this instance keeps things, and its ports.

    Attributes:
        home: Holds all that runs write.
        cache: Holds what setup fetched, shared by all homes.
        airflow_port: The port of Airflow's API server.
        mlflow_port: The port of the MLflow server.
    """

    home: Path
    cache: Path
    airflow_port: int
    mlflow_port: int

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> InstancePaths:
        """Read BASKETRY_HOME, BASKETRY_CACHE and the ports; a port that is none is a Problem."""
        env = os.environ if env is None else env
        return cls(
            home=Path(env.get("BASKETRY_HOME") or CHECKOUT / ".basketry").expanduser().absolute(),
            cache=Path(env.get("BASKETRY_CACHE") or CHECKOUT / ".tools").expanduser().absolute(),
            airflow_port=_port(env, "BASKETRY_AIRFLOW_PORT", 8080),
            mlflow_port=_port(env, "BASKETRY_MLFLOW_PORT", 5000),
        )

    @property
    def spark_conf(self) -> Path:
        """Folder of spark-defaults.conf and log4j2.properties."""
        return self.cache / "spark-conf"


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise Problem(f"{name} is '{text}'; set it to a number from 1024 to 65535.")
    return int(text)


def spark_home() -> Path:
    """Return the folder of the Spark that comes with the installed pyspark."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise Problem("pyspark is not installed: run `make setup`.")
    return Path(spec.origin).parent


def environment(places: InstancePaths, java_home: Path) -> dict[str, str]:
    """Return the caller's environment plus what every process needs: Java, Spark, Python and the BASKETRY_* places."""
    bin_folder = CHECKOUT / ".venv" / "bin"
    path = [str(bin_folder), str(java_home / "bin"), os.environ.get("PATH", "")]
    # Executors elsewhere must reach the driver, so there it listens where the machine's name says.
    bound = {} if Engine.from_environment().distributed else {"SPARK_LOCAL_IP": "127.0.0.1"}
    include = os.environ.get("BASKETRY_INCLUDE")  # without it the library finds the checkout's
    named = {"BASKETRY_INCLUDE": str(Path(include).absolute())} if include else {}
    return {
        **os.environ,
        **bound,
        **named,
        "PATH": os.pathsep.join(path),
        "PYTHONUNBUFFERED": "1",
        "JAVA_HOME": str(java_home),
        "SPARK_HOME": str(
            spark_home()
        ),  # or Spark's scripts would look for it, and fail where a folder's name has a blank
        "SPARK_CONF_DIR": str(places.spark_conf),
        "SPARK_LAUNCHER_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "SPARK_LOCAL_DIRS": str(places.home / "tmp"),
        "PYSPARK_PYTHON": str(bin_folder / "python"),
        "PYSPARK_DRIVER_PYTHON": str(bin_folder / "python"),
        "BASKETRY_HOME": str(places.home),
        "BASKETRY_CACHE": str(places.cache),
        "BASKETRY_RUNTIME": os.environ.get("BASKETRY_RUNTIME") or "local",
        "BASKETRY_CATALOG": scheduled_catalog(),
        "BASKETRY_AIRFLOW_PORT": str(places.airflow_port),
        "BASKETRY_MLFLOW_PORT": str(places.mlflow_port),
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{places.mlflow_port}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "OMP_WAIT_POLICY": "PASSIVE",  # boosters would spin on cores that other jobs need
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
