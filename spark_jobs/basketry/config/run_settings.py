"""Settings of a run that its workspace does not know: handed over as an argument, secrets as references alone.

A cluster has no variables of whoever starts a run, and serverless compute has none at all. A run's arguments can be read in
its page, so a secret goes by its name and is read where it is used, with the run's own login:

    BASKETRY_REDIS_URL={{secrets/<scope>/<key>}}  ->  --settings={"BASKETRY_REDIS_URL": {"secret": "<scope>/<key>"}}  ->  its value

Databricks itself replaces the same reference in `spark_env_vars` of a compute profile.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence

from basketry.errors import BadInputError

OFFER_EVENTS, SECRET_SCOPE = "BASKETRY_OFFER_EVENTS", "BASKETRY_SECRET_SCOPE"  # noqa: S105  names of variables
KAFKA_OPTIONS, REDIS_URL = "BASKETRY_KAFKA_OPTIONS", "BASKETRY_REDIS_URL"
LINEAGE_URL, LINEAGE_NAMESPACE, LINEAGE_KEY = "OPENLINEAGE_URL", "OPENLINEAGE_NAMESPACE", "OPENLINEAGE_API_KEY"
"""Called as OpenLineage's own clients call them."""

OF_EVERY_JOB = (SECRET_SCOPE, LINEAGE_URL, LINEAGE_NAMESPACE, LINEAGE_KEY)
"""Those that every job reads."""

_SECRETS = (KAFKA_OPTIONS, REDIS_URL, LINEAGE_KEY)
"""Those of which only a reference may be handed over."""

_KNOWN = (KAFKA_OPTIONS, OFFER_EVENTS, REDIS_URL, *OF_EVERY_JOB)
_REFERENCE = re.compile(r"\{\{\s*secrets/([^/{}\s]+)/([^/{}\s]+)\s*\}\}")


def settings_argument(environment: Mapping[str, str], names: Sequence[str]) -> str:
    """Return what an environment sets of a run, as the text of its argument; empty when it sets nothing.

    Args:
        environment: The variables of the process that starts the run.
        names: The variables that the run reads.

    Raises:
        BadInputError: A secret is no reference.
    """
    settings: dict[str, object] = {}
    for name in names:
        value = environment.get(name)
        reference = _REFERENCE.fullmatch(value) if value else None
        if reference is not None:
            settings[name] = {"secret": f"{reference[1]}/{reference[2]}"}
        elif value and name in _SECRETS:
            key = name.removeprefix("BASKETRY_").lower()
            scope = environment.get(SECRET_SCOPE) or "basketry"
            raise BadInputError(
                f"{name} is a secret, and everybody who sees a run can read its arguments: put it in with databricks secrets"
                f" put-secret {scope} {key}, and set {name} to {{{{secrets/{scope}/{key}}}}}."
            )
        elif value:
            settings[name] = value
    return json.dumps(settings, sort_keys=True) if settings else ""


def given_settings(argument: str | None) -> dict[str, str]:
    """Return the variables that a run's argument sets, secrets as references.

    Args:
        argument: What `settings_argument` returned.

    Raises:
        BadInputError: It is something else.
    """
    try:
        settings = json.loads(argument or "{}")
        return {str(name): _variable(name, value) for name, value in settings.items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadInputError(
            f"--settings is no JSON object of {', '.join(_KNOWN)}: start the run from its DAG, or leave the option out."
        ) from None


def _variable(name: str, value: object) -> str:
    if name not in _KNOWN:
        raise KeyError(name)
    if isinstance(value, dict):
        return f"{{{{secrets/{value['secret']}}}}}"
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def secret_reference(text: str) -> tuple[str, str] | None:
    """Return scope and key of a reference to a secret; None for any other text."""
    reference = _REFERENCE.fullmatch(text)
    return None if reference is None else (reference[1], reference[2])


def read_secret(scope: str, key: str) -> bytes | None:
    """Read a secret of the workspace with the login of this process; None where there is none, or it is empty.

    It is asked for by the SDK, which finds the login of a run on clusters and on serverless compute alike.
    """
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.errors import NotFound

    try:
        value = WorkspaceClient().secrets.get_secret(scope, key).value
    except NotFound:
        return None
    return base64.b64decode(value) if value else None
