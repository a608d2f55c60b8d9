"""What people set about RFM: include/rfm.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from basketry.config.documents import Node, read_document
from basketry.domains.rfm.grid import SegmentGrid, load_segment_grid
from basketry.domains.rfm.values import Cap

FILE = "rfm.yaml"
_KEYS = {
    "caps": ("frequency", "monetary"),
    "clusters": ("least", "most", "resamples", "least_stability", "keep_stability", "keep_within", "customers"),
}
_WHOLE = {"window_days": 1, "pictures": 10, "seed": 0, "bootstrap": 20}
"""Whole numbers at the top of the file, each with the least it may be."""


@dataclass(frozen=True, kw_only=True)
class RfmSettings:
    """How customers are valued, clustered and named; the file says what each value means."""

    window_days: int
    frequency_cap: Cap
    monetary_cap: Cap
    least_clusters: int
    most_clusters: int
    resamples: int
    least_stability: float
    keep_stability: float
    keep_within: float
    customers: int
    migration_days: tuple[int, ...]
    pictures: int
    seed: int
    bootstrap: int
    grid: SegmentGrid


def load_settings(include: Path) -> RfmSettings:
    """Read the file.

    Raises:
        ContractError: A key is missing or unknown, a value is out of range, a cell has no segment or two; with file and line.
    """
    root = read_document(include / FILE, FILE)
    names = (*_KEYS, *_WHOLE, "migration_days", "segments")
    top = root.mapping("the document", names, names)
    part = {name: top[name].mapping(name, keys, keys) for name, keys in _KEYS.items()}
    clusters = part["clusters"]
    least, most = _count(clusters["least"], "least", 2), _count(clusters["most"], "most", 2)
    if most < least:
        clusters["most"].fail(f"most is {most}, below least; make it at least {least}.")
    whole = {name: _count(top[name], name, low) for name, low in _WHOLE.items()}
    return RfmSettings(
        **whole,
        frequency_cap=_cap(part["caps"]["frequency"], "frequency"),
        monetary_cap=_cap(part["caps"]["monetary"], "monetary"),
        least_clusters=least,
        most_clusters=most,
        resamples=_count(clusters["resamples"], "resamples", 2),
        least_stability=_share(clusters["least_stability"], "least_stability"),
        keep_stability=_share(clusters["keep_stability"], "keep_stability"),
        keep_within=_share(clusters["keep_within"], "keep_within"),
        customers=_count(clusters["customers"], "customers", 100),
        migration_days=_days(top["migration_days"]),
        grid=load_segment_grid(top["segments"]),
    )


def _cap(node: Node, what: str) -> Cap:
    entries = node.mapping(f"the cap of {what}", ("at", "quantile"))
    if len(entries) != 1:
        node.fail(f"the cap of {what} needs either at or quantile.")
    [(kind, value)] = entries.items()
    number = float(value.expect(float, kind))
    if number <= 0 or (kind == "quantile" and number > 1):
        value.fail(
            f"{kind} of {what} is {number:g}; write {'a share up to 1' if kind == 'quantile' else 'more than 0'}."
        )
    return Cap(number, is_quantile=kind == "quantile")


def _days(node: Node) -> tuple[int, ...]:
    days = tuple(sorted({_count(item, "a number of days", 1) for item in node.items("migration_days")}))
    return days or node.fail("migration_days is empty; write at least one number of days.")


def _count(node: Node, what: str, least: int) -> int:
    count: int = node.expect(int, what)
    return count if count >= least else node.fail(f"{what} is {count}; make it at least {least}.")


def _share(node: Node, what: str) -> float:
    share = float(node.expect(float, what))
    return share if 0 <= share <= 1 else node.fail(f"{what} is {share:g}; make it a number from 0 to 1.")
