"""What serverless compute refuses of a Spark Connect client, in its own words; open-source Connect would let it through.

What a client cannot even say over Connect needs no rule: there is no JVM and no RDD behind it, and a foreachBatch function
is pickled by Connect itself. Each rule names its source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyspark.sql.connect.proto import AnalyzePlanRequest, Command, ConfigRequest, ExecutePlanRequest

ALLOWED_SETTINGS = frozenset(
    (
        "spark.databricks.execution.timeout",
        "spark.sql.ansi.enabled",
        "spark.sql.files.maxPartitionBytes",
        "spark.sql.legacy.timeParserPolicy",
        "spark.sql.session.timeZone",
        "spark.sql.shuffle.partitions",
    )
)
"""https://docs.databricks.com/aws/en/spark/conf#configure-spark-properties-for-serverless-notebooks-and-jobs"""

_SET = re.compile(r"\s*(?:RE)?SET\s+`?(?P<key>spark\.[\w.]+)", re.I)
_REFUSED_SQL = re.compile(
    r"\s*(?:(?P<verb>(?:UN)?CACHE|REFRESH)\s+(?:LAZY\s+)?TABLE"
    r"|CREATE\s+(?:OR\s+REPLACE\s+)?(?P<view>GLOBAL\s+TEMP)(?:ORARY)?\s+VIEW)\b",
    re.I,
)


@dataclass(frozen=True)
class Refusal:
    """An error as the client gets it.

    Attributes:
        error_class: Spark's name of the condition.
        message: The sentence, without the condition.
        state: Its SQLSTATE.
    """

    error_class: str
    message: str
    state: str

    def __str__(self) -> str:
        """The text of the error."""
        return f"[{self.error_class}] {self.message} SQLSTATE: {self.state}"


def refused_setting(key: str) -> Refusal | None:
    """The refusal of a setting; its text as in https://github.com/databricks/databricks-agent-skills (serverless migration)."""
    if key in ALLOWED_SETTINGS:
        return None
    return Refusal("CONFIG_NOT_AVAILABLE", f"Configuration {key} is not available.", "42K0I")


def _not_supported(what: str) -> Refusal:
    """Text as in https://github.com/capitalone/datacompy/issues/407, seen in a workspace."""
    return Refusal("NOT_SUPPORTED_WITH_SERVERLESS", f"{what} is not supported on serverless compute.", "0A000")


def refused_config(request: ConfigRequest) -> Refusal | None:
    """The refusal of spark.conf.set and unset; what is only read is let through, for the client itself reads some.

    What SparkSession.builder was told is set in silence (Connect's `silent`): settings that cannot be are dropped.
    """
    operation = request.operation
    if operation.set.silent:
        allowed = [pair for pair in operation.set.pairs if pair.key in ALLOWED_SETTINGS]
        del operation.set.pairs[:]
        operation.set.pairs.extend(allowed)
        return None
    keys = [*(pair.key for pair in operation.set.pairs), *operation.unset.keys]
    return next(filter(None, map(refused_setting, keys)), None)


def refused_analysis(request: AnalyzePlanRequest) -> Refusal | None:
    """The refusal of persist, unpersist and cache.

    https://docs.databricks.com/aws/en/compute/serverless/limitations#caching
    """
    asked = request.WhichOneof("analyze")
    return _not_supported(f"{asked.upper()} TABLE") if asked in ("persist", "unpersist") else None


def refused_execution(request: ExecutePlanRequest) -> Refusal | None:
    """The refusal of a command: checkpoints, triggers that never end, statements of SQL."""
    plan = request.plan
    kind = plan.WhichOneof("op_type")
    if kind == "compressed_operation":
        raise ValueError("a compressed plan cannot be judged; the server is to ask for none")
    if kind != "command":
        return None
    command = plan.command
    if command.HasField("checkpoint_command"):  # listed beside persist and cache in the limitations
        return _not_supported("LOCAL CHECKPOINT" if command.checkpoint_command.local else "CHECKPOINT")
    if command.HasField("write_stream_operation_start"):
        return _refused_trigger(command)
    if command.HasField("create_dataframe_view") and command.create_dataframe_view.is_global:
        return _not_supported("GLOBAL TEMPORARY VIEW")
    return _refused_statement(command) if command.HasField("sql_command") else None


def _refused_trigger(command: Command) -> Refusal | None:
    """https://docs.databricks.com/aws/en/compute/serverless/limitations#streaming; no trigger means one without an interval."""
    trigger = command.write_stream_operation_start.WhichOneof("trigger")
    if trigger == "available_now":
        return None
    name = {"continuous_checkpoint_interval": "Continuous", "once": "Once"}.get(trigger or "", "ProcessingTime")
    sentence = (
        f"Trigger type {name} is not supported for this cluster type. Use a different trigger type e.g. AvailableNow."
    )
    return Refusal("INFINITE_STREAMING_TRIGGER_NOT_SUPPORTED", sentence, "0A000")


def _refused_statement(command: Command) -> Refusal | None:
    """The limitations hold for SQL, too."""
    sql = command.sql_command
    text = sql.sql or sql.input.sql.query
    if found := _SET.match(text):
        return refused_setting(found["key"])
    if found := _REFUSED_SQL.match(text):
        return _not_supported(f"{found['verb'].upper()} TABLE" if found["verb"] else "GLOBAL TEMPORARY VIEW")
    return None
