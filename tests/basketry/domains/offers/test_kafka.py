"""The same stream from a real broker: the job as a DAG starts it, and again when more messages have come."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from basketry.domains.offers.records import to_messages
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import OFFER_BATCHES, OFFER_DECISIONS, OFFER_EVENTS, QUARANTINE
from tests.kit.kafka import kafka_broker
from tests.kit.offers import fill, rows, world
from tools import spark
from tools.environment import InstancePaths

pytestmark = pytest.mark.system

CHECKOUT = Path(__file__).resolve().parents[4]
TOPIC = "shop-events"


def set_up(folder: Path) -> Path:
    """Spark's settings as `make setup` writes them where BASKETRY_OFFER_EVENTS names a broker."""
    jars = spark.kafka_jars(InstancePaths.from_environment(), Path(os.environ["JAVA_HOME"]), print)
    lines = (Path(os.environ["SPARK_CONF_DIR"]) / "spark-defaults.conf").read_text().splitlines()
    values = dict(line.split(" ", 1) for line in lines)
    values["spark.driver.extraClassPath"] += os.pathsep + os.pathsep.join(map(str, jars))
    spark.write_conf(folder, values)
    return folder


def offers(lake: Lakehouse, home: Path, source: str) -> None:
    """A whole run of the job."""
    environment = {
        **os.environ,
        "BASKETRY_HOME": str(lake.settings.home),
        "BASKETRY_OFFER_EVENTS": source,
        "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}",
        "SPARK_CONF_DIR": str(set_up(home / "conf")),
    }
    command = [str(Path(sys.executable).with_name("spark-submit")), str(CHECKOUT / "spark_jobs" / "offers.py")]
    done = subprocess.run(
        [*command, "--catalog=demo", "--run-id=kafka"], env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


def test_every_message_of_a_topic_is_decided_once(lake: Lakehouse, tmp_path: Path) -> None:
    """Rows are numbered by offset; the second run takes only what came since; poison is set aside."""
    fill(lake)
    day = world().activity(0)
    just_now = replace(
        day, at=day.at - day.at.max() + time.time() - 60
    )  # the broker says when it got them: by its own clock
    activity = to_messages(just_now)
    half = len(activity) // 2
    with kafka_broker(tmp_path) as broker:
        source = f"kafka://{broker.address}/{TOPIC}"
        broker.send(TOPIC, [*activity[:half], '{"event_id": "half', activity[0]])
        offers(lake, tmp_path, source)
        first = rows(lake, OFFER_EVENTS)
        assert len(first) == half
        (poison,) = rows(lake, QUARANTINE).itertuples()
        assert (poison.row_number, list(poison.reasons), poison.file_name) == (half, ["line:not_json"], f"{TOPIC}/0")
        decided = rows(lake, OFFER_DECISIONS)
        broker.send(TOPIC, activity[half:])
        offers(lake, tmp_path, source)
    events = rows(lake, OFFER_EVENTS)
    assert len(events) == len(activity) and not events["event_id"].duplicated().any()
    batches = rows(lake, OFFER_BATCHES)
    assert int(batches["duplicates"].sum()) == 1
    columns = ["decision_id", "slot", "product_id", "probability", "batch"]
    after = rows(lake, OFFER_DECISIONS)[columns].itertuples(index=False)
    assert set(decided[columns].itertuples(index=False)) < set(after)
