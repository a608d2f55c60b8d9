"""The jobs that load delivered files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from basketry.jobs.declare import Argument, Job, JobArguments
from basketry.jobs.libraries import CALAMINE, CALLS


@dataclass(frozen=True, kw_only=True)
class IngestArguments(JobArguments):
    """The arguments of the job that loads files."""

    feed: Annotated[str, Argument(help="which feed: the name of its contract, * for every feed", title="Feed")]
    files: Annotated[
        str,
        Argument(
            help="names or patterns in the feed's landing folder, separated by commas",
            title="Files",
            description="Which files of the feed's landing folder: a pattern, several separated by commas.",
            limits={"minLength": 1},
        ),
    ] = "*"
    force: Annotated[
        bool,
        Argument(
            help="load files again that are already loaded",
            title="Load even if already loaded",
            description="Load files even if their content was loaded before; each becomes the newest of its day.",
        ),
    ] = False
    refusals_only: Annotated[
        bool, Argument(help="load nothing: note in ops.files which files cannot be loaded, and why")
    ] = False
    delivered_by: Annotated[
        str | None,
        Argument(
            help="who delivered the files, kept in ops.files",
            title="Delivered by",
            description="Who delivered the files; kept in ops.files.",
            limits={"maxLength": 100},
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ReplayArguments(JobArguments):
    """The arguments of the job that validates quarantined rows again."""

    feed: Annotated[str, Argument(help="which feed: the name of its contract", title="Feed")]
    release: Annotated[
        bool,
        Argument(
            help="let rows pass that share a telephone number or an address with somebody forgotten: they are other people",
            title="Release held rows",
        ),
    ] = False


INGEST = Job(
    name="ingest",
    description="Loads delivered files of one feed or of every feed: bad rows are set aside with reasons, good ones reach silver.",
    arguments=IngestArguments,
    entry="basketry.domains.ingest.withdrawals:ingest",
    libraries=(CALAMINE, *CALLS),
    needs={"rewrite_exports": "basketry.domains.marketing.export:rewrite_outdated"},
    locks=("ingest {feed}",),
)

REPLAY_QUARANTINE = Job(
    name="replay_quarantine",
    description="Puts quarantined rows of a feed through today's contract; those that now pass leave quarantine.",
    arguments=ReplayArguments,
    entry="basketry.domains.ingest.withdrawals:replay_quarantine",
    libraries=(CALAMINE, *CALLS),
    needs={"rewrite_exports": "basketry.domains.marketing.export:rewrite_outdated"},
    locks=("ingest {feed}",),
)
