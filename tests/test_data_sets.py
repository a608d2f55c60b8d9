"""Real data that are not there: said, never silently left out, and an error only where they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.data_sets import PUBLISHERS, data_folder


@pytest.mark.parametrize("name", PUBLISHERS)
def test_a_missing_data_set_skips_with_its_name_and_publisher(name: str, tmp_path: Path) -> None:
    """One line tells which data set is missing, who publishes it and where it is looked for; CI=true alone asks for none."""
    with pytest.raises(pytest.skip.Exception) as skipped:
        data_folder(name, {"BASKETRY_DATA": str(tmp_path), "CI": "true"})
    (line,) = str(skipped.value).splitlines()
    assert name in line
    assert PUBLISHERS[name] in line
    assert str(tmp_path) in line


def test_a_missing_data_set_fails_where_data_are_required(tmp_path: Path) -> None:
    """With BASKETRY_REQUIRE_DATA=1 the same line is a failure."""
    with pytest.raises(pytest.fail.Exception, match="'open_bandit'.*BASKETRY_REQUIRE_DATA=1"):
        data_folder("open_bandit", {"BASKETRY_DATA": str(tmp_path), "BASKETRY_REQUIRE_DATA": "1"})


def test_a_data_set_that_is_there_is_its_folder(tmp_path: Path) -> None:
    """Nothing is skipped then."""
    (tmp_path / "open_bandit").mkdir()
    assert data_folder("open_bandit", {"BASKETRY_DATA": str(tmp_path)}) == tmp_path / "open_bandit"
