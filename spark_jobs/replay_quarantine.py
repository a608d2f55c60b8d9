"""Puts quarantined rows of a feed through today's contract; those that now pass leave quarantine."""

from __future__ import annotations

from basketry.domains.ingest.replay import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("replay_quarantine", __doc__, dated=False, locks=("ingest {feed}",))
parser.add_argument("--feed", required=True, help="which feed: the name of its contract")

if __name__ == "__main__":
    job_main(parser, run)
