"""What people set about propensity models: include/propensity.yaml. The file says what each value means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from basketry.config.locator import load_document
from basketry.config.model import Count, Document, Mistake, Natural, Positive

FILE = "propensity.yaml"


class TrainingSettings(Document):
    """From what models are trained."""

    dates: Count
    step_days: Count
    customers: Annotated[int, Field(ge=100)]


class TuningSettings(Document):
    """How long better parameters are looked for."""

    trials: Count

    @model_validator(mode="before")
    @classmethod
    def _refuse_seconds(cls, entries: Any) -> Any:
        """Refuse what older files have: a time limit makes the model depend on how busy the computer was."""
        if isinstance(entries, dict) and "seconds" in entries:
            raise Mistake("tuning is no longer limited by time; remove 'seconds', trials alone limit it.", "seconds")
        return entries


class DriftLimits(Document):
    """From which shift of the customers on scores are doubted, and refused."""

    warning: Positive
    refusal: Positive

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.refusal < self.warning:
            raise Mistake("refusal is below warning; make it at least as large.", "refusal")
        return self


class PropensitySettings(Document):
    """How models are trained and when scores are refused."""

    training: TrainingSettings
    tuning: TuningSettings
    drift: DriftLimits
    seed: Natural
    bootstrap: Annotated[int, Field(ge=20)]


def load_settings(include: Path) -> PropensitySettings:
    """Read the file.

    Raises:
        ContractError: A key is missing or unknown, or a value is out of range; the message has file and line.
    """
    return load_document(PropensitySettings, include / FILE, FILE)
