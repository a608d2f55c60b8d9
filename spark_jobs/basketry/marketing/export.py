"""Hands the audience over to whoever calls and mails: files in an export folder. No call and no mail is made here."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.errors import BadInputError
from basketry.lakehouse import Lakehouse, declared_schema
from basketry.marketing.files import write_files
from basketry.marketing.handover import file_rows, handed_over
from basketry.marketing.settings import load_settings
from basketry.report import JobReport
from basketry.tables import HANDOVERS, MARKETING_AUDIENCE


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Decide who is handed over as of --as-of and write the files; BadInputError when the day has no audience."""
    as_of: date = arguments.as_of
    people = audience_of(lake, as_of)
    known = people.count()
    if not known:
        raise BadInputError(f"catalog {lake.catalog} has no audience as of {as_of}: run the job audience first.")
    preferred = load_settings(lake.settings.include).preferred_channel
    rows = handed_over(people, _earlier(lake), as_of, preferred)
    if arguments.dry_run:
        count = rows.count()
        return JobReport(known, 0, (f"{count:,} of {known:,} would be handed over",), as_of=as_of, dry_run=True)
    lake.replace(HANDOVERS, rows, where=f"as_of = DATE'{as_of}'")
    manifest = write_export(lake, as_of)
    count = int(str(manifest["customers"]))
    line = f"{count:,} of {known:,} handed over; the others were this week, share a number or have no call window"
    return JobReport(
        known, count, (line,), as_of=as_of, details={"files": manifest["files"]},
        input_versions={MARKETING_AUDIENCE.full_name: lake.version(MARKETING_AUDIENCE) or 0},
    )  # fmt: skip


def audience_of(lake: Lakehouse, as_of: date) -> DataFrame:
    """gold.marketing_audience of a day."""
    return lake.read(MARKETING_AUDIENCE).where(F.col("as_of") == F.lit(as_of))


def export_folder(lake: Lakehouse, as_of: date) -> Path:
    """Where the files of a day go."""
    return lake.settings.export_folder(lake.catalog) / "marketing" / as_of.isoformat()


def write_export(lake: Lakehouse, as_of: date) -> dict[str, object]:
    """Write a day's files from what is stored; returns the manifest."""
    handovers = lake.read(HANDOVERS).where(F.col("as_of") == F.lit(as_of))
    return write_files(file_rows(handovers, audience_of(lake, as_of)), export_folder(lake, as_of), lake.catalog, as_of)


def _earlier(lake: Lakehouse) -> DataFrame:
    if lake.exists(HANDOVERS):
        return lake.read(HANDOVERS)
    return lake.spark.createDataFrame([], declared_schema(HANDOVERS))
