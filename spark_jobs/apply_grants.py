"""Makes Unity Catalog's grants what include/grants says; --dry-run shows the plan and what was granted by hand."""

from __future__ import annotations

from basketry.domains.privacy.grants_job import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("apply_grants", __doc__, dated=False)
parser.add_argument("--revoke-by-hand", action="store_true", help="also revoke what somebody granted by hand")

if __name__ == "__main__":
    job_main(parser, run)
