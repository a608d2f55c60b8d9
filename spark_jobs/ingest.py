"""Loads delivered files of one feed or of every feed: bad rows are set aside with reasons, good ones reach silver."""

from __future__ import annotations

from basketry.domains.ingest.job import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("ingest", __doc__, dated=False, locks=("ingest {feed}",))
parser.add_argument("--feed", required=True, help="which feed: the name of its contract, * for every feed")
parser.add_argument("--files", default="*", help="names or patterns in the feed's landing folder, separated by commas")
parser.add_argument("--force", action="store_true", help="load files again that are already loaded")
parser.add_argument(
    "--refusals-only", action="store_true", help="load nothing: note in ops.files which files cannot be loaded, and why"
)
parser.add_argument("--delivered-by", help="who delivered the files, kept in ops.files")

if __name__ == "__main__":
    job_main(parser, run)
