"""docker-compose.yaml and .env.example, read as Docker Compose reads them (there is no engine in the tests)."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from basketry.config.edition import VERSION
from tests.containers.compose import (
    CHECKOUT,
    DOCKERFILE,
    FILE,
    SECRETS,
    compose,
    configuration,
    copied,
    example,
    instructions,
    packages,
    services,
    variables,
)
from tools.engine import SECRET_SETTING, Engine
from tools.environment import InstancePaths
from tools.services import airflow_environment, program
from tools.services import services as services_of_make_run

SERVICES = services()
ONCE = {"airflow-init"}
BEYOND_MAKE_RUN = {"postgres", "redis", "airflow-init", "airflow-triggerer", "spark-master", "spark-worker"}
DEBIAN_SLIM = {"sh", "grep"}
"""What the base image has."""
IN_PACKAGES = {"curl": "curl", "ps": "procps", "make": "make", "java": "openjdk-17-jdk-headless"}
LIBRARIES = {"libgomp.so.1": "libgomp1"}
"""What wheels of the lock link to and bring not along, beyond the C and C++ libraries that every Debian has."""
UPSTREAM = {"postgres": {"pg_isready"}, "redis": {"sh", "redis-server", "redis-cli"}}
"""Programs of the images that are not ours."""


def lasting() -> list[str]:
    return sorted(set(SERVICES) - ONCE)


def source_of(name: str, folder: str) -> str:
    """The volume that a service mounts there."""
    return next(mount["source"] for mount in SERVICES[name]["volumes"] if mount["target"] == folder)


def health_words(name: str) -> list[str]:
    """The programs that a health check starts."""
    kind, *rest = SERVICES[name]["healthcheck"]["test"]
    assert kind in ("CMD", "CMD-SHELL")
    return [rest[0]] if kind == "CMD" else [shlex.split(part)[0] for part in rest[0].split(" | ")]


def test_docker_compose_accepts_the_file() -> None:
    """Docker Compose's own parser finds nothing wrong with it, not even a warning."""
    done = compose("config", "--quiet", variables=SECRETS)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_has_the_same_services_as_make_run() -> None:
    """What runs under make runs in containers, and PostgreSQL, Redis, a triggerer and a Spark cluster besides."""
    places = InstancePaths(CHECKOUT, CHECKOUT, 8080, 5000)
    assert set(SERVICES) == set(services_of_make_run(places)) | BEYOND_MAKE_RUN


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_pinned_limited_and_nobody_s_root(name: str) -> None:
    """An exact version, a user that is not root and can become nobody else, and limits of all three kinds."""
    service = SERVICES[name]
    assert re.fullmatch(r"[\w./-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?", service["image"])
    assert service["user"] in ("50000:50000", "postgres", "redis")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    limits = service["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0 and int(limits["memory"]) >= 256 * 1024**2 and limits["pids"] > 0


@pytest.mark.parametrize("name", lasting())
def test_every_lasting_service_is_watched(name: str) -> None:
    """A health check with patience, and a restart policy, for each service that stays up."""
    check = SERVICES[name]["healthcheck"]
    assert {"test", "interval", "timeout", "retries"} <= set(check)
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_what_runs_once_is_not_started_again() -> None:
    """The migration ends by itself, and others wait for its success."""
    assert all(SERVICES[name]["restart"] == "no" for name in ONCE)


def test_every_dependency_can_come_true() -> None:
    """Who is waited for until healthy has a health check; who is waited for to the end has one; nobody waits in a circle."""
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES
            expected = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert how["condition"] == expected, f"{name} on {other}"
    started: set[str] = set()
    while started != set(SERVICES):
        ready = {name for name in SERVICES if set(SERVICES[name].get("depends_on", {})) <= started}
        assert ready > started, set(SERVICES) - started
        started = ready


def test_the_scheduler_waits_for_what_its_tasks_need() -> None:
    """A task that starts before the API, the registry or a worker answers would fail, so health decides the order."""
    assert {"airflow-api-server", "mlflow", "spark-worker"} <= set(SERVICES["airflow-scheduler"]["depends_on"])


def test_a_killed_scheduler_s_tasks_are_taken_over_soon(tmp_path: Path) -> None:
    """Half a minute after it is held for dead, not Airflow's five minutes; the same under make and in containers."""
    option = next(Path(str(find_spec("airflow").origin)).parent.glob("config_templates/config.yml")).read_text()  # type: ignore[union-attr]
    assert "\n    orphaned_tasks_check_interval:\n" in option.partition("\nscheduler:\n")[2]
    name = "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL"
    under_make = airflow_environment(InstancePaths(tmp_path, tmp_path, 8080, 5000), {})
    assert under_make[name] == SERVICES["airflow-scheduler"]["environment"][name] == "30"


def test_every_volume_is_named_and_used() -> None:
    """No folder of this machine is mounted, and nothing is declared for nobody."""
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    assert {mount["type"] for mount in mounts} == {"volume"}
    assert {mount["source"] for mount in mounts} == set(configuration()["volumes"])


def test_driver_and_executors_see_the_same_lake() -> None:
    """What the scheduler's drivers and the workers' executors read and write lies at one path of one volume."""
    lake = "/var/lib/basketry"
    places = {source_of(name, lake) for name in ("airflow-scheduler", "airflow-api-server", "spark-worker")}
    images = {SERVICES[name]["image"] for name in ("airflow-scheduler", "spark-worker", "spark-master")}
    users = {SERVICES[name]["user"] for name in ("airflow-scheduler", "spark-worker")}
    assert len(places) == len(images) == len(users) == 1


def test_only_this_machine_can_connect() -> None:
    """Published ports are bound to the loopback address, each another one."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    published = [port["published"] for port in ports]
    assert len(set(published)) == len(published) == 3


AIRFLOW = {name for name in SERVICES if name.startswith("airflow-")}
KNOWING = {
    "BASKETRY_DB_PASSWORD": {"postgres", *AIRFLOW},
    "BASKETRY_API_SECRET": AIRFLOW,
    "BASKETRY_JWT_SECRET": AIRFLOW,
    "BASKETRY_MLFLOW_PASSWORD": {"mlflow", "airflow-api-server", "airflow-scheduler"},
    "BASKETRY_REDIS_PASSWORD": {"redis", "airflow-scheduler"},
    "BASKETRY_SPARK_SECRET": {"spark-master", "spark-worker", "airflow-scheduler"},
}
"""Who is given each secret, and nobody else."""


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_service_knows_only_the_secrets_that_it_needs(name: str) -> None:
    """In its environment alone: a command's arguments are shown to everybody who may list processes."""
    told = {service for service, facts in SERVICES.items() if SECRETS[name] in str(facts.get("environment"))}
    assert told == KNOWING[name]
    for facts in SERVICES.values():
        assert SECRETS[name] not in str({key: value for key, value in facts.items() if key != "environment"})


def test_a_service_sees_only_the_folders_that_it_needs() -> None:
    """Executors run what jobs send: the lake is theirs, Airflow's users and MLflow's models are not."""
    seen = {name: {mount["source"] for mount in SERVICES[name].get("volumes", [])} for name in SERVICES}
    assert {name for name in SERVICES if "airflow-home" in seen[name]} == AIRFLOW
    assert {name for name in SERVICES if "mlflow" in seen[name]} == {"mlflow"}
    lake = {"airflow-api-server", "airflow-scheduler", "spark-worker"}
    assert {name for name in SERVICES if "basketry-home" in seen[name]} == lake
    assert seen["spark-worker"] == {"basketry-home"} and seen["spark-master"] == set()


def test_every_service_asks_who_comes() -> None:
    """MLflow by its log-in, Redis by its password, Spark by a secret; nothing that has none is started."""
    assert "--app-name=basketry" in SERVICES["mlflow"]["command"]
    assert "requirepass $REDISCLI_AUTH" in SERVICES["redis"]["command"][2]
    for name in ("spark-master", "spark-worker"):
        environment = SERVICES[name]["environment"]
        engine = Engine.from_environment(environment)
        assert engine.settings("", "")["spark.authenticate"] == "true"
        assert engine.settings("", "")[SECRET_SETTING] == SECRETS["BASKETRY_SPARK_SECRET"]
    idle = services({**SECRETS, "BASKETRY_SPARK_MASTER": "local[2]"})
    assert Engine.from_environment(idle["spark-worker"]["environment"]).secret  # though no job comes to it


def test_the_example_lists_every_variable_with_its_default() -> None:
    """.env.example and the file know the same variables; each default is the same in both; secrets have none."""
    declared = variables()
    assert set(declared) == set(example())
    for name, value in example().items():
        assert value == declared[name]["DefaultValue"], name
        assert declared[name]["Required"] == (name in SECRETS), name


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_missing_secret_stops_the_start(name: str) -> None:
    """Docker Compose names the variable and what to do."""
    done = compose("config", "--quiet", variables={**SECRETS, name: ""})
    assert done.returncode != 0
    assert re.search(rf"{name} is missing a value: set it in \.env", done.stderr)


def test_no_secret_can_be_committed() -> None:
    """.env is ignored by git, and stays out of the image."""
    assert ".env" in (CHECKOUT / ".gitignore").read_text().split()
    assert ".env" in (CHECKOUT / ".dockerignore").read_text().split()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_program_is_in_its_image(name: str) -> None:
    """Commands are programs of the lock (or of the upstream image); health checks use what the image has."""
    service = SERVICES[name]
    command = (service.get("command") or [None])[0]
    checks = health_words(name) if "healthcheck" in service else []
    if name in UPSTREAM:
        assert {*checks, *([command] if command else [])} <= UPSTREAM[name]
        return
    assert (CHECKOUT / program(command)).is_file()
    assert all(word in DEBIAN_SLIM or IN_PACKAGES[word] in packages() for word in checks)


def test_the_image_has_what_its_programs_call() -> None:
    """A full Java, the tools that Spark's scripts and health checks call, and the libraries that wheels link to."""
    assert {*IN_PACKAGES.values(), *LIBRARIES.values()} <= packages()
    package = find_spec("lightgbm")
    assert package is not None and package.origin is not None
    booster = Path(package.origin).parent / "lib" / "lib_lightgbm.so"
    assert not booster.exists() or all(name.encode() in booster.read_bytes() for name in LIBRARIES)


def test_the_image_is_pinned_and_is_not_root() -> None:
    """The base is of an exact version, the user a number (which an orchestrator can check), and nothing follows as root."""
    words = dict(instructions())
    assert re.fullmatch(r"python:3\.12\.\d+-slim-bookworm", words["FROM"])
    assert words["USER"] == SERVICES["airflow-scheduler"]["user"]
    order = [word for word, _ in instructions()]
    assert order.index("USER") > max(index for index, word in enumerate(order) if word in ("RUN", "COPY"))


def test_the_image_is_named_as_the_project_s_version() -> None:
    """Another version is another image."""
    assert {service["image"] for service in SERVICES.values() if "build" in service} == {f"basketry:{VERSION}"}


def test_the_image_copies_what_exists() -> None:
    """Every COPY source is in the repository, and nothing private is in the build context."""
    assert all((CHECKOUT / source).exists() for source in copied())
    ignored = (CHECKOUT / ".dockerignore").read_text().split()
    assert {".git", ".venv", ".basketry"} <= set(ignored)


def test_jars_are_fetched_when_the_image_is_built() -> None:
    """`make setup` fetches Delta's jars; no start fetches a thing, and its copy of tools/ precedes it."""
    order = [f"{word} {rest}" for word, rest in instructions()]
    assert order.index("COPY tools ./tools") < order.index("RUN make setup")
    assert "--packages" not in FILE.read_text() and "--packages" not in DOCKERFILE


def test_what_is_copied_first_is_enough_to_set_up(tmp_path: Path) -> None:
    """`make setup` runs before the rest of the repository is there, so that a change of code does not install all again."""
    order = [f"{word} {rest}" for word, rest in instructions()]
    for line in order[: order.index("RUN make setup")]:
        for source in line.split()[1:-1] if line.startswith("COPY ") else []:
            copy = shutil.copytree if (CHECKOUT / source).is_dir() else shutil.copy2
            copy(CHECKOUT / source, tmp_path / source)
    assert "setup:" in (tmp_path / "Makefile").read_text() and (tmp_path / "requirements.txt").is_file()
    code = "import tools.bootstrap, tools.__main__, tools.setup; print(tools.setup.__file__)"
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.stdout.strip() == str(tmp_path / "tools" / "setup.py"), done.stderr
