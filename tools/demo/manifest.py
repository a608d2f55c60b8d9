"""The manifest of a delivery: every file with what should become of its rows, and every defect that was put in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from basketry.errors import BadInputError

MANIFEST_NAME = "manifest.json"
QUARANTINED, DUPLICATE, GOOD = "quarantined", "duplicate", "good"


@dataclass(frozen=True)
class Defect:
    """A row that is not as it should be. row_number: as a spreadsheet shows it, the header is 1; JSON Lines: the line.

    kind: what was done to it; fate: quarantined, duplicate (a later copy in the file counts), or good (harmless);
    reasons: all that ingest must give for a quarantined row, sorted.
    """

    feed: str
    file: str
    row_number: int
    kind: str
    fate: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class DeliveredCount:
    """A delivered file: rows = good + quarantined + duplicate."""

    feed: str
    file: str
    rows: int
    good: int
    quarantined: int
    duplicate: int


@dataclass
class Manifest:
    """All of one delivery. Days are ISO texts, so that it is plain JSON."""

    seed: int
    start: str
    end: str
    scale: float
    files: list[DeliveredCount] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)

    def counts(self, feed: str) -> DeliveredCount:
        """The feed's counts over all its files; `file` is empty."""
        files = [count for count in self.files if count.feed == feed]
        totals = (sum(getattr(count, name) for count in files) for name in ("rows", "good", "quarantined", "duplicate"))
        return DeliveredCount(feed, "", *totals)

    def quarantined(self, feed: str) -> Iterator[Defect]:
        """The defects of a feed that must land in quarantine."""
        return (defect for defect in self.defects if defect.feed == feed and defect.fate == QUARANTINED)

    def write(self, folder: Path) -> None:
        """Write it as `manifest.json` of the folder, one defect a line, the same bytes for the same contents."""
        head = {name: value for name, value in asdict(self).items() if name not in ("files", "defects")}
        parts = [json.dumps(name) + ": " + json.dumps(value) for name, value in head.items()]
        for name, items in (("files", self.files), ("defects", self.defects)):
            lines = ",\n    ".join(json.dumps(asdict(item)) for item in items)
            parts.append(f'"{name}": [\n    {lines}\n  ]')
        text = "{\n  " + ",\n  ".join(parts) + "\n}\n"
        part = folder / f".{MANIFEST_NAME}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(folder / MANIFEST_NAME)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a landing folder; BadInputError when there is none or it cannot be read."""
    path = folder / MANIFEST_NAME
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        files = [DeliveredCount(**item) for item in found.pop("files")]
        defects = [Defect(**{**item, "reasons": tuple(item["reasons"])}) for item in found.pop("defects")]
        return Manifest(**found, files=files, defects=defects)
    except FileNotFoundError as error:
        raise BadInputError(
            f"there is no {MANIFEST_NAME} in {folder}: run python -m tools.demo --out {folder} first."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInputError(
            f"{path} is not a manifest of the demo: delete it and run python -m tools.demo again."
        ) from error
