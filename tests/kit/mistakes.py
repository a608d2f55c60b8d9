"""Mistakes that a person makes in a document: what stood there, what was written instead, what the refusal says.

    @mistakes(
        SETTINGS,
        ("dates: 8", "dates: 0", "dates is 0; make it at least 1."),
        ("seed: 7", "", "1: the document has no 'seed'; add it."),
        ("- croston_sba", "- crostons", "…did you mean 'croston_sba'?"),
    )
    def test_a_mistake_is_told(mistake: Mistake, tmp_path: Path) -> None:
        mistake.check(tmp_path)

The line that is told is the mistake's, unless the sentence begins with another. A sentence is whole, but where … stands
for its beginning or its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.kit.documents import Document, changed


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A wrong word in a document that was right.

    Attributes:
        document: The right document.
        old: What stands in it, once.
        new: What was written instead.
        sentence: What the refusal says; see the module.
    """

    document: Document[Any]
    old: str
    new: str
    sentence: str

    def check(self, folder: Path) -> None:
        """Assert that the document is refused for the mistake, with the line and the sentence."""
        refusal = self.document.refusal(folder, (self.old, self.new))
        told = re.fullmatch(r"(?:(\d+): )?(…?)(.+?)(…?)", self.sentence)
        assert told, self.sentence
        number, before, words, after = told.groups()
        lines = {int(number)} if number else self._lines()
        assert refusal.line in lines, (
            f"line {refusal.line} is told, the mistake is in {sorted(lines)}: {refusal.sentence}"
        )
        pattern = (".*" if before else "") + re.escape(words) + (".*" if after else "")
        assert re.fullmatch(pattern, refusal.sentence), refusal.sentence

    def _lines(self) -> set[int]:
        """The first line that differs, and that in which the change begins: the key of a value that is a list or a mapping."""
        text = changed(self.document.text, (self.old, self.new))
        begins = self.document.text[: self.document.text.index(self.old)].count("\n") + 1
        both = zip(self.document.text.split("\n"), text.split("\n"), strict=False)
        differs = next((number for number, (left, right) in enumerate(both, 1) if left != right), begins)
        return {begins, differs}


def mistakes(document: Document[Any], *rows: tuple[str, str, str]) -> pytest.MarkDecorator:
    """Return the mark that calls a test once for each mistake, with the parameter `mistake`."""
    made = [Mistake(document=document, old=old, new=new, sentence=sentence) for old, new, sentence in rows]
    return pytest.mark.parametrize("mistake", made, ids=[mistake.sentence for mistake in made])
