"""What may be asked of a promotion: what the gate said, an answer where it asked, or an override with name and reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from basketry.errors import BadInputError
from basketry.gates.model import ASK
from basketry.registry.client import GateVerdict, gate_verdict
from basketry.registry.ledger import OVERRIDE, PROMOTE, PROMOTING, REFUSE

MODEL_NAME = re.compile(r"[a-z][a-z0-9_]*")
AUTOMATIC = "gate"
"""Who decided when no person did."""


@dataclass(frozen=True, kw_only=True)
class PromotionRequest:
    """What is asked for.

    Attributes:
        model: The kind of model.
        challenger: The version that was judged; by default the one that is challenger.
        expected_champion: The champion it was compared with; by default the one that the gate noted.
        verdict: What the gate said, or who was asked; by default what the gate said.
        override: The challenger is to become champion whatever the gate said, in the name of `decided_by`.
        rollback_to: Instead of all these: `previous`, or a version that is to score again.
        decided_by: AUTOMATIC, or the person who decided.
        decided_at: When the run that decides began, with its offset from UTC.
        reason: Why, in one sentence; by default the gate's.
        run_id: The run that decides.
        dry_run: Only check that it could be done.
    """

    model: str
    challenger: str | None = None
    expected_champion: str | None = None
    verdict: str | None = None
    override: bool = False
    rollback_to: str | None = None
    decided_by: str = AUTOMATIC
    decided_at: str
    reason: str | None = None
    run_id: str = "manual"
    dry_run: bool = False

    @property
    def is_by_person(self) -> bool:
        """Whether a person is named who decided."""
        return self.decided_by.strip() not in ("", AUTOMATIC)

    @property
    def moment(self) -> datetime:
        """When the run that decides began.

        Raises:
            BadInputError: It is no moment with an offset from UTC.
        """
        try:
            moment = datetime.fromisoformat(self.decided_at)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise BadInputError(
                f"--decided-at is '{self.decided_at}'; write a moment with its zone as 2026-01-31T09:30:00+00:00."
            )
        return moment


def check_request(request: PromotionRequest) -> None:
    """Refuse a request that contradicts itself; BadInputError says how to ask."""
    if not MODEL_NAME.fullmatch(request.model):
        raise BadInputError(f"--model is '{request.model}'; use lower-case letters, digits and underscores.")
    if request.rollback_to and (request.challenger or request.verdict or request.override):
        raise BadInputError("give either --rollback-to, or --challenger and --verdict.")
    if request.override and request.verdict:
        raise BadInputError("give either --override, or --verdict with what the gate said.")
    reason = (request.reason or "").strip()
    if request.override and not (request.is_by_person and reason):
        raise BadInputError("an override needs --decided-by with a name and --reason: both are kept in ops.promotions.")
    if not reason and (request.reason is not None or request.rollback_to):
        raise BadInputError("--reason is empty: say in one sentence why.")


def allowed_verdict(request: PromotionRequest, model: str, challenger: str) -> tuple[str, GateVerdict]:
    """Return what is to be carried out and what the gate said.

    Raises:
        BadInputError: The gate said something else, or nothing, or was about another champion.
    """
    judged = gate_verdict(model, challenger)
    if judged is None:
        raise BadInputError(f"version {challenger} of {model} was never judged: run the job judge first.")
    expected = request.expected_champion
    if expected is not None and expected != judged.champion:
        raise BadInputError(
            f"version {challenger} of {model} was judged against champion {judged.champion or 'none'} and not against"
            f" {expected}: nothing was moved, judge it again."
        )
    if request.override:
        return (judged.verdict if judged.verdict in PROMOTING else OVERRIDE), judged
    if judged.verdict != ASK:
        if request.verdict in (None, judged.verdict):
            return judged.verdict, judged
        raise BadInputError(
            f"the gate's verdict on version {challenger} of {model} is {judged.verdict} and not {request.verdict}: carry"
            " that out, or override it with --override, a name and a reason."
        )
    if request.verdict == REFUSE or (request.verdict == PROMOTE and request.is_by_person):
        return request.verdict, judged
    raise BadInputError(
        f"the gate asks a person about version {challenger} of {model}: answer with --verdict promote or refuse,"
        " --decided-by with a name, and --reason."
    )
