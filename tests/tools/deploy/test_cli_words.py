"""Every command of the Databricks CLI that a page or a message names is one, with the options that it has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools.declared import PAGES
from tools.environment import CHECKOUT

CLI: dict[str, Any] = json.loads((Path(__file__).parent / "cli_commands.json").read_text())
COMMANDS: dict[str, Any] = CLI["commands"]
GROUPS = sorted({name.rpartition(" ")[0] for name in COMMANDS}, key=len, reverse=True)
NAMED = re.compile(rf"\bdatabricks ({'|'.join(GROUPS)}) ([a-z]+(?:-[a-z]+)*)(?![\w:(])([^`\"\n]*)")
OPTION = re.compile(r"(?:^| )(--?)([a-z-]+)")
SOURCES = sorted(
    path for top in ("tools", "plugins", "spark_jobs", "include") for path in (CHECKOUT / top).rglob("*.*")
)


def named(text: str) -> Iterator[tuple[str, str]]:
    """Each command with what follows it, up to the end of the span, the line, or the sentence."""
    for group, verb, rest in NAMED.findall(text):
        yield f"{group} {verb}", re.split(r"[,;#]|, ", rest)[0]


def unknown(text: str) -> list[str]:
    """Commands that the CLI lacks, and options that a command lacks."""
    wrong = []
    for command, rest in named(text):
        if command not in COMMANDS:
            wrong.append(f"databricks {command}")
            continue
        known = {*COMMANDS[command]["flags"], *CLI["everywhere"]}
        for dashes, name in OPTION.findall(re.sub(r"'[^']*'|<[^>]*>", "", rest)):
            if (name if dashes == "--" else CLI["short"].get(name, name)) not in known:
                wrong.append(f"databricks {command} {dashes}{name}")
    return wrong


@pytest.mark.parametrize("page", [page for page in PAGES if "databricks" in (CHECKOUT / page).read_text()])
def test_pages_name_commands_that_there_are(page: str) -> None:
    """In code spans and blocks alike."""
    assert unknown((CHECKOUT / page).read_text()) == []


def test_messages_name_commands_that_there_are() -> None:
    """What a check tells a person to type."""
    texts = {str(path): path.read_text() for path in SOURCES if path.suffix in (".py", ".yaml", ".sql")}
    assert {path: wrong for path, text in texts.items() if (wrong := unknown(text))} == {}
    assert sum(len(list(named(text))) for text in texts.values()) > 15


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("`databricks catalogs make demo`", ["databricks catalogs make"]),
        ("`databricks warehouses create --nmae x`", ["databricks warehouses create --nmae"]),
        ("`databricks bundle run offers_stream -t prod --restart`", []),
    ],
)
def test_the_check_does_look(text: str, wrong: list[str]) -> None:
    """A misspelt verb or option is found."""
    assert unknown(text) == wrong
