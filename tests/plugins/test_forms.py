"""The forms: what can be chosen follows from the files in include/."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketry.errors import BadInputError
from basketry_airflow.forms import dated_form, feeds, ingest_form, replay_form


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
