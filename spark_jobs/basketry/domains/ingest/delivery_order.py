"""Which of several deliveries is the newer one: the times that ops.files records of files, and what they leave undecided.

Files are ordered by the time of delivery in their names. Among files of the same time the modification time decides, as
ops.files recorded it when it first saw the content: a copy of a file has another one, so the file system is asked once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import reduce
from itertools import groupby
from operator import or_
from zoneinfo import ZoneInfo

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.contracts import Contract
from basketry.files import DeliveredFile
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.schemas import with_nulls
from basketry.lake.sql import newer_condition
from basketry.tables import FILES, LINEAGE

INSTANT = timedelta(microseconds=1)
"""By how much a file that is made the newest is later than the newest before it: the smallest step that a table holds."""


@dataclass(frozen=True)
class LedgerEntry:
    """What ops.files says about a file.

    Attributes:
        delivered_at: the time of delivery, UTC.
        ordering_time: the time that decides among files of the same time of delivery, UTC; an early release recorded none.
        loaded: whether its rows were loaded.
    """

    delivered_at: datetime
    ordering_time: datetime | None
    loaded: bool


def ledger_entries(lake: Lakehouse, feed: str) -> dict[str, LedgerEntry]:
    """Read the entries of the feed's files in ops.files, by checksum."""
    if not lake.exists(FILES):
        return {}
    names = ["file_checksum", "delivered_at", "ordering_time", "status"]
    lines = lake.read_filtered(FILES, names, {"feed": {feed}}, since={}).to_pylist()
    return {
        line["file_checksum"]: LedgerEntry(line["delivered_at"], line["ordering_time"], line["status"] == "loaded")
        for line in lines
    }


def with_first_seen_times(file: DeliveredFile, ledger: Mapping[str, LedgerEntry]) -> DeliveredFile:
    """Return the file with the times recorded when its content was first seen; a day in its name is taken as it is now."""
    before = ledger.get(file.checksum)
    if before is None:
        return file
    delivered_at = file.delivered_at if file.names_its_day else before.delivered_at
    return replace(file, delivered_at=delivered_at, ordering_time=before.ordering_time)


def merge_copies(file: DeliveredFile, other: DeliveredFile) -> DeliveredFile:
    """Merge two files of the same bytes: the one with the later day in its name (or `other`), at the earlier of their times."""
    copies = (other, file)
    times = [copy.ordering_time for copy in copies if copy.ordering_time is not None]
    named = [copy for copy in copies if copy.names_its_day]
    chosen = max(named, key=_delivery) if named else min(copies, key=_delivery)
    return replace(chosen, ordering_time=min(times, default=None))


def _delivery(file: DeliveredFile) -> datetime:
    return file.delivered_at


def make_newest(
    files: Sequence[DeliveredFile], ledger: Mapping[str, LedgerEntry], contract: Contract
) -> list[DeliveredFile]:
    """Return the files as the newest of their days, in their own order.

    A day is a time of delivery if names contain it, otherwise a local day. Files that are the newest already keep their
    times, so that loading them again and again has the same result.
    """
    newest = _newest_of_days({name: other for name, other in ledger.items() if name not in _checksums(files)}, contract)
    result: list[DeliveredFile] = []
    for _, alike in groupby(sorted(files, key=_position), key=_position):
        group = list(alike)
        day, at = _day(group[0], contract), _time(group[0])
        if day in newest:
            at = max(at, newest[day] + INSTANT)
        newest[day] = at
        result += [_at(file, at) for file in group]
    return result


def _newest_of_days(ledger: Mapping[str, LedgerEntry], contract: Contract) -> dict[object, datetime]:
    """Return the latest time among the files of each time of delivery, and among those of each local day."""
    newest: dict[object, datetime] = {}
    for other in ledger.values():
        at = other.ordering_time or other.delivered_at
        for day in (other.delivered_at, _local_day(other.delivered_at, contract)):
            newest[day] = max(newest.get(day, at), at)
    return newest


def _position(file: DeliveredFile) -> tuple[datetime, datetime]:
    return file.delivered_at, _time(file)


def _time(file: DeliveredFile) -> datetime:
    return file.ordering_time or file.delivered_at


