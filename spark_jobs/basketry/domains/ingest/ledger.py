"""The ledger of delivered files (ops.files): which are loaded, and what became of every row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from pyspark.sql import Row

from basketry.contracts import Contract
from basketry.errors import BadInputError
from basketry.files import DeliveredFile
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import FILES

_FIXES = {
    "unknown_value": "map it by valueMap to a word of docs/data-model.md",
    "wrong_sign": "write what comes back with a minus: -quantity, -amount",
    "out_of_range": "convert it to the range of docs/data-model.md",
}
"""What a contract can do about the most frequent reason of a refused file, by the reason's code."""
_TEXTS_SHOWN = 5


@dataclass
class FileTally:
    """What became of one file's rows. Rows of every fate add up to the rows read.

    Of the good ones: older are those that silver holds in a newer version, contradicting those that another file of the
    very same times gives other values.
    texts: by reason the texts that no closed list of words understands, and how often each stands in the file.
    """

    file: DeliveredFile
    good: int = 0
    quarantined: int = 0
    duplicate: int = 0
    warned: int = 0
    older: int = 0
    contradicting: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    texts: dict[str, Counter[str]] = field(default_factory=dict)
    first_day: date | None = None
    last_day: date | None = None
    refusal: str | None = None

    @classmethod
    def refused(cls, file: DeliveredFile, error: BadInputError) -> FileTally:
        """The tally of a file that nothing was loaded of; the reason is the error's, without the file's name."""
        reason = re.sub(rf"^{re.escape(file.name)}[:,] ", "", error.message)
        return cls(file, refusal=reason.removesuffix("."))

    @property
    def read(self) -> int:
        """Rows read."""
        return self.good + self.quarantined + self.duplicate

    def add(self, row: Row) -> None:
        """Count one line of `ingest.core.tally`."""
        self.reasons.update(dict.fromkeys([*row._reasons, *row._warnings], row.rows))
        if row._reasons:
            self.quarantined += row.rows
        elif row._duplicate:
            self.duplicate += row.rows
        else:
            self.good += row.rows
            self.warned += row.rows if row._warnings else 0
            self.first_day = min(filter(None, (self.first_day, row.first_day)), default=None)
            self.last_day = max(filter(None, (self.last_day, row.last_day)), default=None)

    def told(self, reason: str) -> str:
        """A reason with its rows and, of a closed list of words, the texts: `status:unknown_value 2 ('draft' 2)`."""
        shown = self.texts.get(reason, Counter[str]()).most_common(_TEXTS_SHOWN)
        rest = self.reasons[reason] - sum(count for _, count in shown)
        parts = [f"'{text}' {count:,}" for text, count in shown] + ([f"others {rest:,}"] if rest and shown else [])
        return f"{reason} {self.reasons[reason]:,}" + (f" ({', '.join(parts)})" if parts else "")

    def line(self) -> str:
        """One line for people."""
        fate = f"refused: {self.refusal}" if self.refusal else f"{self.good:,} good, {self.quarantined:,} quarantined"
        reasons = ", ".join(self.told(name) for name, _ in self.reasons.most_common())
        counts = f"{self.read:,} rows read, {fate}, {self.duplicate:,} duplicate"
        if self.older:
            counts += f", {self.older:,} older than what is stored"
        if self.contradicting:
            counts += f", {self.contradicting:,} contradict another file of the same day and time"
        return f"{self.file.name}: {counts}" + (f" ({reasons})" if reasons else "")


def tallies(
    files: Sequence[DeliveredFile], lines: Iterable[Row], contract: Contract, texts: Iterable[Row] = ()
) -> list[FileTally]:
    """A tally for every file; a file with more bad rows than its contract allows gets a refusal.

    lines: of `ingest.core.tally`; texts: of `ingest.declared.counted_texts`.
    """
    by_checksum = {file.checksum: FileTally(file) for file in files}
    for line in lines:
        by_checksum[line._file_checksum].add(line)
    for text in texts:
        by_checksum[text._file_checksum].texts.setdefault(text.reason, Counter())[text.text] += text.rows
    for tally in by_checksum.values():
        allowed = contract.max_rejected_share
        if tally.quarantined > allowed * tally.read:
            share = tally.quarantined / tally.read
            most = tally.reasons.most_common(1)[0][0]
            fix = _FIXES.get(most.split(":")[-1])
            shown = tally.told(most) if most in tally.texts else most
            tally.refusal = (
                f"{share:.1%} of its rows are bad (most: {shown}), its contract allows {allowed:.1%}; "
                f"mend the file, or correct {contract.path.name}" + (f" ({fix})" if fix else "")
            )
    return list(by_checksum.values())


def record(
    lake: Lakehouse, contract: Contract, counted: Sequence[FileTally], run_id: str, delivered_by: str | None
) -> None:
    """Write the files' lines; recording a file again replaces its line."""
    rows = [_ledger_row(tally, contract, run_id, delivered_by) for tally in counted]
    lake.record(FILES, rows, where=f"feed = '{contract.feed}' AND {among('file_checksum', counted)}")


def among(column: str, counted: Sequence[FileTally]) -> str:
    """SQL condition: the column holds one of these files' checksums."""
    return f"{column} IN ({', '.join(repr(tally.file.checksum) for tally in counted)})"


def _ledger_row(tally: FileTally, contract: Contract, run_id: str, delivered_by: str | None) -> tuple[object, ...]:
    file = tally.file
    return (
        file.checksum,
        contract.feed,
        file.name,
        file.bytes,
        file.delivered_at,
        file.ordering_time,
        delivered_by,
        "refused" if tally.refusal else "loaded",
        tally.refusal,
        contract.version,
        tally.read,
        tally.good,
        tally.quarantined,
        tally.duplicate,
        tally.warned,
        dict(tally.reasons),
        list(file.unknown_columns),
        tally.first_day,
        tally.last_day,
        run_id,
        tally.older,
        tally.contradicting,
    )


def refuse_if_any(counted: Sequence[FileTally]) -> None:
    """BadInputError that names every refused file, when there is one."""
    refused = [f"{tally.file.name}: {tally.refusal}" for tally in counted if tally.refusal]
    if refused:
        raise BadInputError(f"nothing was loaded, since {'; '.join(refused)}.")
