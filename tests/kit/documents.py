"""Documents of the include folder as tests need them: as shipped, changed in one place, and refused for it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import pytest

from basketry.config.settings import CHECKOUT
from basketry.errors import ContractError

INCLUDE = CHECKOUT / "include"
"""The folder that is shipped."""

Read = TypeVar("Read")
Change = tuple[str, str]
"""What stands in a document, once, and what shall stand there instead."""

QUICK: Mapping[str, Mapping[str, str]] = {
    "propensity.yaml": {"dates: 8": "dates: 3", "trials: 4": "trials: 1", "refusal: 1.0": "refusal: 50"},
    "rfm.yaml": {"most: 20": "most: 5", "resamples: 20": "resamples: 3"},
    "forecast.yaml": {
        "origins: 26": "origins: 4",
        "rounds: 100": "rounds: 10",
        "bootstrap: 500": "bootstrap: 20",
        "chosen_on: 3": "chosen_on: 2",
        "tested_on: 3": "tested_on: 1",
    },
}
"""Changes with which a training takes seconds, for tests that ask whether it runs and not how well it predicts."""


def changed(text: str, *changes: Change) -> str:
    """Return the text with each change made in turn; what is replaced must stand there exactly once."""
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the document"
        text = text.replace(old, new)
    return text


def copy_include(home: Path, changes: Mapping[str, Mapping[str, str]] | None = None) -> Path:
    """Copy what is shipped to `home`/include, changed.

    Args:
        home: Where the folder is made.
        changes: By a document's path below include/: what stands there once, and what shall stand there instead.
    """
    include = home / "include"
    shutil.copytree(INCLUDE, include)
    for name, words in (changes or {}).items():
        document = include / name
        document.write_text(changed(document.read_text(encoding="utf-8"), *words.items()), encoding="utf-8")
    return include


def include_sharing(home: Path, choice: str) -> Path:
    """Copy what is shipped to `home`/include, with another choice of the DAGs whose tasks share a cluster."""
    return copy_include(home, {"jobs.yaml": {"shared: {}": f"shared: {choice}"}})


class Refusal(NamedTuple):
    """Why a document was refused: the line that is told, and the sentence behind it."""

    line: int
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Document(Generic[Read]):
    """A right document, to be changed.

    Attributes:
        path: Where it stands below include/.
        text: What it says.
        load: Reads it, given the include folder.
        beside: What else must stand in that folder: texts by path.
        error: What its reader raises about a wrong one.
    """

    path: str
    text: str
    load: Callable[[Path], Read]
    beside: Mapping[str, str] = field(default_factory=dict)
    error: type[Exception] = ContractError

    def saying(self, text: str) -> Document[Read]:
        """Return a document of that place with another text."""
        return replace(self, text=text)

    def line_of(self, part: str) -> int:
        """Return the line in which a part of the text begins, from 1; the part must stand there exactly once."""
        return changed(self.text, (part, "\0")).split("\0")[0].count("\n") + 1

    def write(self, folder: Path, *changes: Change) -> Path:
        """Write the document, changed, into an include folder of its own in `folder`, and return that."""
        include = folder / "include"
        for path, text in {**self.beside, self.path: changed(self.text, *changes)}.items():
            (include / path).parent.mkdir(parents=True, exist_ok=True)
            (include / path).write_text(text, encoding="utf-8")
        return include

    def read(self, folder: Path, *changes: Change) -> Read:
        """Return what the reader makes of the document with these changes."""
        return self.load(self.write(folder, *changes))

    def refusal(self, folder: Path, *changes: Change) -> Refusal:
        """Return why the document with these changes is refused: in one line, which begins with its path and a line's number."""
        with pytest.raises(self.error) as raised:
            self.read(folder, *changes)
        message = str(raised.value).removeprefix("BAD_INPUT: ")
        told = re.fullmatch(rf"(?:include/)?{re.escape(self.path)}:(\d+): (.+)", message)
        assert told, message
        return Refusal(int(told[1]), told[2])


def shipped(path: str, load: Callable[[Path], Read], error: type[Exception] = ContractError) -> Document[Read]:
    """Return a document as it is shipped."""
    return Document(path=path, text=(INCLUDE / path).read_text(encoding="utf-8"), load=load, error=error)
