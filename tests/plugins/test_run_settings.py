"""Settings on their way from Airflow's worker to a run in a workspace: as arguments, and as variables of a cluster."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG

from basketry.errors import BadInputError
from basketry.jobs import Job
from basketry.jobs.libraries import OPENLINEAGE
from basketry.jobs.maintenance import NOOP
from basketry.jobs.offers import OFFERS
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.script_arguments import CATALOG
from basketry_airflow.shared_cluster import START
from basketry_airflow.spark_job import spark_job
from tests.kit.documents import INCLUDE, changed
from tests.kit.rendering import rendered

DOC = "[runbook](docs/runbooks/offers.md)"
REFERENCE = "{{secrets/retail/redis_url}}"
CACHE = f'  spark_env_vars: {{BASKETRY_REDIS_URL: "{REFERENCE}"}}\n'


def task(job: Job[..., Any], task_id: str | None = None) -> Any:
    """The task of a job in a DAG of its own."""
    with DAG("offers", schedule=None, **dag_defaults(tier=2, owner="us", runbook="docs/runbooks/offers.md", doc=DOC)):
        return spark_job(job, task_id=task_id)(catalog=CATALOG)


def settings_of(job: Job[..., Any]) -> list[str]:
    """The argument --settings of a rendered run."""
    (only,) = rendered(task(job)).tasks
    return [word for word in only["spark_python_task"]["parameters"] if word.startswith("--settings")]


@pytest.fixture
def databricks(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The runtime, with what offers read set as operations would."""
    monkeypatch.setenv("BASKETRY_RUNTIME", "databricks")
    monkeypatch.setenv("BASKETRY_OFFER_EVENTS", "kafka://broker:9092/events")
    monkeypatch.setenv("BASKETRY_REDIS_URL", REFERENCE)
    monkeypatch.delenv("BASKETRY_SECRET_SCOPE", raising=False)
    return monkeypatch


def test_a_job_is_told_what_it_reads(databricks: pytest.MonkeyPatch) -> None:
    """A secret by its name; nothing that Databricks could take for a value of its own; other jobs get none of it."""
    (argument,) = settings_of(OFFERS)
    assert argument == (
        '--settings={"BASKETRY_OFFER_EVENTS": "kafka://broker:9092/events",'
        ' "BASKETRY_REDIS_URL": {"secret": "retail/redis_url"}}'
    )
    assert "{{" not in argument
    assert settings_of(NOOP) == []
    databricks.setenv("BASKETRY_SECRET_SCOPE", "retail")
    assert settings_of(NOOP) == ['--settings={"BASKETRY_SECRET_SCOPE": "retail"}']


def test_a_lineage_server_reaches_every_job(databricks: pytest.MonkeyPatch) -> None:
    """Its address and the library that speaks to it, which no run is given where there is no such server."""

    def libraries() -> list[str]:
        (only,) = rendered(task(NOOP)).tasks
        return [one["pypi"]["package"] for one in only["libraries"] if "pypi" in one]

    assert libraries() == []
    databricks.setenv("OPENLINEAGE_URL", "https://lineage.example.com")
    assert settings_of(NOOP) == ['--settings={"OPENLINEAGE_URL": "https://lineage.example.com"}']
    assert libraries() == [OPENLINEAGE]


def test_on_this_computer_the_environment_itself_reaches_a_job(databricks: pytest.MonkeyPatch) -> None:
    """spark-submit takes it over."""
    databricks.setenv("BASKETRY_RUNTIME", "local")
    assert not [word for word in rendered(task(OFFERS)).application_args if word.startswith("--settings")]


def test_a_secret_is_never_an_argument(databricks: pytest.MonkeyPatch) -> None:
    """The task fails by a sentence without the secret; the DAG is there, so that somebody sees it."""
    databricks.setenv("BASKETRY_REDIS_URL", "redis://:hush@cache:6379/0")
    made = task(OFFERS)
    with pytest.raises(
        BadInputError, match="databricks secrets put-secret basketry redis_url, and set BASKETRY_REDIS_URL to"
    ) as error:
        rendered(made)
    assert "hush" not in error.value.message and "{{secrets/basketry/redis_url}}" in error.value.message


def include_with_a_cache(folder: Path, choice: str = "") -> Path:
    """The shipped profiles, of which the small one takes the cache's address from a secret."""
    include = folder / "include"
    shutil.copytree(INCLUDE / "compute", include / "compute")
    small = include / "compute" / "small.yaml"
    small.write_text(changed(small.read_text(), ("  spark_conf:\n", f"{CACHE}  spark_conf:\n")))
    (include / "jobs.yaml").write_text(f"default: small\njobs: {{}}\n{choice}tags: {{project: basketry}}\n")
    return include


def test_a_reference_of_a_profile_survives_airflow(databricks: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Airflow would render it as a template; the tags beside it are templates."""
    databricks.setenv("BASKETRY_INCLUDE", str(include_with_a_cache(tmp_path)))
    (only,) = rendered(task(OFFERS)).tasks
    assert only["new_cluster"]["spark_env_vars"] == {"BASKETRY_REDIS_URL": REFERENCE}
    assert only["new_cluster"]["custom_tags"]["catalog"] == "demo"


def test_it_survives_on_a_cluster_that_tasks_share(databricks: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The specification of the first task is a template, too."""
    databricks.setenv("BASKETRY_INCLUDE", str(include_with_a_cache(tmp_path, "shared: {offers: small}\n")))
    start = rendered(task(OFFERS).dag.get_task(START))
    assert start.spec["spark_env_vars"] == {"BASKETRY_REDIS_URL": REFERENCE}
