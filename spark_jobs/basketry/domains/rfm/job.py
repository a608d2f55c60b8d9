"""The job of segments: it assigns them, or with --fit learns them."""

from __future__ import annotations

from basketry.jobs.rfm import RfmArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport


def run(lake: Lakehouse, arguments: RfmArguments) -> JobReport:
    """Assign segments, or with --fit register a challenger that its gate may let assign them."""
    # Only here: what fits loads a second of libraries that assigning can do without.
    if arguments.fit:
        from basketry.domains.rfm.train import run as fit

        return fit(lake, arguments)
    from basketry.domains.rfm.score import run as assign

    return assign(lake, arguments)
