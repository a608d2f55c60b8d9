"""`python -m tools.demo --out <landing/demo> --end 2026-11-20`: deliver the demo retailer's files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from basketry.errors import BAD_INPUT_EXIT, BadInputError
from tools.demo.delivery import deliver
from tools.demo.manifest import Manifest


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder that gets <feed>/<files> and manifest.json")
    parser.add_argument("--end", type=date.fromisoformat, required=True, help="last day, YYYY-MM-DD")
    parser.add_argument("--start", type=date.fromisoformat, help="first day; keep it to grow a demo day by day")
    parser.add_argument("--seed", type=int, default=7, help="same seed, start and end: same bytes (default 7)")
    parser.add_argument("--scale", type=float, default=1.0, help="1 gives about 350,000 order lines (default 1)")
    parser.add_argument(
        "--weeks", type=int, default=92, help="weeks back from the end when there is no --start (default 92)"
    )
    return parser.parse_args(argv)


def _summary(manifest: Manifest) -> str:
    lines = [f"{'feed':<18}{'files':>6}{'rows':>10}{'good':>10}{'quarantine':>12}{'duplicate':>11}"]
    for feed in dict.fromkeys(file.feed for file in manifest.files):
        count = manifest.counts(feed)
        files = sum(file.feed == feed for file in manifest.files)
        lines.append(
            f"{feed:<18}{files:>6}{count.rows:>10}{count.good:>10}{count.quarantined:>12}{count.duplicate:>11}"
        )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Deliver and print what was delivered; exit code 65 and one sentence for arguments that cannot be."""
    arguments = _parse_arguments(argv)
    try:
        manifest = deliver(**vars(arguments))
    except BadInputError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT_EXIT
    print(f"{manifest.start} to {manifest.end}, seed {manifest.seed}, scale {manifest.scale:g}\n{_summary(manifest)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
