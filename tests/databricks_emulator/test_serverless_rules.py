"""Each rule of serverless compute refuses what it is about and lets through what a job may do; the texts are the platform's."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql.connect.proto import AnalyzePlanRequest, ConfigRequest, ExecutePlanRequest

from tests.databricks_emulator.serverless_rules import (
    ALLOWED_SETTINGS,
    Refusal,
    refused_analysis,
    refused_config,
    refused_execution,
)


def setting(key: str, *, silent: bool = False) -> ConfigRequest:
    """What spark.conf.set asks for, or SparkSession.builder."""
    request = ConfigRequest()
    request.operation.set.pairs.add(key=key, value="1")
    request.operation.set.silent = silent
    return request


def command(**fields: Any) -> ExecutePlanRequest:
    """A command of that kind."""
    return ExecutePlanRequest(plan={"command": fields})


def sql(text: str) -> ExecutePlanRequest:
    """What spark.sql asks for."""
    return command(sql_command={"input": {"sql": {"query": text}}})


def stream(**trigger: Any) -> ExecutePlanRequest:
    """What writeStream.start asks for."""
    return command(write_stream_operation_start={"format": "delta", **trigger})


@pytest.mark.parametrize("key", sorted(ALLOWED_SETTINGS))
def test_six_settings_are_a_jobs_own(key: str) -> None:
    """By Python and by SQL."""
    assert refused_config(setting(key)) is refused_execution(sql(f"SET {key} = 1")) is None


def test_any_other_setting_is_refused() -> None:
    """Set, unset, or in SQL; what the builder was told is dropped without a word."""
    key = "spark.sql.execution.arrow.maxRecordsPerBatch"
    text = f"[CONFIG_NOT_AVAILABLE] Configuration {key} is not available. SQLSTATE: 42K0I"
    unset = ConfigRequest(operation={"unset": {"keys": [key]}})
    refusals = [refused_config(setting(key)), refused_config(unset), refused_execution(sql(f"set {key}=1"))]
    assert [str(refusal) for refusal in refusals] == [text] * 3
    told = setting(key, silent=True)
    told.operation.set.pairs.add(key="spark.sql.ansi.enabled", value="true")
    assert refused_config(told) is None
    assert [pair.key for pair in told.operation.set.pairs] == ["spark.sql.ansi.enabled"]


@pytest.mark.parametrize(
    ("refusal", "what"),
    [
        (refused_analysis(AnalyzePlanRequest(persist={})), "PERSIST TABLE"),
        (refused_analysis(AnalyzePlanRequest(unpersist={})), "UNPERSIST TABLE"),
        (refused_execution(command(checkpoint_command={"local": True})), "LOCAL CHECKPOINT"),
        (refused_execution(command(checkpoint_command={"local": False})), "CHECKPOINT"),
        (refused_execution(sql("cache lazy table x")), "CACHE TABLE"),
        (refused_execution(sql("REFRESH TABLE x")), "REFRESH TABLE"),
        (refused_execution(sql("CREATE OR REPLACE GLOBAL TEMP VIEW v AS SELECT 1")), "GLOBAL TEMPORARY VIEW"),
        (refused_execution(command(create_dataframe_view={"is_global": True})), "GLOBAL TEMPORARY VIEW"),
    ],
)
def test_nothing_is_kept_for_later(refusal: Refusal | None, what: str) -> None:
    """Neither rows nor a view beyond the session."""
    expected = f"[NOT_SUPPORTED_WITH_SERVERLESS] {what} is not supported on serverless compute. SQLSTATE: 0A000"
    assert str(refusal) == expected


@pytest.mark.parametrize(
    ("trigger", "name"),
    [
        ({}, "ProcessingTime"),
        ({"processing_time_interval": "5 seconds"}, "ProcessingTime"),
        ({"continuous_checkpoint_interval": "1 second"}, "Continuous"),
        ({"once": True}, "Once"),
    ],
)
def test_streams_must_end(trigger: dict[str, Any], name: str) -> None:
    """Without a trigger Spark takes one that never does."""
    refusal = refused_execution(stream(**trigger))
    assert str(refusal).startswith(
        f"[INFINITE_STREAMING_TRIGGER_NOT_SUPPORTED] Trigger type {name} is not supported for this cluster type."
    )


def test_what_jobs_do_is_let_through() -> None:
    """Reading, writing, SQL, streams that end, views of the session."""
    allowed = [
        refused_execution(sql("SELECT 'CACHE TABLE'")),
        refused_execution(sql("CREATE OR REPLACE TEMP VIEW v AS SELECT 1")),
        refused_execution(stream(available_now=True)),
        refused_execution(command(create_dataframe_view={"name": "v"})),
        refused_execution(ExecutePlanRequest(plan={"root": {"range": {"end": 1, "step": 1}}})),
        refused_analysis(AnalyzePlanRequest(schema={})),
        refused_config(ConfigRequest(operation={"get": {"keys": ["spark.sql.timestampType"]}})),
    ]
    assert allowed == [None] * len(allowed)


def test_a_plan_that_cannot_be_read_is_not_let_through() -> None:
    """The server is started so that clients compress none."""
    with pytest.raises(ValueError, match="compressed plan"):
        refused_execution(ExecutePlanRequest(plan={"compressed_operation": {"data": b"1"}}))
