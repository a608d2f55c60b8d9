"""All feeds of a catalog in one load: each by its own contract, and the others although a file of one is refused."""

from __future__ import annotations

import pytest

from basketry.config.settings import EVERY_FEED
from basketry.errors import BadInputError
from basketry.tables import FILES
from tests.kit.contracts import head
from tests.kit.deliveries import CONTRACT, FIRST, Shop

pytestmark = pytest.mark.slow

RATINGS = "id,product,stars,day\nk,p9,4,2026-02-01\nl,p9,7,2026-02-02\n"


@pytest.fixture
def two(shop: Shop) -> Shop:
    """Reviews and ratings are delivered apart and fill one entity; nobody delivers the third feed."""
    for name in ("ratings", "unused"):
        text = head(name, f"The {name} of the shop.") + CONTRACT.format(most=5).replace("reviews_", f"{name}_")
        shop.contract_path(name).write_text(text)
    shop.deliver("2026-01-04", FIRST)
    shop.deliver("2026-02-03", RATINGS, feed="ratings")
    return shop


def test_every_feed_is_loaded_by_its_own_contract(two: Shop) -> None:
    """Rows in are good + quarantined + duplicates, feed by feed; the same again loads nothing."""
    report = two.ingest(feed=EVERY_FEED)
    lines = {row.feed: row for row in two.lake.read(FILES).collect()}
    fates = {
        feed: (row.rows_read, row.rows_good, row.rows_quarantined, row.rows_duplicate) for feed, row in lines.items()
    }
    assert fates == {"reviews": (4, 1, 2, 1), "ratings": (2, 1, 1, 0)}
    assert (report.rows_in, report.rows_out) == (6, 2)
    assert two.silver() == {"a": 4, "k": 4}
    assert "nothing new to load" in two.ingest(feed=EVERY_FEED).summary


UNCLOSED = RATINGS + 'm,"p9,4,2026-02-01\n'


@pytest.mark.parametrize("bad", ["id,stars,day\nk,4,2026-02-01\n", RATINGS.replace("4", "8"), UNCLOSED])
def test_a_refused_file_stops_no_other(two: Shop, bad: str) -> None:
    """By its header, by its rows or while it is read: the others are loaded, the ledger and the failure name the file."""
    two.deliver("2026-02-03", bad, feed="ratings")
    with pytest.raises(BadInputError, match=r"1 files were loaded, but not all, since ratings_2026-02-03.csv: "):
        two.ingest(feed=EVERY_FEED)
    assert two.silver() == {"a": 4}
    lines = {(row.feed, row.status) for row in two.lake.read(FILES).collect()}
    assert lines == {("ratings", "refused"), ("reviews", "loaded")}
    two.deliver("2026-02-04", RATINGS, feed="ratings")
    with pytest.raises(BadInputError, match="1 files were loaded, but not all, since ratings_2026-02-03.csv: "):
        two.ingest(feed=EVERY_FEED)
    assert two.silver() == {"a": 4, "k": 4}


def test_nothing_delivered_at_all_is_a_sentence(two: Shop) -> None:
    """Every feed was looked at and none has a file that is meant."""
    with pytest.raises(BadInputError, match="deliver files of one of: ratings, reviews, unused"):
        two.ingest(feed=EVERY_FEED, files="none*")
