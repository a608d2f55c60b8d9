"""Hands the audience over to whoever calls and mails: files in an export folder. No call and no mail is made here."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.marketing.files import opt_outs_version_of, write_files
from basketry.domains.marketing.handover import choose_handovers, file_rows
from basketry.domains.marketing.job import read_closed_channels
from basketry.domains.marketing.settings import load_settings
from basketry.domains.marketing.withdrawals import IS_OPEN, open_audience
from basketry.errors import BadInputError
from basketry.jobs import DatedArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.tables import CUSTOMERS, HANDOVERS, MARKETING_AUDIENCE, OPT_OUTS

DAYS_IN_USE = 7
"""Days from a hand-over on which its files are called and mailed from."""


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """Decide who is handed over as of --as-of and write the files.

    Raises:
        BadInputError: The day has no audience.
    """
    as_of: date = arguments.as_of
    audience_size = audience_of(lake, as_of).count()
    if not audience_size:
        raise BadInputError(f"catalog {lake.catalog} has no audience as of {as_of}: run the job audience first.")
    preferred = load_settings(lake.settings.include).preferred_channel
    version = lake.version(OPT_OUTS)  # before the rows are read: files may heed more than it, never less
    with lake.cached(read_open_audience(lake, as_of)) as people:
        cut = people.where("is_cut").count()
        rows = choose_handovers(people.where(IS_OPEN), lake.read_or_empty(HANDOVERS), as_of, preferred)
        cut_line = f"{cut:,} withdrew a channel since the audience was made, or share one with who did: left out there"
        if arguments.dry_run:
            lines = (f"{rows.count():,} of {audience_size:,} would be handed over", cut_line)
            return JobReport(
                rows_in=audience_size,
                rows_out=0,
                summary=lines,
                as_of=as_of,
                details={"withdrawn_since": cut},
                dry_run=True,
            )
        lake.replace_day(HANDOVERS, rows, as_of)
        manifest = _write_files(lake, people, as_of, version)
    count = int(str(manifest["customers"]))
    line = f"{count:,} of {audience_size:,} handed over; the others were this week, share a number, have no call window or withdrew"
    return JobReport(
        rows_in=audience_size,
        rows_out=count,
        summary=(line, cut_line),
        as_of=as_of,
        details={"files": manifest["files"], "withdrawn_since": cut},
        input_versions=lake.versions(MARKETING_AUDIENCE, OPT_OUTS, CUSTOMERS),
    )


def audience_of(lake: Lakehouse, as_of: date) -> DataFrame:
    """Read gold.marketing_audience of a day."""
    return lake.read(MARKETING_AUDIENCE).where(F.col("as_of") == F.lit(as_of))


def export_folder(lake: Lakehouse, as_of: date) -> Path:
    """Return the folder of a day's files."""
    return lake.settings.export_folder(lake.catalog) / "marketing" / as_of.isoformat()


def read_open_audience(lake: Lakehouse, as_of: date) -> DataFrame:
    """Read the audience of a day as of the withdrawals known now, see `withdrawals.open_audience`."""
    return open_audience(audience_of(lake, as_of), read_closed_channels(lake))


def write_export(lake: Lakehouse, as_of: date) -> dict[str, object]:
    """Write a day's files from what is stored, without customers who have withdrawn by now; returns the manifest."""
    version = lake.version(OPT_OUTS)
    return _write_files(lake, read_open_audience(lake, as_of), as_of, version)


def rewrite_export(lake: Lakehouse, as_of: date, *, dry_run: bool) -> bool:
    """Write a day's files again if there are any, unless dry_run; returns whether there are any."""
    if not export_folder(lake, as_of).exists():
        return False
    if not dry_run:
        write_export(lake, as_of)
    return True


def rewrite_outdated(lake: Lakehouse) -> tuple[date, ...]:
    """Write the files that are in use again if opt-outs have changed since; returns their days.

    In use are those of the newest day and of the six before it: a hand-over is for seven days.
    """
    version = lake.version(OPT_OUTS)
    folder = lake.settings.export_folder(lake.catalog) / "marketing"
    days = [date.fromisoformat(path.name) for path in folder.iterdir()] if folder.is_dir() else []
    in_use = sorted(day for day in days if (max(days) - day).days < DAYS_IN_USE)
    outdated = tuple(day for day in in_use if opt_outs_version_of(export_folder(lake, day)) != version)
    for day in outdated:
        write_export(lake, day)
    return outdated


def _write_files(lake: Lakehouse, people: DataFrame, as_of: date, opt_outs_version: int | None) -> dict[str, object]:
    handovers = lake.read(HANDOVERS).where(F.col("as_of") == F.lit(as_of))
    rows, folder = file_rows(handovers, people), export_folder(lake, as_of)
    return write_files(rows, folder, lake.catalog, as_of, opt_outs_version=opt_outs_version)
