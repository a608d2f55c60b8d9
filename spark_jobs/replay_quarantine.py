"""Puts quarantined rows of a feed through today's contract; those that now pass leave quarantine."""

from __future__ import annotations

from basketry.entry import job_main, job_parser
from basketry.ingest.replay import run

parser = job_parser("replay_quarantine", __doc__, dated=False, turns=("ingest {feed}",))
parser.add_argument("--feed", required=True, help="which feed: the name of its contract")

if __name__ == "__main__":
    job_main(parser, run)
