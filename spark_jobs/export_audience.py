"""Hands the marketing audience of a day over: a file for each call window and channel, and a manifest. Makes no call."""

from __future__ import annotations

from basketry.domains.marketing.export import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("export_audience", __doc__, dated=True)

if __name__ == "__main__":
    job_main(parser, run)
