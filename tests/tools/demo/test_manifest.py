"""The manifest against the delivered files, judged by code of the tests' own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from basketry.errors import BadInputError
from tests.tools.demo.conftest import Delivery
from tests.tools.demo.reading import judged, key
from tools.demo.feeds import FEEDS
from tools.demo.manifest import read_manifest

FEED_NAMES = [feed.name for feed in FEEDS]


@pytest.mark.parametrize("feed", FEED_NAMES)
def test_manifest_lists_exactly_the_bad_rows_with_all_their_reasons(delivery: Delivery, feed: str) -> None:
    """Every bad row of every file is in the manifest with every reason, and no other row is bad."""
    found = {(row.file, row.number): row.wrong for row in judged(delivery.folder, feed) if row.wrong}
    listed = {(defect.file, defect.row_number): defect.reasons for defect in delivery.manifest.quarantined(feed)}
    assert found == listed


@pytest.mark.parametrize("feed", FEED_NAMES)
def test_manifest_counts_every_file_to_the_row(delivery: Delivery, feed: str) -> None:
    """Rows = good + quarantined + duplicate for each file; a duplicate is an earlier copy of a good key."""
    for count in (count for count in delivery.manifest.files if count.feed == feed):
        read = [row for row in judged(delivery.folder, feed) if row.file == count.file]
        good = {row.number: key(feed, row.row) for row in read if not row.wrong}
        last = {found: number for number, found in good.items()}
        twice = sorted(number for number, found in good.items() if last[found] != number)
        assert (count.rows, count.quarantined, count.duplicate) == (len(read), len(read) - len(good), len(twice))
        assert count.rows == count.good + count.quarantined + count.duplicate
        listed = [d for d in delivery.manifest.defects if (d.feed, d.file, d.fate) == (feed, count.file, "duplicate")]
        assert twice == [defect.row_number for defect in listed]


def test_manifest_knows_every_delivered_file_and_no_other(delivery: Delivery) -> None:
    """The folder holds the manifest's files and the manifest, nothing half written."""
    listed = {f"{file.feed}/{file.file}" for file in delivery.manifest.files} | {"manifest.json"}
    found = {str(path.relative_to(delivery.folder)) for path in delivery.folder.rglob("*") if path.is_file()}
    assert found == listed


def test_harmless_defects_are_there_and_harmless(delivery: Delivery) -> None:
    """Blanks around a product id are listed as good rows, and the blanks are really delivered."""
    listed = {(d.file, d.row_number) for d in delivery.manifest.defects if d.kind == "blanks_around_product"}
    assert listed
    delivered = {(row.file, row.number): row for row in judged(delivery.folder, "order_lines")}
    for place in listed:
        code = delivered[place].row["Item Code"]
        assert code != code.strip() and not delivered[place].wrong


def test_defects_have_the_announced_rate_and_variety(delivery: Delivery) -> None:
    """About 0.3 % of order lines are spoiled, in every kind, some with two reasons; no file beyond 2 %."""
    defects = [defect for defect in delivery.manifest.defects if defect.feed == "order_lines"]
    rate = len(defects) / delivery.manifest.counts("order_lines").rows
    assert 0.002 < rate < 0.004
    assert len(Counter(defect.kind for defect in defects)) == 17
    assert max(len(defect.reasons) for defect in defects) == 2
    assert all(file.quarantined <= 0.02 * file.rows for file in delivery.manifest.files)


def test_manifest_is_read_back_as_written(delivery: Delivery) -> None:
    """What is read from manifest.json equals what deliver returned."""
    assert read_manifest(delivery.folder) == delivery.manifest


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": [1], "defects": []}'])
def test_a_broken_manifest_is_told_in_one_sentence(tmp_path: Path, text: str) -> None:
    """A damaged manifest is bad input, not a stack trace of json."""
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(BadInputError, match="is not a manifest"):
        read_manifest(tmp_path)
