"""Makes a challenger the champion, keeps a refusal, or rolls back; two promotions at once cannot both win."""

from __future__ import annotations

from basketry.domains.promotion.job import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("promote", __doc__, dated=False)
parser.add_argument("--model", required=True, help="which kind of model, e.g. propensity")
parser.add_argument("--challenger", help="the version that was judged")
parser.add_argument("--expected-champion", help="the champion it was compared with; nothing when there was none")
parser.add_argument(
    "--verdict", choices=("promote", "provisional", "refuse"), help="what the gate, or who was asked, says"
)
parser.add_argument("--rollback-to", metavar="VERSION", help="instead of a verdict: previous, or a version")
parser.add_argument("--decided-by", required=True, help="gate, or the user who decided")
parser.add_argument("--decided-at", required=True, help="when the deciding run began, 2026-01-31T09:30:00+00:00")
parser.add_argument("--reason", required=True, help="one sentence; kept in ops.promotions")

if __name__ == "__main__":
    job_main(parser, run)
