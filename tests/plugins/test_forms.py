"""The forms: what can be chosen follows from the files in include/."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketry.errors import BadInputError
from basketry.jobs.ingest import INGEST
from basketry.jobs.promotion import PROMOTE
from basketry.registry.models import MODELS
from basketry_airflow.forms import argument_field, dated_form, feeds, ingest_form, replay_form
from basketry_airflow.model_forms import rollback_form


@pytest.fixture
def include(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two catalogs, one feed that both have and one that only one has."""
    for catalog, names in {"demo": ["order_lines", "events"], "other": ["order_lines"]}.items():
        (tmp_path / "contracts" / catalog).mkdir(parents=True)
        (tmp_path / "catalogs").mkdir(exist_ok=True)
        (tmp_path / "catalogs" / f"{catalog}.yaml").touch()
        for name in names:
            (tmp_path / "contracts" / catalog / f"{name}.odcs.yaml").write_text("not even read")
    monkeypatch.setenv("BASKETRY_INCLUDE", str(tmp_path))
    return tmp_path


def test_a_contract_alone_brings_a_feed_into_the_form(include: Path) -> None:
    """A new file in include/contracts is a new choice; a contract with a mistake does not take the form away."""
    assert feeds(include) == {"events": ["demo"], "order_lines": ["demo", "other"]}
    feed = ingest_form()["feed"].schema
    assert feed["enum"] == ["*", "events", "order_lines"]
    assert replay_form()["feed"].schema["enum"] == ["events", "order_lines"]
    assert feed["values_display"]["order_lines"] == "order_lines (demo, other)"
    assert replay_form()["catalog"].schema["enum"] == ["demo", "other"]


def test_a_field_is_what_the_job_declares() -> None:
    """Default, type, words and limits of a form's field are those of the argument; what has no default must be filled in."""
    files = argument_field(INGEST, "files")
    assert (files.value, files.schema) == ("*", {"type": "string", "title": "Files", "minLength": 1})
    assert files.description == "Which files of the feed's landing folder: a pattern, several separated by commas."
    assert argument_field(INGEST, "delivered_by").schema["type"] == ["null", "string"]
    assert argument_field(INGEST, "dry_run").description == "Do everything but write."
    assert not argument_field(PROMOTE, "model").has_value


@pytest.mark.usefixtures("include")
def test_a_model_that_is_declared_can_be_rolled_back() -> None:
    """The form lists every kind of model there is."""
    assert rollback_form()["model"].schema["enum"] == list(MODELS)


@pytest.mark.usefixtures("include")
def test_the_scheduled_catalog_is_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """BASKETRY_CATALOG is the default of a scheduled DAG; without it the demo."""
    assert dated_form()["catalog"].value == "demo"
    monkeypatch.setenv("BASKETRY_CATALOG", "other")
    assert dated_form()["catalog"].value == "other"


@pytest.mark.usefixtures("include")
def test_an_unknown_scheduled_catalog_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo in the setting says which catalogs there are."""
    monkeypatch.setenv("BASKETRY_CATALOG", "dmeo")
    with pytest.raises(BadInputError, match="'dmeo'.*demo, other"):
        dated_form()
