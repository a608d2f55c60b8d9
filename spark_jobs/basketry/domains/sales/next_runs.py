"""Says which tables and dates the next runs would rewrite: files waiting to be loaded, then sales. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pyspark.sql import functions as F

from basketry.contracts import Contract, load_contracts
from basketry.domains.sales.plan import Rewrite, plan_sales
from basketry.errors import BadInputError
from basketry.files import FoundFiles, inspect_file, search_files
from basketry.files.names import shown_name
from basketry.jobs import DatedArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.tables import FILES

Line = tuple[str, str, str]
HEAD: Line = ("job", "would rewrite", "because")


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """List each delivered file that is not loaded and each sales table with touched periods, one line each."""
    lines = [*_waiting_files(lake), *_sales(lake, arguments)]
    if not lines:
        lines = [("", "nothing", f"every delivered file is loaded and sales are up to date as of {arguments.as_of}")]
    return JobReport(rows_in=0, rows_out=0, summary=_aligned([HEAD, *lines]), as_of=arguments.as_of, dry_run=True)


def _waiting_files(lake: Lakehouse) -> Iterator[Line]:
    loaded = _loaded(lake)
    for feed, contract in load_contracts(lake.catalog, lake.settings.include).items():
        files = _delivered(lake, contract)
        for path, error in files.refused:
            yield _refused_line(path, contract, error)
        for path in files.paths:
            yield from _file_line(path, contract, loaded.get(feed, set()))


def _loaded(lake: Lakehouse) -> dict[str, set[str]]:
    if not lake.exists(FILES):
        return {}
    rows = lake.read(FILES).where("status = 'loaded'").groupBy("feed").agg(F.collect_set("file_checksum").alias("sums"))
    return {row.feed: set(row.sums) for row in rows.collect()}


def _delivered(lake: Lakehouse, contract: Contract) -> FoundFiles:
    try:
        return search_files(lake.settings.landing_folder(lake.catalog, contract.feed), "*", contract)
    except BadInputError:
        return FoundFiles([], [])  # nothing delivered is nothing to do, not a mistake


def _file_line(path: Path, contract: Contract, loaded: set[str]) -> Iterator[Line]:
    tables = f"bronze.{contract.feed}, {contract.entity.full_name}"
    try:
        checksum = inspect_file(path, contract).checksum
    except BadInputError as error:
        yield _refused_line(path, contract, error)
        return
    if checksum not in loaded:
        yield f"ingest {contract.feed}", tables, f"{path.name} is not loaded; its dates are known once it is read"


def _refused_line(path: Path, contract: Contract, error: BadInputError) -> Line:
    return f"ingest {contract.feed}", "nothing", f"{shown_name(path.name)} would be refused: {error.message}"


def _sales(lake: Lakehouse, arguments: DatedArguments) -> Iterator[Line]:
    try:
        plan = plan_sales(lake, arguments.as_of)
    except BadInputError as error:
        yield "sales", "nothing yet", error.message
        return
    for rewrite in plan.rewrites:
        if rewrite.periods != ():
            yield "sales", rewrite.describe(), _reason(rewrite)


def _reason(rewrite: Rewrite) -> str:
    if rewrite.periods is None:
        return "first run, or the history of a table it reads is gone"
    return "lines, products or reviews changed, or the period ended, since the last run"


def _aligned(lines: list[Line]) -> tuple[str, ...]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    padded = ([text.ljust(width) for text, width in zip(line, widths, strict=True)] for line in lines)
    return tuple("  ".join(texts).rstrip() for texts in padded)
