"""Where rows become files: opens each feed's file of the period, spoils some rows, counts, and closes it in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tools.demo.defects import SpoiledRow, spoil_rows
from tools.demo.feeds import Feed, Row
from tools.demo.manifest import DUPLICATE, QUARANTINED, Defect, DeliveredCount, Manifest
from tools.demo.world import DAYS_PER_WEEK, World
from tools.demo.writers import Writer, open_writer


@dataclass(kw_only=True)
class _OpenFile:
    feed: Feed
    name: str
    last_day: date
    writer: Writer
    rows: int = 0
    quarantined: int = 0
    duplicate: int = 0
    spoiled: int = 0


class Outbox:
    """All files of one delivery. Rows of a feed must come day by day."""

    def __init__(self, world: World, folder: Path, manifest: Manifest) -> None:
        """Take a folder for the files (`<folder>/<feed>/`) and a manifest that lists what is in them."""
        self._world, self._folder, self._manifest = world, folder, manifest
        self._open: dict[str, _OpenFile] = {}

    def period_ends(self, feed: Feed, day: date) -> date:
        """Return the last day of the feed's period that a day is in, or the world's last day."""
        days = feed.weeks * DAYS_PER_WEEK
        number = (day - self._world.start).days // days
        return min(self._world.start + timedelta(days=days * (number + 1) - 1), self._world.end)

    def put(self, feed: Feed, day: date, rows: list[Row]) -> None:
        """Append the day's rows to the feed's file of the period, which is named after the last day it covers."""
        if not rows:
            return
        if feed.name not in self._open:
            last_day = self.period_ends(feed, day)
            self._open[feed.name] = self._begin(feed, last_day, last_day)
        self._append(self._open[feed.name], day, rows)

    def put_whole(self, feed: Feed, day: date, rows: list[Row]) -> None:
        """Deliver the rows as a file of their own, named after the day."""
        if rows:
            file = self._begin(feed, day, day)
            self._append(file, day, rows)
            self._finish(file)

    def close_day(self, day: date) -> None:
        """Close the files whose period ends with the day."""
        for file in [file for file in self._open.values() if file.last_day <= day]:
            self._finish(self._open.pop(file.feed.name))

    def _begin(self, feed: Feed, named: date, last_day: date) -> _OpenFile:
        folder = self._folder / feed.name
        folder.mkdir(parents=True, exist_ok=True)
        name = feed.file_name(named)
        writer = open_writer(feed, folder / name, named)
        return _OpenFile(feed=feed, name=name, last_day=last_day, writer=writer)

    def _append(self, file: _OpenFile, day: date, rows: list[Row]) -> None:
        rng = self._world.stream(f"defects of {file.feed.name}", day.toordinal())
        delivered, spoiled = spoil_rows(file.feed, rows, (file.rows, file.spoiled), rng)
        for row in spoiled:
            self._record(file, row)
        file.writer.write(delivered)
        file.rows += len(delivered)
        file.spoiled += len(spoiled)

    def _record(self, file: _OpenFile, row: SpoiledRow) -> None:
        header = 0 if "jsonl" in file.feed.suffix else 1
        number = header + file.rows + row.position + 1
        kind = row.kind
        self._manifest.defects.append(
            Defect(
                feed=file.feed.name,
                file=file.name,
                row_number=number,
                kind=kind.name,
                fate=kind.fate,
                reasons=tuple(sorted(kind.reasons)),
            )
        )
        file.quarantined += kind.fate == QUARANTINED
        file.duplicate += kind.fate == DUPLICATE

    def _finish(self, file: _OpenFile) -> None:
        file.writer.close()
        good = file.rows - file.quarantined - file.duplicate
        self._manifest.files.append(
            DeliveredCount(
                feed=file.feed.name,
                file=file.name,
                rows=file.rows,
                good=good,
                quarantined=file.quarantined,
                duplicate=file.duplicate,
            )
        )
