"""Where an alert goes: into the log always, and to a webhook where there is one. What it says is the caller's.

Airflow's DAGs find the webhook in the connection `basketry_alerts`. A job that is run by hand finds it where Airflow looks
first for a connection: in AIRFLOW_CONN_BASKETRY_ALERTS, as JSON.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)

WEBHOOK = "AIRFLOW_CONN_BASKETRY_ALERTS"
"""The environment variable that holds the connection to the webhook, for who is not Airflow."""

WEBHOOK_SECONDS = 10


@dataclass(frozen=True)
class Webhook:
    """An address that takes alerts.

    Attributes:
        address: The URL, which is often a secret itself.
        token: The bearer token; empty without one.
    """

    address: str
    token: str = ""


def webhook_from_fields(fields: Mapping[str, Any]) -> Webhook:
    """Return the webhook that the fields of an Airflow connection describe: schema, host, port, password, extra.path."""
    extra = fields.get("extra") or {}
    extra = json.loads(extra) if isinstance(extra, str) else extra
    port = f":{fields['port']}" if fields.get("port") else ""
    path = str(extra.get("path", "/")).lstrip("/")
    address = f"{fields.get('schema') or 'https'}://{fields.get('host')}{port}/{path}"
    return Webhook(address, str(fields.get("password") or ""))


def raise_alert(alert: Mapping[str, Any]) -> None:
    """Log an alert and post it where AIRFLOW_CONN_BASKETRY_ALERTS says, if it says so."""
    log.error("basketry alert: %s", json.dumps(dict(alert), sort_keys=True))
    if not (text := os.environ.get(WEBHOOK)):
        return
    try:
        post_alert(webhook_from_fields(json.loads(text)), alert)
    except Exception as error:  # the alert stands in the log; its error's text would show the webhook's address
        log.warning("the alert did not reach the webhook of %s: %s", WEBHOOK, type(error).__name__)


def post_alert(webhook: Webhook, alert: Mapping[str, Any]) -> None:
    """Post an alert; an answer that is no success costs a warning."""
    import requests

    # At DEBUG it writes down the path of every request, and a webhook's path is often its secret.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
    headers = {"Authorization": f"Bearer {webhook.token}"} if webhook.token else {}
    answer = requests.post(
        webhook.address, json=dict(alert), headers=headers, timeout=WEBHOOK_SECONDS, allow_redirects=False
    )
    if not answer.ok:
        log.warning("the webhook of basketry_alerts answered %s", answer.status_code)
