"""Compute profiles: chosen per job, strict, and nothing in them that the Jobs API does not know."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from basketry.errors import BadInputError
from basketry.jobs.propensity import TRAIN_PROPENSITY
from basketry_airflow.compute import CLOUDS, load_compute, load_profile, profile_names
from basketry_airflow.payload import check_profile
from tests.kit.documents import INCLUDE, Document, changed
from tests.kit.mistakes import Mistake, mistakes

CHOICE = "default: small\njobs: {}\ntags: {project: basketry}\n"
PROFILE = Document(
    path="compute/small.yaml",
    text="description: x\nkind: job_cluster\nnode_types: {aws: m5d.large}\nnew_cluster: {num_workers: 1}\n",
    load=partial(load_compute, job="sales"),
    beside={"jobs.yaml": CHOICE},
    error=BadInputError,
)


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("name", profile_names(INCLUDE))
def test_every_shipped_profile_survives_the_sdks_types(name: str, cloud: str) -> None:
    """No field of any profile is dropped by the Jobs API, on any cloud."""
    check_profile(INCLUDE, name, cloud)


@mistakes(
    PROFILE,
    (
        "new_cluster: {",
        "new_clutser: {}\nnew_cluster: {",
        "unknown key 'new_clutser' in a profile of kind job_cluster; did you mean 'new_cluster'?",
    ),
    ("kind: job_cluster\n", "", "1: …has no 'kind'…"),
    ("job_cluster", "job_clutser", "…did you mean 'job_cluster'?"),
    ("num_workers: 1", "spark_version: ", "new_cluster.spark_version is empty…"),
    ("{aws: m5d.large}", "{gcp: n2-standard-4}", "node_types says nothing for aws…"),
    ("node_types:", "photon: maybe\nnode_types:", "photon is text; make it true or false."),
    ("node_types:", "timeout_seconds: -1\nnode_types:", "timeout_seconds is -1…"),
    ("{num_workers: 1}", "[", "5: …not YAML…"),
)
def test_a_mistake_is_named(mistake: Mistake, tmp_path: Path) -> None:
    """An unknown key, a missing one, an empty value, another cloud, broken YAML: one sentence each."""
    mistake.check(tmp_path)


@mistakes(
    PROFILE.saying("description: x\nkind: serverless\n"),
    ("kind: serverless\n", "kind: serverless\nspot: true\n", "unknown key 'spot'…"),
)
def test_a_key_of_another_kind_is_named(mistake: Mistake, tmp_path: Path) -> None:
    """Serverless compute has no spot prices."""
    mistake.check(tmp_path)


@pytest.mark.parametrize(
    ("field", "named"),
    [
        ("num_wrokers: 1", "new_cluster.num_wrokers"),
        ("autoscale: {min_workers: 1, max_worker: 2}", "new_cluster.autoscale.max_worker"),
        ("data_security_mode: SINGEL_USER", "new_cluster.data_security_mode"),
    ],
)
def test_a_typo_that_the_api_would_drop_is_found(tmp_path: Path, field: str, named: str) -> None:
    """A misspelt field or a value that no enumeration holds: it costs money for weeks before anybody looks."""
    with pytest.raises(BadInputError, match=re.escape(named)):
        check_profile(PROFILE.write(tmp_path, ("num_workers: 1", field)), "small", "aws")


def test_a_choice_names_what_exists(tmp_path: Path) -> None:
    """An unknown profile, an unknown job."""
    root = PROFILE.write(tmp_path)
    for change, sentence in (
        (("default: small", "default: smal"), "unknown profile 'smal'; did you mean 'small'"),
        (("jobs: {}", "jobs: {sale: small}"), "there is no job 'sale'; did you mean 'sales'"),
    ):
        (root / "jobs.yaml").write_text(changed(CHOICE, change))
        with pytest.raises(BadInputError, match=re.escape(sentence)):
            load_compute(root, "sales")


def test_each_job_gets_its_own() -> None:
    """A training has workers, on spot where there is any; what is not named gets the default."""
    training = load_compute(INCLUDE, "train_propensity").task["new_cluster"]
    assert training["autoscale"] == {"min_workers": 1, "max_workers": 4}
    assert training["aws_attributes"] == {"availability": "SPOT_WITH_FALLBACK", "first_on_demand": 1}
    assert load_compute(INCLUDE, "sales").task["new_cluster"]["num_workers"] == 0
    assert load_compute(INCLUDE, "restate_features").task["new_cluster"]["runtime_engine"] == "PHOTON"


def test_serverless_gets_packages_and_wheel_through_its_environment() -> None:
    """There is no cluster to install on."""
    compute = load_profile(INCLUDE, "serverless", cloud="aws")
    (environment,) = compute.run["environments"]
    assert compute.task == {"environment_key": environment["environment_key"]}
    assert environment["spec"]["dependencies"][0].endswith(".whl")
    assert compute.task_fields({"dag": "x"}) == compute.task, "tags are a cluster's"


def test_a_job_gets_the_wheel_and_its_own_libraries(tmp_path: Path) -> None:
    """What every job imports is named by the wheel's metadata, the rest by the job; alike on clusters and serverless."""
    wheel = "/Workspace/basketry/prod/artifacts/.internal/basketry-0.1.0+abc-py3-none-any.whl"
    assert load_compute(INCLUDE, "sales", wheel=wheel).task["libraries"] == [{"whl": wheel}]
    training = [{"whl": wheel}, *({"pypi": {"package": line}} for line in TRAIN_PROPENSITY.libraries)]
    assert load_compute(INCLUDE, "train_propensity", wheel=wheel).task["libraries"] == training
    text = "description: x\nkind: serverless\nenvironment_version: '5'\n"
    root = PROFILE.saying(text).write(tmp_path)
    (environment,) = load_compute(root, "train_propensity", wheel=wheel).run["environments"]
    assert environment["spec"]["dependencies"] == [wheel, *TRAIN_PROPENSITY.libraries]
