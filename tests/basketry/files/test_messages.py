"""The messages of a file: those that Spark's text source found, or a refusal before the first of them."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest

from basketry.errors import RefusedFileError
from basketry.files import messages
from basketry.files.limits import BUDGET
from basketry.files.messages import delivered_messages


def test_lines_are_messages(tmp_path: Path) -> None:
    """Every line end counts, empty lines do not; a mark at the start is dropped, a wrong byte replaced."""
    content = b"\xef\xbb\xbfa\r\n\n  \nb \rc\xff\xc3\xa4\n\td"
    plain, packed = tmp_path / "plain.jsonl", tmp_path / "packed"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    for path in (plain, packed):
        assert list(delivered_messages(path, tmp_path)) == ["a", "b ", "c\ufffdä", "\td"]
    plain.write_bytes(b"")
    assert list(delivered_messages(plain, tmp_path)) == []


def test_nothing_of_a_refused_file_is_handed_on(tmp_path: Path) -> None:
    """What is wrong at the end is known at the start; links of folders and pipes, which Spark does not list, are no way in."""
    good = gzip.compress(b"a\n" * 1000)
    outside, landing = tmp_path / "outside", tmp_path / "landing"
    outside.mkdir()
    landing.mkdir()
    (outside / "a.jsonl").write_bytes(b"a\n")
    (landing / "day").symlink_to(outside)
    os.mkfifo(landing / "pipe")
    (landing / "torn").write_bytes(good[:-4])
    (landing / "twice").write_bytes(gzip.compress(good))
    (landing / "zip").write_bytes(b"PK\x03\x04" + b"\0" * 600)
    (landing / "name.gz").write_bytes(b"a\n")
    refusals = {
        "day/a.jsonl": "lies behind one",
        "pipe": "not a regular file",
        "torn": "cut off or damaged",
        "twice": "gzip inside gzip",
        "zip": "a zip archive or Excel workbook, not JSON Lines text",
        "name.gz": "the content is not gzip",
        "gone": "does not exist",
    }
    for name, reason in refusals.items():
        with pytest.raises(RefusedFileError, match=reason):
            next(delivered_messages(landing / name, landing))


def test_a_file_is_no_longer_than_a_driver_can_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By lines, of which empty ones take time as well, and by text; what just fits is read."""
    monkeypatch.setattr(messages, "BUDGET", replace(BUDGET, lines=3, characters=30))
    path = tmp_path / "events.jsonl"
    path.write_text("a\n\nb\n")
    assert list(delivered_messages(path, tmp_path)) == ["a", "b"]
    path.write_text("a\n\n\n\n")
    with pytest.raises(RefusedFileError, match="has more than 3 lines; deliver it in several files"):
        next(delivered_messages(path, tmp_path))
    path.write_text("a\n" + "b" * 29)
    with pytest.raises(RefusedFileError, match="is longer than .* MB; deliver it in several files"):
        next(delivered_messages(path, tmp_path))
