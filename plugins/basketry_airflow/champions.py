"""What scores while no model may: nothing. A first model that its gate refused is an outcome, and scoring is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context

    from basketry.registry.models import ModelSpec

COLUMNS = ("number", "version", "champion_after", "verdict", "decided_by", "decided_at", "reason")
"""Of ops.promotions: what `first_refusal` looks at."""

AUTOMATIC = "gate"
"""Who decided when no person did."""


@dataclass(frozen=True)
class Refusal:
    """The newest refusal of a model of which no version has ever scored.

    Attributes:
        version: The version that was refused.
        decided_by: `AUTOMATIC`, or the person who refused it.
        decided_on: The day of the decision in UTC, YYYY-MM-DD.
        reason: Why, in one sentence.
    """

    version: str
    decided_by: str
    decided_on: str
    reason: str

    @property
    def sentence(self) -> str:
        """Who refused what, when, and why."""
        decider = "The gate" if self.decided_by == AUTOMATIC else self.decided_by
        reason = self.reason.strip().rstrip(".")
        return f"{decider} refused version {self.version} on {self.decided_on}: {reason}."


def first_refusal(verdicts: Iterable[Mapping[str, Any]]) -> Refusal | None:
    """Return the newest refusal when the gate has spoken and no version has ever been champion; None in every other case.

    Args:
        verdicts: The rows of ops.promotions about one model, with the columns COLUMNS.
    """
    rows = sorted(verdicts, key=lambda row: int(row["number"]))
    if not rows or any(row["champion_after"] for row in rows):
        return None
    newest = rows[-1]
    return Refusal(
        str(newest["version"]), str(newest["decided_by"]), str(newest["decided_at"])[:10], str(newest["reason"])
    )


def skip_if_refused(model: ModelSpec, *, named_by: str = "") -> Callable[[Context], None]:
    """Return what a job that scores by the champion does before it starts: it skips itself, with the reason, without one.

    Only a refusal of the first model skips: without any verdict, or with a champion that is gone, the job goes on and says
    itself what is wrong.

    Args:
        model: The kind of model.
        named_by: The field of the form that may name a version by its number, which then scores whatever the gate says.
    """

    def before(context: Context) -> None:
        """Skip the task; a registry that does not answer is tried again as it would be by the job."""
        from airflow.sdk.exceptions import AirflowSkipException

        form = context["params"]
        if str(form.get(named_by) or "").isdigit():
            return
        refusal = _refusal(form["catalog"], model.name)
        if refusal is not None:
            raise AirflowSkipException(
                f"there is no champion of {form['catalog']}.gold.{model.name} to score with. {refusal.sentence}"
                " docs/runbooks/gate.md says what to do; scoring goes on by itself once a version is promoted."
            )

    return before


def _refusal(catalog: str, kind: str) -> Refusal | None:
    """Look for a first refusal: where the registry names a champion, no table need be read and no SQL warehouse started."""
    from basketry import registry
    from basketry.tables import PROMOTIONS
    from basketry_airflow.gate import log_in_to_registry
    from basketry_airflow.ops_tables import read_rows

    log_in_to_registry()
    model = registry.registered_name(catalog, kind)
    if registry.alias_version(model, registry.CHAMPION) is not None:
        return None
    return first_refusal(read_rows(catalog, PROMOTIONS, COLUMNS, {"model": model}))
