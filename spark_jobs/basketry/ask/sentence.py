"""The question as it was understood, in words that leave nothing open: shown with every answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from basketry.ask.request import Bound, Filter, Request
from basketry.metrics.model import SNAPSHOTS

_WORDS = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}


def describe_request(request: Request, today: date, as_of: date | None) -> str:
    """One sentence, without its full stop."""
    return ", ".join(_parts(request, today, as_of))


def _parts(request: Request, today: date, as_of: date | None) -> Iterator[str]:
    yield _measured(request)
    yield from (_filtered(one) for one in request.filters)
    yield from (_bounded(one, request) for one in request.bounds)
    if request.horizon:
        yield f"in the next {request.horizon} days"
    if request.cube.kind != SNAPSHOTS:
        yield str(request.period.until(today)) if request.period else f"all days up to {today}"
    elif as_of:
        yield f"as of {as_of}"
    if request.before:
        yield f"compared with {request.before}"
        if request.lacking:
            yield f"without a change because {request.lacking}"
    if request.top:
        yield (
            f"the {'highest' if request.descending else 'lowest'} {request.top}"
            if request.top > 1
            else ("the highest" if request.descending else "the lowest")
        )


def _measured(request: Request) -> str:
    groups = [one.label for one in request.groups]
    by = " and ".join([*([request.bucket] if request.bucket else []), *groups])
    if request.listing:
        return f"each {groups[0]} with its {', '.join([*groups[1:], *(one.label for one in request.measures)])}"
    names = [one.label for one in request.measures]
    if request.counted:
        names.insert(0, f"number of different values of {request.counted.label}")
    what = " and ".join(names)
    if request.share:
        what = f"{what} and its share of the total"
    if request.growth:
        what = f"growth of {what}"
    return f"{what} by {by}" if by else what


def _filtered(one: Filter) -> str:
    return f"{'without' if one.excluded else 'only'} {one.dimension.label} {' or '.join(one.members)}"


def _bounded(one: Bound, request: Request) -> str:
    what = one.measure.label if one.measure else "growth" if request.before else "share"
    number = f"{one.number:g}" if one.measure and one.measure.unit != "share" else f"{one.number:.4g}"
    return f"{what} {_WORDS[one.operator]} {number}"
