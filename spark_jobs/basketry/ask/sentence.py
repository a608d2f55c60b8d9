"""The question as it was understood, in words that leave nothing open: shown with every answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from basketry.ask.request import Bound, Filter, Request
from basketry.metrics.model import SNAPSHOTS

_WORDS = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}


def describe_request(request: Request, today: date, as_of: date | None) -> str:
    """Describe a request in one sentence, without its full stop."""
    return ", ".join(_parts(request, today, as_of))


def _parts(request: Request, today: date, as_of: date | None) -> Iterator[str]:
    yield _measured(request)
    yield from (_filtered(condition) for condition in request.filters)
    yield from (_bounded(bound, request) for bound in request.bounds)
    if request.horizon:
        yield f"in the next {request.horizon} days"
    if request.cube.kind != SNAPSHOTS:
        yield str(request.period.until(today)) if request.period else f"all days up to {today}"
    elif as_of:
        yield f"as of {as_of}"
    if request.before:
        yield f"compared with {request.before}"
        if request.no_change_reason:
            yield f"without a change because {request.no_change_reason}"
    if request.top:
        end = "highest" if request.descending else "lowest"
        yield f"the {end} {request.top}" if request.top > 1 else f"the {end}"


def _measured(request: Request) -> str:
    groups = [dimension.label for dimension in request.groups]
    by = " and ".join([*([request.bucket] if request.bucket else []), *groups])
    if request.listing:
        return f"each {groups[0]} with its {', '.join([*groups[1:], *(measure.label for measure in request.measures)])}"
    names = [measure.label for measure in request.measures]
    if request.counted:
        names.insert(0, f"number of different values of {request.counted.label}")
    what = " and ".join(names)
    if request.share:
        what = f"{what} and its share of the total"
    if request.growth:
        what = f"growth of {what}"
    return f"{what} by {by}" if by else what


def _filtered(condition: Filter) -> str:
    return f"{'without' if condition.excluded else 'only'} {condition.dimension.label} {' or '.join(condition.members)}"


def _bounded(bound: Bound, request: Request) -> str:
    what = bound.measure.label if bound.measure else "growth" if request.before else "share"
    number = f"{bound.number:g}" if bound.measure and bound.measure.unit != "share" else f"{bound.number:.4g}"
    return f"{what} {_WORDS[bound.operator]} {number}"
