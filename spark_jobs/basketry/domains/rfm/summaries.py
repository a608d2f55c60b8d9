"""Profiles of segments and moves between them, from a few sums that Spark has made. Plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from basketry.domains.rfm.values import VALUES
from basketry.tables import GONE, NEW, VIEWS

Row = Mapping[str, Any]

EXPECTED = ("expected_purchases_90d", "expected_spend_90d")
OUTCOMES = ("repurchase_rate_90d", "spend_90d")
_COLUMN = dict(zip(VIEWS, ("segment", "cluster"), strict=True))
_MEANS = (*VALUES, *EXPECTED, *OUTCOMES)


def profiles(sums: Iterable[Row], treatments: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Rows of gold.rfm_profiles without as_of. sums: from `core.segment_sums`; what is unknown of all stays unknown.

    A cluster is treated as the named segment that most of its customers have.
    """
    rows = list(sums)
    everybody = sum(row["customers"] for row in rows)
    revenue = sum((row["revenue"] for row in rows), Decimal(0))
    for view, column in _COLUMN.items():
        for label, members in sorted(_grouped(rows, column).items()):
            mostly = _mostly(members)
            customers = sum(row["customers"] for row in members)
            spent = sum((row["revenue"] for row in members), Decimal(0))
            yield {
                "view": view,
                "segment": label,
                "mostly": mostly,
                "customers": customers,
                "share_of_customers": customers / everybody,
                "revenue": spent,
                "share_of_revenue": float(spent / revenue),
                **{name: _mean(members, name, customers) for name in _MEANS},
                "treatment": treatments.get(mostly, ""),
                "model_version": members[0]["model_version"],
            }


def _grouped(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[str(row[column])].append(row)
    return found


def _mostly(members: Iterable[Row]) -> str:
    """The named segment of most customers; of equally many the first by name."""
    counted: Counter[str] = Counter()
    for row in members:
        counted[row["segment"]] += row["customers"]
    return min(counted, key=lambda name: (-counted[name], name))


def _mean(members: Iterable[Row], name: str, customers: int) -> float | None:
    known = [row[name] for row in members if row[name] is not None]
    return sum(known) / customers if known else None


def moves(paths: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Rows of gold.rfm_migration without the dates: both views. paths: from `core.paths`.

    Rows of a from_segment add up to its customers on the earlier day, those of a to_segment to its customers now.
    """
    rows = list(paths)
    for view, column in _COLUMN.items():
        sums: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
        for row in rows:
            before, after = row[f"from_{column}"], row[f"to_{column}"]
            path = sums[NEW if before is None else str(before), GONE if after is None else str(after)]
            for place, name in enumerate(("customers", "revenue_before", "revenue_after")):
                path[place] += row[name]
        for (before, after), (customers, was, now) in sorted(sums.items()):
            yield {
                "view": view,
                "from_segment": before,
                "to_segment": after,
                "customers": customers,
                "revenue_before": was,
                "revenue_after": now,
            }
