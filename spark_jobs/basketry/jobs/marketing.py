"""The jobs of marketing: the audience of a day, and the files that are handed over."""

from __future__ import annotations

from basketry.jobs.declare import DatedArguments, Job
from basketry.jobs.libraries import CALAMINE, CALLS, MLFLOW

AUDIENCE = Job(
    name="audience",
    description="Makes the marketing audience of a day: who may be contacted when, what they buy, which cluster they are in.",
    arguments=DatedArguments,
    entry="basketry.domains.marketing.job:run",
    libraries=(*CALLS, MLFLOW),
)

EXPORT_AUDIENCE = Job(
    name="export_audience",
    description="Hands the marketing audience of a day over: a file for each call window and channel, and a manifest. Makes no"
    " call.",
    arguments=DatedArguments,
    entry="basketry.domains.marketing.export:run",
    libraries=(CALAMINE, *CALLS),
)
