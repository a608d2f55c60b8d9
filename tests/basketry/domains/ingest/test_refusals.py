"""Files that cannot be loaded get a line of the ledger that says why."""

from __future__ import annotations

import pytest

from basketry.errors import BadInputError
from basketry.tables import FILES
from tests.kit.deliveries import FIRST, Shop

pytestmark = pytest.mark.slow


def test_a_file_that_does_not_fit_its_contract_gets_its_line(shop: Shop) -> None:
    """Its neighbour is loaded, the run fails; noting refusals alone says the same; mended, both are loaded."""
    shop.deliver("2026-01-04", "id,stars,day\na,5,2026-01-01\n")
    shop.deliver("2026-01-05", FIRST)
    told = shop.ingest(refusals_only=True)
    assert told.summary[0].startswith("reviews_2026-01-04.csv: 0 rows read, refused: ")
    assert shop.ledger() == {"reviews_2026-01-04.csv": ("refused", 0, 0, 0, 0)}
    match = r"1 files were loaded, but not all, since reviews_2026-01-04.csv: .*product"
    with pytest.raises(BadInputError, match=match) as refused:
        shop.ingest()
    assert refused.value.message.count("reviews_2026-01-04.csv") == 1 and not refused.value.message.endswith("..")
    assert shop.silver() == {"a": 4}
    assert shop.ledger()["reviews_2026-01-04.csv"] == ("refused", 0, 0, 0, 0)
    assert shop.ledger()["reviews_2026-01-05.csv"][0] == "loaded"
    with pytest.raises(BadInputError, match=r"^BAD_INPUT: nothing was loaded, since"):
        shop.ingest(files="reviews_2026-01-04.csv")
    shop.deliver("2026-01-04", "id,product,stars,day\nz,p1,5,2026-01-01\n")
    shop.ingest()
    assert shop.silver() == {"a": 4, "z": 5}


def test_a_loaded_file_that_fits_no_more_keeps_its_line(shop: Shop) -> None:
    """Its rows are in silver, so the ledger must not call it refused."""
    shop.deliver("2026-01-05", FIRST)
    shop.ingest()
    before = shop.ledger()
    contract = shop.contract_path()
    contract.write_text(
        contract.read_text().replace("name: stars", "name: points").replace("Logic: stars", "Logic: points")
    )
    with pytest.raises(BadInputError, match="points"):
        shop.ingest(force=True)
    assert shop.ledger() == before


def test_no_file_to_note_is_no_failure(shop: Shop) -> None:
    """The task that notes refusals also runs when the pattern meant nothing; finding files has said so already."""
    shop.deliver("2026-01-05", FIRST)
    assert "No file in" in shop.ingest(refusals_only=True, files="nothing*").summary[0]
    assert shop.ingest(refusals_only=True).summary == ("every file can be loaded",)
    assert not shop.lake.exists(FILES)
