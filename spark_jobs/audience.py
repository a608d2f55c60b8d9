"""Makes the marketing audience of a day: who may be contacted when, what they buy, which cluster they are in."""

from __future__ import annotations

from basketry.domains.marketing.job import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("audience", __doc__, dated=True)

if __name__ == "__main__":
    job_main(parser, run)
