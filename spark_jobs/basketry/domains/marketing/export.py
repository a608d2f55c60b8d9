"""Hands the audience over to whoever calls and mails: files in an export folder. No call and no mail is made here."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.marketing.files import write_files
from basketry.domains.marketing.handover import file_rows, handed_over
from basketry.domains.marketing.job import closed_now, kept
from basketry.domains.marketing.settings import load_settings
from basketry.domains.marketing.withdrawals import IS_OPEN, open_audience
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse, declared_schema
from basketry.lake.report import JobReport
from basketry.tables import CUSTOMERS, HANDOVERS, MARKETING_AUDIENCE, OPT_OUTS


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Decide who is handed over as of --as-of and write the files; BadInputError when the day has no audience."""
    as_of: date = arguments.as_of
    known = audience_of(lake, as_of).count()
    if not known:
        raise BadInputError(f"catalog {lake.catalog} has no audience as of {as_of}: run the job audience first.")
    preferred = load_settings(lake.settings.include).preferred_channel
    with kept(open_now(lake, as_of)) as people:
        cut = people.where("is_cut").count()
        rows = handed_over(people.where(IS_OPEN), _earlier(lake), as_of, preferred)
        cut_line = f"{cut:,} withdrew a channel since the audience was made, or share one with who did: left out there"
        if arguments.dry_run:
            lines = (f"{rows.count():,} of {known:,} would be handed over", cut_line)
            return JobReport(known, 0, lines, as_of=as_of, details={"withdrawn_since": cut}, dry_run=True)
        lake.replace(HANDOVERS, rows, where=f"as_of = DATE'{as_of}'")
        manifest = _written(lake, people, as_of)
    count = int(str(manifest["customers"]))
    line = f"{count:,} of {known:,} handed over; the others were this week, share a number, have no call window or withdrew"
    return JobReport(
        known,
        count,
        (line, cut_line),
        as_of=as_of,
        details={"files": manifest["files"], "withdrawn_since": cut},
        input_versions=lake.versions(MARKETING_AUDIENCE, OPT_OUTS, CUSTOMERS),
    )


def audience_of(lake: Lakehouse, as_of: date) -> DataFrame:
    """gold.marketing_audience of a day."""
    return lake.read(MARKETING_AUDIENCE).where(F.col("as_of") == F.lit(as_of))


def export_folder(lake: Lakehouse, as_of: date) -> Path:
    """Where the files of a day go."""
    return lake.settings.export_folder(lake.catalog) / "marketing" / as_of.isoformat()


def open_now(lake: Lakehouse, as_of: date) -> DataFrame:
    """The audience of a day as of the withdrawals known now, see `withdrawals.open_audience`."""
    return open_audience(audience_of(lake, as_of), closed_now(lake))


def write_export(lake: Lakehouse, as_of: date) -> dict[str, object]:
    """Write a day's files from what is stored, without whom a withdrawal known now is of; returns the manifest."""
    return _written(lake, open_now(lake, as_of), as_of)


def rewrite_export(lake: Lakehouse, as_of: date, *, dry_run: bool) -> bool:
    """Write a day's files again, unless dry_run, if there are any; returns whether there are."""
    if not export_folder(lake, as_of).exists():
        return False
    if not dry_run:
        write_export(lake, as_of)
    return True


def _written(lake: Lakehouse, people: DataFrame, as_of: date) -> dict[str, object]:
    handovers = lake.read(HANDOVERS).where(F.col("as_of") == F.lit(as_of))
    return write_files(file_rows(handovers, people), export_folder(lake, as_of), lake.catalog, as_of)


def _earlier(lake: Lakehouse) -> DataFrame:
    if lake.exists(HANDOVERS):
        return lake.read(HANDOVERS)
    return lake.spark.createDataFrame([], declared_schema(HANDOVERS))
