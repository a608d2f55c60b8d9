"""Real data that are not there: said, never silently left out, and an error only where they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.data_sets import data_file
from tools.data import DATA_SETS


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_missing_data_set_skips_with_its_name_and_publisher(name: str, tmp_path: Path) -> None:
    """One line names the data set, its publisher, the file, where it is looked for, and make data; CI=true asks for none."""
    with pytest.raises(pytest.skip.Exception) as skipped:
        data_file(name, "log.csv", {"BASKETRY_DATA": str(tmp_path), "CI": "true"})
    (line,) = str(skipped.value).splitlines()
    for text in (name, DATA_SETS[name].publisher, "log.csv", str(tmp_path), "make data"):
        assert text in line


def test_a_missing_data_set_fails_where_data_are_required(tmp_path: Path) -> None:
    """With BASKETRY_REQUIRE_DATA=1 the same line is a failure."""
    with pytest.raises(pytest.fail.Exception, match="'open_bandit'.*make data.*BASKETRY_REQUIRE_DATA=1"):
        data_file("open_bandit", "log.csv", {"BASKETRY_DATA": str(tmp_path), "BASKETRY_REQUIRE_DATA": "1"})


def test_a_file_that_is_there_is_its_path(tmp_path: Path) -> None:
    """Nothing is skipped then; a publisher's plain file takes the place of the compressed one."""
    (tmp_path / "open_bandit").mkdir()
    plain = tmp_path / "open_bandit" / "log.csv"
    plain.touch()
    assert data_file("open_bandit", "log.csv.gz", {"BASKETRY_DATA": str(tmp_path)}) == plain
    packed = tmp_path / "open_bandit" / "log.csv.gz"
    packed.touch()
    assert data_file("open_bandit", "log.csv.gz", {"BASKETRY_DATA": str(tmp_path)}) == packed
