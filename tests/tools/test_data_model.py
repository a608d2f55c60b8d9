"""The data model's page is what the declarations say."""

from __future__ import annotations

from basketry.tables import TABLES
from tools.data_model import PAGE, page


def test_the_page_is_up_to_date() -> None:
    """A changed declaration without a new page fails: run `make data-model`."""
    assert PAGE.read_text(encoding="utf-8") == page()
    assert all(f"## {table.full_name}\n" in page() for table in TABLES)
