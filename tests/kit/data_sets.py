"""The real data sets that some tests read: public, too large and not ours to ship, so they are looked for beside the checkout.

Without them their tests are skipped, each with a line that names the data set, the file and `make data`. Where they have to
be there, `BASKETRY_REQUIRE_DATA=1` turns every such skip into a failure.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from basketry.config.settings import Settings
from tools.data import DATA_SETS


def data_file(name: str, file: str, environment: Mapping[str, str] | None = None) -> Path:
    """A file of a data set; skips the test where it is not, or fails it where data are required.

    It is looked for in `BASKETRY_DATA`, else in `shared/data` beside the checkout; instead of `x.csv.gz` a publisher's own
    `x.csv` will do.
    """
    env = os.environ if environment is None else environment
    folder = Settings.from_environment(env).data / name
    for path in (folder / file, folder / file.removesuffix(".gz")):
        if path.is_file():
            return path
    data_set = DATA_SETS[name]
    return _without(f"the data set '{name}' ({data_set.publisher}) has no {file} in {folder}: {data_set.advice}", env)


def published_file(path: str, source: str, environment: Mapping[str, str] | None = None) -> Path:
    """A file that somebody publishes and that no command of ours fetches, by its path in the folder of the data sets.

    Skips the test where it is not, or fails it where data are required. source: where it is published.
    """
    env = os.environ if environment is None else environment
    file = Settings.from_environment(env).data / path
    if not file.is_file():
        return _without(f"{file} is missing: put {source} there", env)
    return file


def _without(missing: str, env: Mapping[str, str]) -> NoReturn:
    if env.get("BASKETRY_REQUIRE_DATA") == "1":
        pytest.fail(f"{missing} (BASKETRY_REQUIRE_DATA=1 asks for it).", pytrace=False)
    pytest.skip(missing)
