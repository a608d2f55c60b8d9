"""What people set about RFM: include/rfm.yaml. The file says what each value means."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from basketry.config.locator import load_document
from basketry.config.model import Count, Document, Fix, Label, Mistake, Natural, Share, not_empty
from basketry.domains.rfm.grid import SegmentGrid, Segments, segment_grid
from basketry.domains.rfm.values import Cap

FILE = "rfm.yaml"
_AtLeastTwo = Annotated[int, Field(ge=2)]


class CapSettings(Document, title="the cap of {0}"):
    """Where outliers are cut: at a value, or at a quantile of the customers."""

    at: Annotated[float, Field(gt=0), Label("{0} of {1}"), Fix("write more than 0")] | None = None
    quantile: Annotated[float, Field(gt=0, le=1), Label("{0} of {1}"), Fix("write a share up to 1")] | None = None

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        if (self.at is None) == (self.quantile is None):
            raise Mistake("{what} needs either at or quantile.")
        return self

    @property
    def cap(self) -> Cap:
        """The cap, whichever way it is written."""
        return Cap(self.at) if self.at is not None else Cap(self.quantile or 0.0, is_quantile=True)


class CapsSettings(Document):
    """Where frequency and spend are cut."""

    frequency: CapSettings
    monetary: CapSettings


class ClusteringSettings(Document):
    """How many clusters are tried, and which number is taken."""

    least: _AtLeastTwo
    most: _AtLeastTwo
    resamples: _AtLeastTwo
    least_stability: Share
    keep_stability: Share
    keep_within: Share
    customers: Annotated[int, Field(ge=100)]

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.most < self.least:
            raise Mistake(f"most is {self.most}, below least; make it at least {self.least}.", "most")
        return self


class RfmSettings(Document):
    """How customers are valued, clustered and named."""

    window_days: Count
    caps: CapsSettings
    clusters: ClusteringSettings
    migration_days: Annotated[
        tuple[Annotated[int, Field(ge=1), Label("a number of days")], ...],
        not_empty("write at least one number of days."),
        AfterValidator(lambda days: tuple(sorted(set(days)))),
    ]
    pictures: Annotated[int, Field(ge=10)]
    seed: Natural
    bootstrap: Annotated[int, Field(ge=20)]
    segments: Segments

    @cached_property
    def grid(self) -> SegmentGrid:
        """The segments as the name of every cell."""
        return segment_grid(self.segments)


def load_settings(include: Path) -> RfmSettings:
    """Read the file.

    Raises:
        ContractError: A key is missing or unknown, a value is out of range, a cell has no segment or two; with file and line.
    """
    return load_document(RfmSettings, include / FILE, FILE)
