"""Who reads which part of which file."""

from __future__ import annotations

from basketry.domains.ingest.delivery import BYTES_WORTH_SHARING, reading_shares

LARGE = BYTES_WORTH_SHARING + 1


def test_a_large_file_is_shared_by_the_cores() -> None:
    """Two tasks take every second batch each; a small file has one reader."""
    assert reading_shares([10, LARGE], cores=2) == [(0, 0, 1), (1, 0, 2), (1, 1, 2)]


def test_many_large_files_have_one_reader_each() -> None:
    """Files are side by side already, so nothing is parsed twice."""
    assert reading_shares([LARGE] * 3, cores=2) == [(0, 0, 1), (1, 0, 1), (2, 0, 1)]


def test_sharing_is_bounded_on_a_large_machine() -> None:
    """Each share parses the whole file, so there are at most four."""
    assert len(reading_shares([LARGE], cores=64)) == 4
