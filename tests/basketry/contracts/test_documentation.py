"""docs/contracts.md tells the truth: its example loads, and its tables name every word that a contract may use."""

from __future__ import annotations

import re
from pathlib import Path

from basketry.config.model import keys_of
from basketry.contracts import documents, load_contract
from basketry.contracts.functions import FUNCTIONS
from tests.conftest import CHECKOUT

PAGE = (CHECKOUT / "docs" / "contracts.md").read_text(encoding="utf-8")


def block(first_line: str) -> str:
    """The fenced block that starts with that comment, without it."""
    (found,) = re.findall(rf"^```\w*\n# {re.escape(first_line)}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_example_loads_as_written(tmp_path: Path) -> None:
    """Who copies the contract of the page has a contract."""
    include = tmp_path / "include"
    (include / "contracts" / "demo").mkdir(parents=True)
    (include / "catalogs").mkdir()
    (include / "catalogs" / "demo.yaml").write_text((CHECKOUT / "include" / "catalogs" / "demo.yaml").read_text())
    (include / "contracts" / "demo" / "store_reviews.odcs.yaml").write_text(
        block("include/contracts/demo/store_reviews.odcs.yaml")
    )
    contract = load_contract("demo", "store_reviews", include)
    header, *rows = block("landing/demo/store_reviews/store_reviews_2026-11-20.csv").splitlines()
    assert header.split(",") == [column.header for column in contract.delivered]
    assert len(rows) == 5


def test_the_page_names_every_word() -> None:
    """A custom property or function that is not on the page would be found by nobody."""
    custom = (documents.FileProperties, documents.DeliveredProperties, documents.MappedProperties)
    required = {key for key, field in keys_of(documents.QualityDocument).items() if field.is_required()}
    ours = required.union(*map(keys_of, custom))
    missing = [word for word in ours | set(FUNCTIONS) - {"substring"} if not re.search(rf"\b{word}\b", PAGE)]
    assert not missing