def _day(file: DeliveredFile, contract: Contract) -> object:
    return file.delivered_at if file.names_its_day else _local_day(file.delivered_at, contract)


def _local_day(moment: datetime, contract: Contract) -> date:
    return moment.astimezone(ZoneInfo(contract.time_zone)).date()


def _at(file: DeliveredFile, moment: datetime) -> DeliveredFile:
    if moment == _time(file):
        return file
    return replace(file, ordering_time=moment, delivered_at=file.delivered_at if file.names_its_day else moment)


def count_older_rows(lake: Lakehouse, contract: Contract, rows: DataFrame) -> dict[str, int]:
    """Count, by checksum, the rows that silver holds in a newer version.

    Args:
        lake: the lake.
        contract: the contract of the feed.
        rows: rows of the entity, at most one per key.
    """
    stored = _stored(lake, contract)
    if stored is None:
        return {}
    same = [F.col(f"old.`{name}`") == F.col(f"new.`{name}`") for name in contract.entity.key]
    older = rows.alias("old").join(stored.alias("new"), same).where(newer_condition())
    return _counted(older.select("old._file_checksum"))


def count_contradictions(
    lake: Lakehouse, contract: Contract, rows: DataFrame, files: Sequence[DeliveredFile]
) -> dict[str, int]:
    """Count, by checksum, the rows to which another file of the same times gives other values: chance decides about them.

    Args:
        lake: the lake.
        contract: the contract of the feed.
        rows: rows of the entity, of every file the last of each key.
        files: the files of these rows.
    """
    unsettled = _unsettled(lake, files)
    if not unsettled:
        return {}
    same_times = reduce(or_, (_is_at(*times) for times in unsettled))
    rivals, stored = rows.where(same_times), _stored(lake, contract)
    if stored is not None:
        others = stored.where(same_times & ~F.col("_file_checksum").isin(*_checksums(files)))
        rivals = rivals.unionByName(others)
    lineage = {column.name for column in LINEAGE}
    names = [name for name in contract.entity.column_names if name not in {*lineage, *contract.entity.key}]
    values = F.collect_set(F.struct(F.lit(0), *(F.col(f"`{name}`") for name in names)))
    keyed = rivals.groupBy(*contract.entity.key, "_delivered_at", "_ordering_time")
    groups = keyed.agg(F.collect_list("_file_checksum").alias("files"), F.size(values).alias("versions"))
    contradicting = groups.where("versions > 1").select(F.explode("files").alias("_file_checksum"))
    return _counted(contradicting.where(F.col("_file_checksum").isin(*_checksums(files))))


def _unsettled(lake: Lakehouse, files: Sequence[DeliveredFile]) -> set[tuple[datetime, datetime]]:
    """Return the times of these files that another of them, or a file loaded before (of any feed), has too."""
    times = Counter((file.delivered_at, file.ordering_time) for file in files if file.ordering_time is not None)
    names = ["file_checksum", "delivered_at", "ordering_time"]
    loaded = (
        lake.read_filtered(FILES, names, {"status": {"loaded"}}, since={}).to_pylist() if lake.exists(FILES) else []
    )
    mine = _checksums(files)
    for line in loaded:
        position = (line["delivered_at"], line["ordering_time"])
        if position in times and line["file_checksum"] not in mine:
            times[position] += 1
    return {(day, at) for (day, at), count in times.items() if count > 1 and at is not None}


def _is_at(delivered_at: datetime, ordering_time: datetime) -> Column:
    return (F.col("_delivered_at") == F.lit(delivered_at)) & (F.col("_ordering_time") == F.lit(ordering_time))


def _stored(lake: Lakehouse, contract: Contract) -> DataFrame | None:
    """Read silver as declared; a table that an earlier release wrote, and nothing since, has no ordering times yet."""
    if not lake.exists(contract.entity):
        return None
    stored = lake.read(contract.entity)
    missing = {column.name: column.type for column in contract.entity.columns if column.name not in stored.columns}
    return with_nulls(stored, missing)


def _checksums(files: Iterable[DeliveredFile]) -> set[str]:
    return {file.checksum for file in files}


def _counted(checksums: DataFrame) -> dict[str, int]:
    return {row[0]: row[1] for row in checksums.groupBy("_file_checksum").agg(F.count("*")).collect()}
