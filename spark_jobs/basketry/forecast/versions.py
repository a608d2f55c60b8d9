"""Which version forecasts: the champion now, the one of a day, or one that is named."""

from __future__ import annotations

from datetime import date

from basketry import registry
from basketry.champions import champions_until, former_champions, moves
from basketry.errors import BadInputError
from basketry.forecast import tracking
from basketry.lakehouse import Lakehouse

AS_THEN = "as-then"


def choose(lake: Lakehouse, wanted: str, as_of: date) -> tuple[tracking.Version, str]:
    """The version, and why it is not the one that was asked for, if so.

    wanted: champion, as-then or a version. Only a champion that is gone is replaced, by the last one that still loads;
    a version that was asked for by name or by date is not: ModelGoneError.
    """
    name = tracking.registered(lake)
    if wanted == registry.CHAMPION:
        return _champion(lake, name)
    number = champions_until(lake, name, [as_of])[as_of] if wanted == AS_THEN else wanted
    return tracking.load(name, number), ""


def _champion(lake: Lakehouse, name: str) -> tuple[tracking.Version, str]:
    number = registry.alias_version(name, registry.CHAMPION)
    earlier = [other for other in former_champions(moves(lake, name)) if other != number]
    problem = f"the alias champion of {name} is gone"
    for other in ([] if number is None else [number]) + earlier:
        try:
            found = tracking.load(name, other)
        except tracking.ModelGoneError as error:
            problem = error.message.partition(":")[0] if other == number else problem
            continue
        return found, "" if other == number else f"{problem}: forecast by version {other}, the last good champion"
    if number is None and not earlier:
        raise BadInputError(f"{name} has no champion: run train_forecast and let its gate promote a version.")
    raise BadInputError(f"{problem}, and so are its predecessors: run train_forecast and promote a version.")
