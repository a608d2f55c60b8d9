"""Profiles of segments and migration between them, from a few sums that Spark has made. Plain Python."""

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


def profile_rows(sums: Iterable[Row], treatments: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of gold.rfm_profiles without as_of.

    A cluster is treated as the named segment that most of its customers have.

    Args:
        sums: The result of `core.segment_sums`; what is unknown of all its rows stays unknown.
        treatments: The treatment of each named segment.
    """
    rows = list(sums)
    all_customers = sum(row["customers"] for row in rows)
    revenue = sum((row["revenue"] for row in rows), Decimal(0))
    for view, column in _COLUMN.items():
        for label, members in sorted(_by_label(rows, column).items()):
            mostly = _commonest_segment(members)
            customers = sum(row["customers"] for row in members)
            spent = sum((row["revenue"] for row in members), Decimal(0))
            yield {
                "view": view,
                "segment": label,
                "mostly": mostly,
                "customers": customers,
                "share_of_customers": customers / all_customers,
                "revenue": spent,
                "share_of_revenue": float(spent / revenue),
                **{name: _mean(members, name, customers) for name in _MEANS},
                "treatment": treatments.get(mostly, ""),
                "model_version": members[0]["model_version"],
            }


def _by_label(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[str(row[column])].append(row)
    return groups


def _commonest_segment(members: Iterable[Row]) -> str:
    """Return the named segment of most customers; of equally many the first by name."""
    customers: Counter[str] = Counter()
    for row in members:
        customers[row["segment"]] += row["customers"]
    return min(customers, key=lambda name: (-customers[name], name))


def _mean(members: Iterable[Row], name: str, customers: int) -> float | None:
    sums = [row[name] for row in members if row[name] is not None]
    return sum(sums) / customers if sums else None


def migration_rows(transitions: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Yield the rows of gold.rfm_migration without the dates, in both views, from `core.transitions`.

    Rows of a from_segment add up to its customers on the earlier day, those of a to_segment to its customers now.
    """
    rows = list(transitions)
    for view, column in _COLUMN.items():
        customers: Counter[tuple[str, str]] = Counter()
        revenue_before: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        revenue_after: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in rows:
            before, after = row[f"from_{column}"], row[f"to_{column}"]
            transition = (NEW if before is None else str(before), GONE if after is None else str(after))
            customers[transition] += row["customers"]
            revenue_before[transition] += row["revenue_before"]
            revenue_after[transition] += row["revenue_after"]
        for transition in sorted(customers):
            yield {
                "view": view,
                "from_segment": transition[0],
                "to_segment": transition[1],
                "customers": customers[transition],
                "revenue_before": revenue_before[transition],
                "revenue_after": revenue_after[transition],
            }
