"""How the rows of an answer are best drawn."""

from __future__ import annotations

from basketry.ask.model import Chart
from basketry.ask.request import Request


def chart_of(request: Request, names: tuple[str, ...], ranked_by: str) -> Chart:
    """Return the chart of a request's rows.

    Args:
        request: What is asked for.
        names: The columns that are numbers, in order.
        ranked_by: The one of them by which the rows are ordered.
    """
    if not names or request.listing:
        return Chart("table")
    drawn = names[:2] if request.before else (ranked_by,)
    if request.bucket:
        series = request.groups[0].name if request.groups else None
        return Chart("line", request.bucket, drawn, series)
    if not request.groups:
        return Chart("number", y=names)
    return Chart("bar", request.groups[0].name, drawn) if len(request.groups) == 1 else Chart("table")
