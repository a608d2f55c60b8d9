"""What the model registry says now: asked in the background, because a page must not wait for another server."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

ALIASES = ("champion", "challenger", "previous")
FRESH_SECONDS = 30.0
PATIENCE_SECONDS = 0.15
"""How long a page waits for an answer that has been asked for."""


@dataclass(frozen=True)
class ModelAliases:
    """Versions of a model by alias.

    Attributes:
        versions: The version of each alias, None where it is not set.
        answered: Whether the registry answered; without it nothing is known.
    """

    versions: dict[str, str | None]
    answered: bool


_UNKNOWN = ModelAliases({}, answered=False)
_known: dict[str, tuple[float, ModelAliases]] = {}
_waiting: dict[str, threading.Event] = {}
_lock = threading.Lock()


def model_aliases(names: tuple[str, ...]) -> dict[str, ModelAliases]:
    """Return the aliases of each model, at most FRESH_SECONDS old; what is not known yet is asked for and there next time."""
    pending = [event for name in names if (event := _ask_unless_fresh(name)) is not None]
    end = time.monotonic() + PATIENCE_SECONDS
    for event in pending:
        event.wait(max(0.0, end - time.monotonic()))
    return {name: _known.get(name, (0.0, _UNKNOWN))[1] for name in names}


def _ask_unless_fresh(name: str) -> threading.Event | None:
    with _lock:
        asked_at, _ = _known.get(name, (float("-inf"), _UNKNOWN))
        if time.monotonic() - asked_at < FRESH_SECONDS:
            return None
        if name not in _waiting:
            _waiting[name] = threading.Event()
            # A daemon: a registry that is down must not hold up the end of the server.
            threading.Thread(target=_ask, args=(name,), name="basketry-registry", daemon=True).start()
        return _waiting[name]


def _ask(name: str) -> None:
    try:
        from basketry import registry
        from basketry_airflow.gate import log_in_to_registry

        log_in_to_registry()
        aliases = ModelAliases({alias: registry.alias_version(name, alias) for alias in ALIASES}, answered=True)
    except Exception:  # whatever keeps the registry from answering: the page says that it did not
        aliases = _UNKNOWN
    with _lock:
        _known[name] = (time.monotonic(), aliases)
        _waiting.pop(name).set()
