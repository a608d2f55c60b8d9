"""The messages of a delivered file, one a line: the file is checked to its end before the first of them is handed on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from basketry.files.limits import BUDGET, size_text
from basketry.files.private_copy import PrivateCopy, private_copy, refusal
from basketry.files.streams import LineReader, open_content, refuse_disguise

_MARK_BYTES = 512


def delivered_messages(path: Path, folder: Path) -> Iterator[str]:
    """Yield the lines that are not empty, without their ends; a byte that is no UTF-8 becomes a replacement character.

    Args:
        path: the file.
        folder: the landing folder; no link is followed below it.

    Raises:
        RefusedFileError: before the first line, if the file may not be read, is damaged, no text, or beyond the budget.
    """
    with private_copy(path, folder) as file:
        for _ in _lines(file):
            pass
        yield from _lines(file)


def _lines(file: PrivateCopy) -> Iterator[str]:
    with open_content(file) as content:
        refuse_disguise(file, content.read(_MARK_BYTES), "JSON Lines text")
    size = 0
    with open_content(file) as content:
        lines = LineReader(io.TextIOWrapper(content, encoding="utf-8-sig", errors="replace"), file)
        for line in lines:
            lines.start_record()
            size += len(line)
            if lines.line > BUDGET.lines:
                raise refusal(file, f"the file has more than {BUDGET.lines:,} lines; deliver it in several files.")
            if size > BUDGET.characters:
                limit = size_text(BUDGET.characters)
                raise refusal(file, f"its text is longer than {limit}; deliver it in several files.")
            text = line.removesuffix("\n")
            if text.strip(" "):
                yield text
