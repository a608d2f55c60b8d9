"""Makes the marketing audience of a day: who may be contacted when, what they buy, which cluster they are in."""

from __future__ import annotations

from basketry.entry import job_main, job_parser
from basketry.marketing.job import run

parser = job_parser("audience", __doc__, dated=True)

if __name__ == "__main__":
    job_main(parser, run)
