"""The ledger of delivered files (ops.files): which files are loaded, and what became of every row."""

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
from basketry.retail.suppression import HELD_BACK, THEIRS
from basketry.tables import FILES

_FIXES = {
    "unknown_value": "map it by valueMap to a word of docs/data-model.md",
    "wrong_sign": "write what comes back with a minus: -quantity, -amount",
    "out_of_range": "convert it to the range of docs/data-model.md",
}
"""What a contract can do about the most frequent reason against a refused file, by the code of the reason."""
_TEXTS_SHOWN = 5
_FEWEST_OF_PEOPLE = 5
"""In a feed with personal data, a text that stands in fewer rows is counted and not shown."""


@dataclass(kw_only=True)
class FileTally:
    """What became of the rows of a file: good, quarantined and duplicate rows add up to the rows read.

    Attributes:
        file: the file.
        good: the number of rows that reach silver.
        quarantined: the number of rows set aside.
        held_back: the number of those that were set aside for somebody forgotten alone: nothing is wrong with the file.
        duplicate: the number of rows whose key the file delivers again further down.
        warned: the number of good rows with a warning.
        older: the number of good rows that silver holds in a newer version.
        contradicting: the number of good rows to which another file of the very same times gives other values.
        reasons: the number of rows by reason or warning.
        texts: by reason, the texts that no closed list of words understands, and how often each stands in the file.
        first_day: the first business day of a good row.
        last_day: the last business day of a good row.
        refusal: why the file was refused; None if it was not.
    """

    file: DeliveredFile
    good: int = 0
    quarantined: int = 0
    held_back: int = 0
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
        """Return the tally of a file that was not loaded; the reason is that of the error, without the file's name."""
        reason = re.sub(rf"^{re.escape(file.name)}[:,] ", "", error.message)
        return cls(file=file, refusal=reason.removesuffix("."))

    @property
    def read(self) -> int:
        """The number of rows read."""
        return self.good + self.quarantined + self.duplicate

    def add(self, row: Row) -> None:
        """Add a line of `core.count_outcomes`."""
        self.reasons.update(dict.fromkeys([*row._reasons, *row._warnings], row.rows))
        if row._reasons:
            self.quarantined += row.rows
            self.held_back += row.rows if set(row._reasons) <= {HELD_BACK, THEIRS} else 0
        elif row._duplicate:
            self.duplicate += row.rows
        else:
            self.good += row.rows
            self.warned += row.rows if row._warnings else 0
            self.first_day = min(filter(None, (self.first_day, row.first_day)), default=None)
            self.last_day = max(filter(None, (self.last_day, row.last_day)), default=None)

    def describe_reason(self, reason: str) -> str:
        """Describe a reason with its rows and, for a closed list of words, its texts: `status:unknown_value 2 ('draft' 2)`."""
        shown = self.texts.get(reason, Counter[str]()).most_common(_TEXTS_SHOWN)
        rest = self.reasons[reason] - sum(count for _, count in shown)
        parts = [f"'{text}' {count:,}" for text, count in shown] + ([f"others {rest:,}"] if rest and shown else [])
        return f"{reason} {self.reasons[reason]:,}" + (f" ({', '.join(parts)})" if parts else "")

    def describe(self) -> str:
        """Describe the file and its rows in a line for people."""
        status = f"refused: {self.refusal}" if self.refusal else f"{self.good:,} good, {self.quarantined:,} quarantined"
        reasons = ", ".join(self.describe_reason(name) for name, _ in self.reasons.most_common())
        counts = f"{self.read:,} rows read, {status}, {self.duplicate:,} duplicate"
        if self.older:
            counts += f", {self.older:,} older than what is stored"
        if self.contradicting:
            counts += f", {self.contradicting:,} contradict another file of the same day and time"
        return f"{self.file.name}: {counts}" + (f" ({reasons})" if reasons else "")


def tally_files(
    files: Sequence[DeliveredFile], lines: Iterable[Row], contract: Contract, texts: Iterable[Row] = ()
) -> list[FileTally]:
    """Tally the rows of every file; a file with more bad rows than its contract allows gets a refusal.

    Args:
        files: the files.
        lines: lines of `core.count_outcomes`.
        contract: the contract of their feed.
        texts: lines of `table_rules.count_unknown_texts`.
    """
    by_checksum = {file.checksum: FileTally(file=file) for file in files}
    for line in lines:
        by_checksum[line._file_checksum].add(line)
    is_personal = any(column.pii for column in contract.delivered)
    for text in texts:
        # In a row whose values have shifted a rare word may be somebody's name: reports are kept.
        if is_personal and text.rows < _FEWEST_OF_PEOPLE:
            continue
        by_checksum[text._file_checksum].texts.setdefault(text.reason, Counter())[text.text] += text.rows
    for tally in by_checksum.values():
        allowed = contract.max_rejected_share
        bad = tally.quarantined - tally.held_back
        if bad > allowed * tally.read:
            share = bad / tally.read
            most = tally.reasons.most_common(1)[0][0]
            fix = _FIXES.get(most.split(":")[-1])
            shown = tally.describe_reason(most) if most in tally.texts else most
            tally.refusal = (
                f"{share:.1%} of its rows are bad (most: {shown}), its contract allows {allowed:.1%}; "
                f"mend the file, or correct {contract.path.name}" + (f" ({fix})" if fix else "")
            )
    return list(by_checksum.values())


def record_files(
    lake: Lakehouse, contract: Contract, tallies: Sequence[FileTally], *, run_id: str, delivered_by: str | None
) -> None:
    """Write the files' entries to ops.files; an entry that a file has already is replaced."""
    rows = [_ledger_row(tally, contract, run_id, delivered_by) for tally in tallies]
    lake.record(FILES, rows, where=f"feed = '{contract.feed}' AND {in_list('file_checksum', tallies)}")


def in_list(column: str, tallies: Sequence[FileTally]) -> str:
    """Return the SQL condition that the column holds the checksum of one of these files."""
    return f"{column} IN ({', '.join(map(_text_literal, sorted({tally.file.checksum for tally in tallies})))})"


def _text_literal(text: str) -> str:
    """Write a SQL literal; what stands for the checksum of a file that cannot be read holds its name."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


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


def raise_if_refused(tallies: Sequence[FileTally], *, others_loaded: bool) -> None:
    """Fail the run if one of its files is refused.

    Args:
        tallies: the tallies of all files of the run.
        others_loaded: whether files that are not refused were loaded.

    Raises:
        BadInputError: with the name of every refused file.
    """
    refused = [f"{tally.file.name}: {tally.refusal}" for tally in tallies if tally.refusal]
    if not refused:
        return
    loaded = len(tallies) - len(refused) if others_loaded else 0
    outcome = f"{loaded} files were loaded, but not all" if loaded else "nothing was loaded"
    raise BadInputError(f"{outcome}, since {'; '.join(refused)}.")
