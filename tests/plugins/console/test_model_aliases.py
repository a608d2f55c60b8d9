"""What the registry says now, without a page ever waiting for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from basketry import registry
from basketry_airflow import gate
from basketry_airflow.console import model_aliases


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(gate, "log_in_to_registry", lambda: None)  # who may ask is the gate's matter
    model_aliases._known.clear()
    model_aliases._waiting.clear()
    yield
    model_aliases._known.clear()


def settled(name: str) -> model_aliases.ModelAliases:
    """The answer once the asking in the background has ended."""
    end = time.monotonic() + 60
    while (found := model_aliases.model_aliases((name,))[name]) == model_aliases._UNKNOWN and time.monotonic() < end:
        time.sleep(0.05)
    return found


def test_aliases_are_told_and_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """One answer serves every page of the next half minute."""
    asked: list[str] = []
    versions = {"champion": "4", "challenger": None, "previous": "3"}
    monkeypatch.setattr(registry, "alias_version", lambda name, alias: asked.append(alias) or versions[alias])
    assert settled("demo.gold.rfm") == model_aliases.ModelAliases(versions, answered=True)
    model_aliases.model_aliases(("demo.gold.rfm",))
    assert asked == ["champion", "challenger", "previous"]


def test_a_page_does_not_wait_for_a_slow_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown without the registry's word, which is there the next time."""
    go = threading.Event()
    monkeypatch.setattr(registry, "alias_version", lambda name, alias: go.wait(60) and "7")
    start = time.monotonic()
    assert not model_aliases.model_aliases(("demo.gold.rfm",))["demo.gold.rfm"].answered
    assert time.monotonic() - start < 5
    go.set()
    assert settled("demo.gold.rfm").versions["champion"] == "7"


def test_a_registry_that_is_down_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known then, and nothing breaks; it is not asked again with every page."""
    asked: list[str] = []

    def down(name: str, alias: str) -> str:
        asked.append(alias)
        raise registry.RegistryDownError("it does not answer")

    monkeypatch.setattr(registry, "alias_version", down)
    model_aliases.model_aliases(("demo.gold.rfm",))
    end = time.monotonic() + 60
    while "demo.gold.rfm" not in model_aliases._known and time.monotonic() < end:
        time.sleep(0.05)
    assert not model_aliases.model_aliases(("demo.gold.rfm",))["demo.gold.rfm"].answered
    assert asked == ["champion"]
