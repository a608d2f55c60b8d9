"""Compacts small files of a catalog's tables and deletes those that no kept version needs."""

from __future__ import annotations

from basketry.domains.maintenance.job import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("maintenance", __doc__, dated=False)

if __name__ == "__main__":
    job_main(parser, run)
