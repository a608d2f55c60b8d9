"""databricks.yml: what is in it, what must never be, and the verdict of the Databricks CLI's own schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from basketry.access import load_grants
from basketry.config.edition import edition
from basketry.config.run_settings import OFFER_EVENTS, REDIS_URL
from basketry.config.settings import CHECKOUT, Settings
from basketry.config.unity_names import read_names
from basketry.jobs.command_line import check_edition, parse_arguments
from basketry.jobs.offers import OFFERS
from basketry.metrics import load_metrics
from basketry.metrics.samples import open_cubes
from basketry_airflow.payload import lost_fields
from tests.databricks_emulator.genie_rules import check_space
from tests.kit.data_sets import published_file
from tests.kit.documents import INCLUDE, copy_include
from tools.bundle import bundle_files, deployed_values
from tools.deploy.target import load_target

KEEPS_DATA = {
    "schemas",
    "volumes",
    "registered_models",
    "models",
    "experiments",
    "secret_scopes",
    "secrets",
    "catalogs",
}

CLASSES = {r"[\\p{L}\\p{N}]": r"[^\\W_]", r"\\p{L}": r"[^\\W\\d_]"}
"""Classes of letters in the schema's patterns, as Python writes them; in JSON, where a backslash is two."""


@lru_cache
def shipped() -> dict[str, Any]:
    """The bundle of this checkout."""
    return merged(CHECKOUT)


def merged(checkout: Path) -> dict[str, Any]:
    """All files of a bundle as one document, as the CLI merges them."""
    documents = {name: yaml.safe_load(text) for name, text in bundle_files(checkout).items()}
    whole: dict[str, Any] = documents.pop("databricks.yml")
    whole["resources"] = {}
    for name, document in documents.items():
        if name.endswith(".lvdash.json"):  # read by the resource that names it
            continue
        assert any(Path(name).match(pattern) for pattern in whole["include"])
        whole["resources"] |= document["resources"]
    return whole


def test_the_clis_schema_accepts_the_bundle() -> None:
    """Every file by itself, and a misspelt key is refused: the schema does look."""
    source = "bundle/schema/jsonschema.json of the public repository databricks/cli"
    text = published_file("databricks/bundle.schema.json", source).read_text()
    for theirs, ours in CLASSES.items():
        text = text.replace(theirs, ours)
    validator = jsonschema.Draft202012Validator(json.loads(text))
    for name, text in bundle_files(CHECKOUT).items():
        document = yaml.safe_load(text)
        if name != "databricks.yml":  # what is included is merged into it, and has no name of its own
            document["bundle"] = {"name": "basketry"}
        errors = [f"{name}: {error.json_path} {error.message[:200]}" for error in validator.iter_errors(document)]
        assert not errors
    spoilt = shipped()["resources"] | {"dashbords": {}}
    assert not validator.is_valid({"bundle": {"name": "basketry"}, "resources": spoilt})


def test_what_holds_data_is_no_resource() -> None:
    """Taken out of the file it would be taken out of the workspace; and grants are ours alone."""
    assert set(shipped()["resources"]) == {"dashboards", "genie_spaces", "jobs"}
    for target in shipped()["targets"].values():
        assert not KEEPS_DATA & set(target.get("resources", {}))
    assert "grants" not in "".join(bundle_files(CHECKOUT).values())


def test_names_stay_what_they_are_called() -> None:
    """No target renames anything, and prod is held to what the CLI asks of a production."""
    targets = shipped()["targets"]
    assert set(targets) == {path.stem for path in (INCLUDE / "targets").glob("*.yaml")}
    assert all(target["presets"]["name_prefix"] == "" for target in targets.values())
    assert targets["prod"]["mode"] == "production" and "mode" not in targets["dev"]
    for name, target in targets.items():
        assert target["run_as"] == {"service_principal_name": load_target(name, INCLUDE).service_principal}


def test_destroying_a_target_reaches_neither_experiments_nor_another_target() -> None:
    """The CLI removes all of root_path: experiments lie outside, each target has its own, and not everybody may write it."""
    from tools.deploy.workspace import EXPERIMENTS

    roots = [target["workspace"]["root_path"] for target in shipped()["targets"].values()]
    assert len(set(roots)) == len(roots)
    for root in roots:
        assert not f"/Workspace{EXPERIMENTS}".startswith(root)
        assert not root.startswith("/Workspace/Shared")


