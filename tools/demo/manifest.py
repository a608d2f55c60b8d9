"""The manifest of a delivery: every file with what should become of its rows, and every defect that was put in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from basketry.errors import BadInputError

MANIFEST_NAME = "manifest.json"
QUARANTINED, DUPLICATE, GOOD = "quarantined", "duplicate", "good"


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A row that is not as it should be.

    Attributes:
        feed: Its feed.
        file: Its file.
        row_number: Its number as a spreadsheet shows it, the header is 1; of JSON Lines the line.
        kind: What was done to it.
        fate: quarantined, duplicate (a later copy in the file counts), or good (harmless).
        reasons: All reasons that ingest must report for a quarantined row, sorted.
    """

    feed: str
    file: str
    row_number: int
    kind: str
    fate: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DeliveredCount:
    """A delivered file: rows = good + quarantined + duplicate.

    Attributes:
        feed: Its feed.
        file: Its name; empty for all files of a feed.
        rows: Its rows.
        good: Rows that must be loaded.
        quarantined: Rows that must land in quarantine.
        duplicate: Rows of which a later copy counts.
    """

    feed: str
    file: str
    rows: int
    good: int
    quarantined: int
    duplicate: int


@dataclass(kw_only=True)
class Manifest:
    """All of one delivery. Days are ISO texts, so that it is plain JSON.

    Attributes:
        seed: Seed of the world.
        start: First day.
        end: Last day.
        scale: Size of the world.
        files: The delivered files.
        defects: The defects that were put in.
    """

    seed: int
    start: str
    end: str
    scale: float
    files: list[DeliveredCount] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)

    def counts(self, feed: str) -> DeliveredCount:
        """Sum up the counts of a feed over all its files; `file` is empty."""
        files = [count for count in self.files if count.feed == feed]
        return DeliveredCount(
            feed=feed,
            file="",
            rows=sum(count.rows for count in files),
            good=sum(count.good for count in files),
            quarantined=sum(count.quarantined for count in files),
            duplicate=sum(count.duplicate for count in files),
        )

    def quarantined(self, feed: str) -> Iterator[Defect]:
        """Return the defects of a feed that must land in quarantine."""
        return (defect for defect in self.defects if defect.feed == feed and defect.fate == QUARANTINED)

    def write(self, folder: Path) -> None:
        """Write the manifest into a folder, one defect per line, the same bytes for the same contents."""
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
    """Read the manifest of a landing folder.

    Raises:
        BadInputError: There is none, or it cannot be read.
    """
    path = folder / MANIFEST_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        files = [DeliveredCount(**item) for item in document.pop("files")]
        defects = [Defect(**{**item, "reasons": tuple(item["reasons"])}) for item in document.pop("defects")]
        return Manifest(**document, files=files, defects=defects)
    except FileNotFoundError as error:
        raise BadInputError(
            f"there is no {MANIFEST_NAME} in {folder}: run python -m tools.demo --out {folder} first."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInputError(
            f"{path} is not a manifest of the demo: delete it and run python -m tools.demo again."
        ) from error
