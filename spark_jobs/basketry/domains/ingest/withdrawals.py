"""What follows a load: once opt-outs have changed, the lists that already left the house are written again without them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

from basketry.contracts import Contract, load_contract, select_contracts
from basketry.domains.ingest import job, replay
from basketry.errors import BadInputError
from basketry.jobs.ingest import IngestArguments, ReplayArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.tables import OPT_OUTS

RewriteExports = Callable[[Lakehouse], tuple[date, ...]]
"""Writes the files that are in use again where opt-outs have changed since; returns their days."""


def ingest(lake: Lakehouse, arguments: IngestArguments, rewrite_exports: RewriteExports) -> JobReport:
    """Load files, see `job.run`.

    Args:
        lake: The lakehouse.
        arguments: The job's.
        rewrite_exports: Of the domain that hands audiences over.
    """
    contracts = select_contracts(lake.catalog, arguments.feed, lake.settings.include)
    try:
        report = job.run(lake, arguments)
    except BadInputError:  # a refused file stops no other: who opted out in a good one is not handed out any more
        if not (arguments.refusals_only or arguments.dry_run) and _are_opt_outs(contracts):
            rewrite_exports(lake)
        raise
    return report if arguments.refusals_only else _followed(lake, report, contracts, rewrite_exports)


def replay_quarantine(lake: Lakehouse, arguments: ReplayArguments, rewrite_exports: RewriteExports) -> JobReport:
    """Validate a feed's quarantined rows again, see `replay.run`.

    Args:
        lake: The lakehouse.
        arguments: The job's.
        rewrite_exports: Of the domain that hands audiences over.
    """
    report = replay.run(lake, arguments)
    contract = load_contract(lake.catalog, arguments.feed, lake.settings.include)
    return _followed(lake, report, (contract,), rewrite_exports)


def _followed(
    lake: Lakehouse, report: JobReport, contracts: Iterable[Contract], rewrite_exports: RewriteExports
) -> JobReport:
    """Write the files again also where nothing is new: the run that loaded the opt-outs may have been killed before this."""
    if report.dry_run or not _are_opt_outs(contracts):
        return report
    days = rewrite_exports(lake)
    if not days:
        return report
    line = f"hand-over files of {', '.join(map(str, days))} written again without who has opted out since"
    return replace(report, summary=(*report.summary, line))


def _are_opt_outs(contracts: Iterable[Contract]) -> bool:
    return OPT_OUTS.full_name in {contract.entity.full_name for contract in contracts}