def test_readers_read_with_their_own_rights() -> None:
    """Who sees dashboards and space is who the grants let read; nobody sees by the publisher's credentials."""
    teams = {team.principal for team in load_grants("demo", INCLUDE).teams.values() if team.reads}
    for target in shipped()["targets"].values():
        for name in ("dashboard_readers", "genie_users"):
            assert {one["group_name"] for one in target["variables"][name]["default"]} == teams
        assert target["permissions"] == [{"group_name": "basketry-jobs", "level": "CAN_VIEW"}]
    boards = shipped()["resources"]["dashboards"]
    assert set(boards) == {cube.name for cube in open_cubes(load_metrics(INCLUDE))}
    for board in boards.values():
        assert board["embed_credentials"] is False and board["permissions"] == "${var.dashboard_readers}"
        assert (CHECKOUT / "resources" / board["file_path"]).is_file()


def test_the_genie_space_names_every_view_in_full() -> None:
    """In its data sources and in the queries of its examples, which have no other catalog to look in."""
    (space,) = shipped()["resources"]["genie_spaces"].values()
    text = with_values(json.dumps(space["serialized_space"]), shipped(), "prod")
    check_space(text)
    assert "FROM `demo`.`gold`.`" in text
    assert "${" not in text


@pytest.mark.parametrize(
    ("place", "schema", "prefix"),
    [("schema_prefix: dg-day_", "dg-day_gold", ""), ("one_schema: dg-day", "dg-day", "gold_")],
)
def test_documents_and_job_follow_a_retailer_that_lies_elsewhere(
    tmp_path: Path, place: str, schema: str, prefix: str
) -> None:
    """Space, dashboards and the job's argument name the place that the target gives; another target's stay what they are."""
    unity = f"unity: {{demo: {{catalog: retail-analytics-m, {place}}}}}"
    copy_include(tmp_path, {"targets/dev.yaml": {"cloud: aws ": f"{unity}\ncloud: aws "}})
    bundle, texts = merged(tmp_path), bundle_files(tmp_path)
    (space,) = bundle["resources"]["genie_spaces"].values()
    placed, default = (with_values(json.dumps(space["serialized_space"]), bundle, name) for name in ("dev", "prod"))
    check_space(placed)
    assert f'"retail-analytics-m.{schema}.{prefix}metrics_sales_day"' in placed and "${" not in placed
    assert f"FROM `retail-analytics-m`.`{schema}`.`{prefix}metrics_decisions`" in placed
    assert '"demo.gold.metrics_sales_day"' in default
    boards = bundle["targets"]["dev"]["resources"]["dashboards"]
    assert set(boards) == set(bundle["resources"]["dashboards"])
    text = texts[boards["stock"]["file_path"]]
    assert f"FROM `retail-analytics-m`.`{schema}`.`{prefix}product_features`" in text and json.loads(text)["datasets"]
    assert not re.search(r"(?<![`.\w])(gold|ops|silver)\.\w", text)
    assert "dashboards" not in bundle["targets"]["prod"]["resources"]
    words = bundle["resources"]["jobs"]["offers_stream"]["tasks"][0]["spark_python_task"]["parameters"]
    told = parse_arguments(OFFERS, [with_values(word, bundle, "dev") for word in words]).unity_names
    assert read_names(told or "") == load_target("dev", tmp_path / "include").own_names


def with_values(text: str, bundle: dict[str, Any], target: str, given: Mapping[str, str] | None = None) -> str:
    """The text with the target's value for each variable that has a text, or the one that the CLI is given."""
    values = {name: one.get("default") for name, one in bundle["variables"].items()}
    for name, value in (values | bundle["targets"][target]["variables"] | dict(given or {})).items():
        if isinstance(value, str):
            text = text.replace(f"${{var.{name}}}", value)
    return text


def test_the_job_of_offers_never_ends_on_a_cluster(tmp_path: Path) -> None:
    """One cluster that stays; its arguments are those that the job takes, and the Jobs API knows every field."""
    from databricks.sdk.service.jobs import JobSettings

    job = shipped()["resources"]["jobs"]["offers_stream"]
    (task,) = job["tasks"]
    arguments = parse_arguments(OFFERS, task["spark_python_task"]["parameters"])
    assert arguments.continuous and arguments.catalog == "${var.retailer}"
    assert arguments.run_id == "offers/databricks-{{job.run_id}}/offers/-1/{{task.execution_count}}"
    assert job["continuous"] == {"pause_status": "UNPAUSED"}
    assert "timeout_seconds" not in job
    for target in shipped()["targets"].values():
        (cluster,) = target["resources"]["jobs"]["offers_stream"]["job_clusters"]
        assert cluster["job_cluster_key"] == task["job_cluster_key"]
        settings = job | {"job_clusters": [cluster]}
        assert not list(lost_fields(settings, JobSettings.from_dict(settings).as_dict(), "job"))


