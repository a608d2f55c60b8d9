"""Every shipped contract loads, is valid by the standard, and is accepted by another tool that reads the standard."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import open_data_contract_standard
import pytest
import yaml

from basketry.contracts import catalog_names, feed_names, load_catalog, load_contract
from tests.conftest import CHECKOUT

INCLUDE = CHECKOUT / "include"
SHIPPED = sorted((INCLUDE / "contracts").glob("*/*.odcs.yaml"))
FEEDS = [(path.parent.name, path.name.removesuffix(".odcs.yaml")) for path in SHIPPED]
LINTER = "datacontract-cli==1.2.8"
# The linter spends most of a second waiting, so the files are checked side by side.
LINT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from datacontract.data_contract import DataContract
def complaints(path):
    run = DataContract(data_contract_file=path).lint()
    return [f"{path}: {check.name}: {check.reason}" for check in run.checks if check.result != "passed"]
with ThreadPoolExecutor(8) as pool:
    found = [line for lines in pool.map(complaints, sys.argv[1:]) for line in lines]
print(len(sys.argv) - 1)
sys.exit("\\n".join(found) if found else 0)
"""
EXPECTED = {
    "complete_journey": {
        "transactions",
        "transactions_no_discount",
        "products",
        "customers",
        "campaigns",
        "campaign_members",
        "coupons",
        "redemptions",
    },
    "online_retail": {"order_lines", "products"},
    "sales_project": {"customers", "products", "order_lines"},
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    text = (files(open_data_contract_standard) / "schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("catalog", sorted(EXPECTED))
def test_the_catalogs_ship_their_feeds(catalog: str) -> None:
    """Each real retailer's catalog has a description and all its feeds."""
    assert load_catalog(catalog, INCLUDE).description
    assert set(feed_names(catalog, INCLUDE)) == EXPECTED[catalog]


def test_every_folder_of_contracts_is_a_catalog() -> None:
    """A contract whose catalog is not described would never be found."""
    assert {catalog for catalog, _ in FEEDS} <= set(catalog_names(INCLUDE))


@pytest.mark.parametrize(("catalog", "feed"), FEEDS)
def test_a_shipped_contract_loads(catalog: str, feed: str) -> None:
    """It names its feed, fills its entity's key, and says in words what its rules mean."""
    contract = load_contract(catalog, feed, INCLUDE)
    assert set(contract.entity.key) <= {column.name for column in contract.mapped if column.required}
    assert contract.description
    assert all(rule.description.endswith(".") for rule in contract.rules)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}.{path.name}")
def test_a_shipped_contract_is_valid_by_the_standards_schema(path: Path, schema: dict[str, Any]) -> None:
    """The JSON schema that the standard's own package bundles accepts it."""
    validator = jsonschema.Draft201909Validator(schema)
    errors = [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))]
    assert not errors


@pytest.mark.parametrize(("catalog", "feed"), FEEDS)
def test_personal_columns_of_a_feed_are_marked(catalog: str, feed: str) -> None:
    """What fills a personal column of the entity is marked as personal where it is delivered."""
    contract = load_contract(catalog, feed, INCLUDE)
    personal = {column.name for column in contract.delivered if column.pii}
    for column in contract.mapped:
        if contract.entity.column(column.name).pii:
            sources = {name for name in (c.name for c in contract.delivered) if f"`{name}`" in column.expression}
            assert sources <= personal, f"{column.name} is made of {sources - personal}"


def test_the_datacontract_linter_accepts_every_shipped_contract() -> None:
    """`datacontract lint`, run isolated because its dependencies quarrel with ours, passes on each file."""
    uv = [found] if (found := shutil.which("uv")) else [sys.executable, "-m", "uv"]
    command = [*uv, "run", "--quiet", "--isolated", "--no-project", "--with", LINTER, "python", "-c", LINT]
    done = subprocess.run([*command, *map(str, SHIPPED)], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == str(len(SHIPPED))
