"""The file of a request: numbers alone, for its user alone, and no error that repeats what stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketry.config.forget_requests import load_forget_request, parse_numbers, request_path, write_request
from basketry.config.settings import Settings
from basketry.errors import BadInputError


def settings(home: Path) -> Settings:
    return Settings.from_environment({"BASKETRY_HOME": str(home)})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """One number a line; nobody else may read the file, and no second one takes its place."""
    path = request_path(settings(tmp_path), "demo", "R-1")
    write_request(path, ["200001", "200417"])
    assert load_forget_request(path) == ("200001", "200417")
    assert path.stat().st_mode & 0o777 == 0o600 and path.is_relative_to(tmp_path / "requests" / "demo")
    with pytest.raises(BadInputError, match="written already"):
        write_request(path, ["1"])


def test_numbers_are_read_as_people_write_them() -> None:
    """Lines, commas, blanks, a byte order mark, a number twice."""
    assert parse_numbers("\ufeff1, 2\r\n\r\n 3 ,1\n") == ("1", "2", "3")


@pytest.mark.parametrize("text", ["ann@example.com", "Ann Smith", "(212) 555-0123", "1; drop", "x" * 101])
def test_an_error_repeats_nothing(text: str) -> None:
    """The line's number is enough to find it."""
    with pytest.raises(BadInputError, match="line 2 of the request holds no customer number") as refused:
        parse_numbers(f"17\n{text}\n")
    assert text not in refused.value.message


@pytest.mark.parametrize("name", ["../R-1", "", "a/b", "..", "x" * 61])
def test_a_request_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    """A name is no path."""
    with pytest.raises(BadInputError, match="a request is named by"):
        request_path(settings(tmp_path), "demo", name)


def test_only_a_plain_file_is_a_request(tmp_path: Path) -> None:
    """A link to what the job may read, a folder, a missing file, bytes that are no text: each is one sentence."""
    path = request_path(settings(tmp_path), "demo", "R-1")
    with pytest.raises(BadInputError, match="there is no request R-1"):
        load_forget_request(path)
    path.parent.mkdir(parents=True)
    (tmp_path / "secret").write_text("17\n")
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(BadInputError, match="is a link"):
        load_forget_request(path)
    path.unlink()
    path.write_bytes(b"\xff\xfe1\x007\x00")
    with pytest.raises(BadInputError, match="is no text"):
        load_forget_request(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(BadInputError, match="is no plain file"):
        load_forget_request(path)
