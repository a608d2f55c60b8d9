"""What a run is told of settings, and what it makes of them."""

from __future__ import annotations

import pytest

from basketry.config.run_settings import KAFKA_OPTIONS, OFFER_EVENTS, REDIS_URL, given_settings, settings_argument
from basketry.config.settings import Settings, is_serverless
from basketry.errors import BadInputError

SET = {
    OFFER_EVENTS: "kafka://broker:9092/events",
    REDIS_URL: "{{ secrets/retail/redis_url }}",
    KAFKA_OPTIONS: "{{secrets/retail/kafka}}",
    "BASKETRY_HOME": "/somewhere",
}


def test_what_is_set_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a job reads; an argument comes before a variable of the cluster."""
    argument = settings_argument(SET, (KAFKA_OPTIONS, OFFER_EVENTS, REDIS_URL))
    monkeypatch.setenv(OFFER_EVENTS, "kafka://other:9092/events")
    settings = Settings.of_run(argument)
    assert (settings.offer_events, settings.redis_url) == (SET[OFFER_EVENTS], "{{secrets/retail/redis_url}}")
    assert settings.kafka_options == "{{secrets/retail/kafka}}"
    assert Settings.of_run(None).offer_events == "kafka://other:9092/events"
    assert settings_argument(SET, ()) == settings_argument({REDIS_URL: ""}, (REDIS_URL,)) == ""


@pytest.mark.parametrize("name", [KAFKA_OPTIONS, REDIS_URL])
@pytest.mark.parametrize("value", ["redis://:hush@cache", "{{secrets/retail}}", "hush {{secrets/retail/key}}"])
def test_a_secret_that_is_no_reference_is_refused(name: str, value: str) -> None:
    """Whatever is left of it beside a reference could be read by everybody who sees the run."""
    with pytest.raises(BadInputError, match=f"^BAD_INPUT: {name} is a secret") as error:
        settings_argument({name: value}, (name,))
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    "argument",
    ["no", "[1]", '{"BASKETRY_HOME": "/x"}', '{"BASKETRY_REDIS_URL": 1}', '{"BASKETRY_REDIS_URL": {"key": "a/b"}}'],
)
def test_another_argument_is_refused(argument: str) -> None:
    """It is written by the DAG; who starts a job by hand leaves it out."""
    with pytest.raises(BadInputError, match="--settings is no JSON object of BASKETRY_KAFKA_OPTIONS, "):
        given_settings(argument)


def test_a_secret_of_a_workspace_is_none_of_this_computers() -> None:
    """Locally the value itself is set; what is no reference is used as it is."""
    settings = Settings.from_environment({"BASKETRY_RUNTIME": "local"})
    assert settings.resolve_secret("redis://cache") == "redis://cache"
    with pytest.raises(BadInputError, match="is a secret of a Databricks workspace: set the value itself here"):
        settings.resolve_secret("{{secrets/retail/redis_url}}")


def test_serverless_compute_is_known_by_its_runtime() -> None:
    """A cluster names the runtime's own version, and this machine none."""
    for version, expected in (("client.5.0", True), ("18.0", False), ("", False)):
        assert is_serverless({"DATABRICKS_RUNTIME_VERSION": version}) is expected
    assert is_serverless({"DATABRICKS_ENV_VERSION": "5"})
    assert not is_serverless({})