def test_on_serverless_offers_end_when_nothing_waits(tmp_path: Path) -> None:
    """No trigger but availableNow is allowed there: the platform starts the job again; there is no cluster to declare."""
    copy_include(tmp_path, {"jobs.yaml": {"jobs:\n": "jobs:\n  offers: serverless\n"}})
    bundle = merged(tmp_path)
    job = bundle["resources"]["jobs"]["offers_stream"]
    (task,), (environment,) = job["tasks"], job["environments"]
    assert not parse_arguments(OFFERS, task["spark_python_task"]["parameters"]).continuous
    assert task["environment_key"] == environment["environment_key"] and "job_cluster_key" not in task
    assert environment["spec"]["dependencies"][0] == "../dist/bundle/*.whl"
    assert not any("resources" in target for target in bundle["targets"].values())


def test_the_job_of_offers_is_told_what_a_task_of_a_dag_is() -> None:
    """Edition and settings, secrets by reference, from whoever deploys; without either, the job runs as by hand."""
    (task,) = shipped()["resources"]["jobs"]["offers_stream"]["tasks"]
    values = deployed_values(CHECKOUT, {REDIS_URL: "{{secrets/shop/redis}}", OFFER_EVENTS: "kafka://k:9092/clicks"})
    words = with_values("\n".join(task["spark_python_task"]["parameters"]), shipped(), "prod", values).split("\n")
    told = parse_arguments(OFFERS, words)
    check_edition(told.edition)
    assert told.edition == edition() and '{"secret": "shop/redis"}' in (told.settings or "")
    settings = Settings.of_run(told.settings)
    assert (settings.redis_url, settings.offer_events) == ("{{secrets/shop/redis}}", "kafka://k:9092/clicks")
    words = with_values("\n".join(task["spark_python_task"]["parameters"]), shipped(), "prod").split("\n")
    by_hand = parse_arguments(OFFERS, words)
    check_edition(by_hand.edition)
    assert Settings.of_run(by_hand.settings) == Settings.of_run(None)


def test_the_library_comes_by_the_wheel_alone() -> None:
    """Scripts are synchronised without the package beside them, which could be of another commit."""
    assert shipped()["sync"] == {"paths": ["spark_jobs"], "exclude": ["spark_jobs/basketry/**"]}
    (artifact,) = shipped()["artifacts"].values()
    assert artifact["files"] == [{"source": "./dist/bundle/*.whl"}]
    library, *_ = shipped()["resources"]["jobs"]["offers_stream"]["tasks"][0]["libraries"]
    assert library == {"whl": "../dist/bundle/*.whl"}


@pytest.mark.parametrize(("cloud", "node"), [("azure", "Standard_D4ads_v5"), ("gcp", "n2-standard-4")])
def test_a_target_on_another_cloud_gets_its_nodes(tmp_path: Path, cloud: str, node: str) -> None:
    """And the login that its file names is the CLI's, too; a group whose members deploy manages what they make."""
    host = "https://adb-1.2.azuredatabricks.net"
    copy_include(tmp_path, {"targets/dev.yaml": {"cloud: aws ": f"host: {host}\ndeployers: platform\ncloud: {cloud} "}})
    target = merged(tmp_path)["targets"]["dev"]
    assert target["workspace"]["host"] == host
    assert target["permissions"][0] == {"group_name": "platform", "level": "CAN_MANAGE"}
    (cluster,) = target["resources"]["jobs"]["offers_stream"]["job_clusters"]
    assert cluster["new_cluster"]["node_type_id"] == node


def test_no_two_resources_have_the_same_key() -> None:
    """Of whatever kind they are: the CLI refuses it."""
    keys = [key for kind in shipped()["resources"].values() for key in kind]
    assert len(set(keys)) == len(keys)


def test_every_variable_is_declared() -> None:
    """And every target gives it a value, where it has none by itself."""
    texts = "".join(bundle_files(CHECKOUT).values())
    used, declared = set(re.findall(r"\$\{var\.(\w+)\}", texts)), shipped()["variables"]
    assert used == set(declared)
    for target in shipped()["targets"].values():
        assert {name for name, one in declared.items() if "default" not in one} == set(target["variables"])
