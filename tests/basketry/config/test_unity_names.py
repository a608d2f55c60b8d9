"""What is called how in Unity Catalog, wherever a target places a retailer."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from basketry import registry
from basketry.config.settings import UNITY_NAMES, Settings
from basketry.config.targets import load_target
from basketry.config.unity_names import UnityNames, read_names
from basketry.errors import BadInputError
from tests.kit.documents import INCLUDE, Document, copy_include
from tests.kit.mistakes import Mistake, mistakes

OWN = UnityNames(catalog="demo")
BEHIND_A_PREFIX = UnityNames(
    catalog="retail-analytics-m", schema_prefix="dg-day_", landing="/Volumes/retail-analytics-m/raw-files/inbox/demo"
)
IN_ONE_SCHEMA = UnityNames(catalog="retail-analytics-m", one_schema="dg-day")

PLACES = """\
unity:
  demo: {catalog: retail-analytics-m, schema_prefix: dg-night_}
  online_retail: {catalog: retail-analytics-m, one_schema: shop}
"""
TARGET = (INCLUDE / "targets/dev.yaml").read_text(encoding="utf-8") + PLACES
LAST = TARGET.count("\n")
RETAILERS = {
    f"catalogs/{name}.yaml": (INCLUDE / "catalogs" / f"{name}.yaml").read_text(encoding="utf-8")
    for name in ("demo", "online_retail", "sales_project")
}


@pytest.mark.parametrize(
    ("names", "table", "model", "landing", "exports"),
    [
        (
            OWN,
            "`demo`.`gold`.`sales_day`",
            "demo.gold.rfm",
            "/Volumes/demo/landing/files",
            "/Volumes/demo/exports/files",
        ),
        (
            BEHIND_A_PREFIX,
            "`retail-analytics-m`.`dg-day_gold`.`sales_day`",
            "retail-analytics-m.dg-day_gold.rfm",
            "/Volumes/retail-analytics-m/raw-files/inbox/demo",
            "/Volumes/retail-analytics-m/dg-day_exports/files",
        ),
        (
            IN_ONE_SCHEMA,
            "`retail-analytics-m`.`dg-day`.`gold_sales_day`",
            "retail-analytics-m.dg-day.gold_rfm",
            "/Volumes/retail-analytics-m/dg-day/landing_files",
            "/Volumes/retail-analytics-m/dg-day/exports_files",
        ),
    ],
    ids=["own catalog", "prefix", "one schema"],
)
def test_everything_is_named_by_its_place(
    names: UnityNames, table: str, model: str, landing: str, exports: str
) -> None:
    """Tables, models and volumes; a listed table is recognised again, and a job is told all of it by one argument."""
    assert names.quoted("gold", "sales_day") == table
    assert names.full_name("gold", "rfm") == model
    assert (names.volume_folder("landing"), names.volume_folder("exports")) == (landing, exports)
    _, schema, name = names.parts("gold", "sales_day")
    assert names.own_name(schema, name) == "gold.sales_day" and names.own_name("theirs", name) is None
    assert names.placed("SELECT 1 FROM gold.sales_day") == f"SELECT 1 FROM {table}"
    assert read_names(names.as_argument()) == names
    settings = Settings.from_environment({"BASKETRY_RUNTIME": "databricks", UNITY_NAMES: names.as_argument()})
    assert settings.landing_folder("demo", "customers") == Path(landing) / "customers"


def test_schemas_of_a_place_are_made_once() -> None:
    """All in one schema is one; that of a landing volume that was there before is nobody's to make."""
    assert IN_ONE_SCHEMA.own_schemas() == ["dg-day"]
    assert "dg-day_landing" not in BEHIND_A_PREFIX.own_schemas() and "dg-day_ops" in BEHIND_A_PREFIX.own_schemas()
    assert len(OWN.own_schemas()) == 8


@pytest.mark.parametrize(
    "text", ["demo", "[]", '{"catalog": "a b"}', '{"catalog": "a", "schema": "b"}', '{"catalog": "`"}']
)
def test_a_place_that_cannot_be_is_bad_input(text: str) -> None:
    """Before anything is read or written, and with the way to write it."""
    settings = Settings.from_environment({"BASKETRY_RUNTIME": "databricks", UNITY_NAMES: text})
    with pytest.raises(BadInputError, match=r"--unity-names is .*write it as \{\"catalog\":\"demo\"\}"):
        settings.names("demo")


def test_a_target_names_the_places_of_its_retailers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow, console and registry ask the target of BASKETRY_TARGET; a retailer without a word has a catalog of its name."""
    include = copy_include(tmp_path)
    (include / "targets" / "dev.yaml").write_text(TARGET, encoding="utf-8")
    for name, value in {"INCLUDE": str(include), "TARGET": "dev", "RUNTIME": "databricks"}.items():
        monkeypatch.setenv(f"BASKETRY_{name}", value)
    settings = Settings.from_environment()
    assert settings.names("demo").schema_name("gold") == "dg-night_gold"
    assert settings.names("sales_project") == UnityNames(catalog="sales_project")
    assert registry.registered_name("online_retail", "rfm") == "retail-analytics-m.shop.gold_rfm"
    monkeypatch.setenv("BASKETRY_RUNTIME", "local")
    assert registry.registered_name("online_retail", "rfm") == "online_retail.gold.rfm"


@mistakes(
    Document(path="targets/dev.yaml", text=TARGET, load=partial(load_target, "dev"), beside=RETAILERS),
    (
        "catalog: retail-analytics-m, schema_prefix: dg-night_",
        "catalog: retail.analytics",
        "'retail.analytics' is no name of…",
    ),
    ("schema_prefix: dg-night_", "schema_prefix: DG", "…small letters…"),
    (
        "schema_prefix: dg-night_",
        "schema_prefix: dg, one_schema: x",
        "write either 'schema_prefix' or 'one_schema', not both.",
    ),
    ("  online_retail:", "  online_retial:", "…did you mean 'online_retail'?"),
    (
        "schema_prefix: dg-night_",
        "one_schema: shop",
        f"{LAST}: 'online_retail' and 'demo' share schema retail-analytics-m.shop: give…",
    ),
    (
        "{catalog: retail-analytics-m, schema_prefix: dg-night_}",
        "{catalog: sales_project}",
        "'demo' and 'sales_project' share schema sales_project.bronze: give…",
    ),
    (
        "schema_prefix: dg-night_",
        "schema_prefix: d, landing: /Volumes/a/b",
        "'/Volumes/a/b' is no folder of a volume: …",
    ),
    ("schema_prefix: dg-night_", "schema: dg", "unknown key 'schema' in the place of a retailer; …"),
)
def test_a_place_is_read_strictly(mistake: Mistake, tmp_path: Path) -> None:
    """Names that Unity Catalog refuses, two ways at once, and two retailers whose rows would meet."""
    mistake.check(tmp_path)
