"""Which files a pattern names, and what it can never reach."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from basketry.errors import BadInputError, NothingDeliveredError
from basketry.files import find_files, find_in_feeds
from tests.kit.files import contract, written

CONTRACT = contract(patterns=("orders*.csv", "orders*.csv.gz"))


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A landing folder with two deliveries, another feed's file and things that are no deliveries."""
    folder = tmp_path / "landing"
    (folder / "2026").mkdir(parents=True)
    for name in ("orders_b.csv", "orders_a.csv", "customers.csv", ".orders_x.csv", "2026/orders_c.csv"):
        written(folder, name, "id\n1\n")
    written(tmp_path, "orders_secret.csv", "id\n1\n")
    return folder


def names(landing: Path, pattern: str) -> list[str]:
    """Paths found, relative to the landing folder."""
    return [path.relative_to(landing).as_posix() for path in find_files(landing, pattern, CONTRACT)]


def refusal(landing: Path, pattern: str) -> str:
    """The sentence with which a pattern is refused."""
    with pytest.raises(BadInputError) as refused:
        find_files(landing, pattern, CONTRACT)
    return str(refused.value)


def test_only_files_of_the_feed_are_found_in_sorted_order(landing: Path) -> None:
    """The default pattern finds the feed's own files, sorted, and leaves folders, hidden and other files alone."""
    assert names(landing, "*") == ["orders_a.csv", "orders_b.csv"]


def test_parts_separated_by_commas_are_joined_without_repeats(landing: Path) -> None:
    """A pattern may have several parts, and a file that two of them name is found once."""
    assert names(landing, "orders_b.csv, orders_*.csv , 2026/*") == [
        "2026/orders_c.csv",
        "orders_a.csv",
        "orders_b.csv",
    ]


def test_a_name_with_brackets_or_comma_is_a_name_when_the_file_exists(landing: Path) -> None:
    """What a browser or a person calls a file is taken literally before it is taken as a pattern."""
    written(landing, "orders[1].csv", "id\n")
    written(landing, "orders, new.csv", "id\n")
    assert names(landing, "orders[1].csv") == ["orders[1].csv"]
    assert names(landing, "orders, new.csv") == ["orders, new.csv"]


@pytest.mark.parametrize("pattern", ["../orders_secret.csv", "2026/../../orders_*.csv", "/etc/passwd", "/etc/*", "~/x"])
def test_a_path_outside_the_landing_folder_is_refused(landing: Path, pattern: str) -> None:
    """No pattern reaches a file outside the landing folder."""
    sentence = refusal(landing, pattern)
    assert f"'{pattern}' leaves the landing folder" in sentence
    assert "name files inside it only" in sentence


def test_an_absolute_path_inside_the_landing_folder_is_the_file(landing: Path) -> None:
    """A full path is fine as long as it stays inside."""
    assert names(landing, str(landing / "orders_a.csv")) == ["orders_a.csv"]
    assert names(landing, str(landing / "orders_*.csv")) == ["orders_a.csv", "orders_b.csv"]


@pytest.mark.parametrize("pattern", ["orders_link.csv", "*"])
def test_a_symlink_out_of_the_landing_folder_is_refused(landing: Path, pattern: str) -> None:
    """A link to a file outside is refused whether it is named or matched."""
    (landing / "orders_link.csv").symlink_to(landing.parent / "orders_secret.csv")
    sentence = refusal(landing, pattern)
    assert "'orders_link.csv' is a link to a place outside the landing folder" in sentence
    assert "deliver the file itself" in sentence


def test_a_linked_folder_out_of_the_landing_folder_is_refused(landing: Path) -> None:
    """A link to a folder outside does not lead out either."""
    (landing / "linked").symlink_to(landing.parent)
    assert "outside the landing folder" in refusal(landing, "linked/orders_secret.csv")
    assert "outside the landing folder" in refusal(landing, "linked/orders*.csv")


def test_a_landing_folder_that_is_itself_a_link_works(landing: Path) -> None:
    """Where the landing folder itself lives is the operator's choice."""
    linked = landing.parent / "linked"
    linked.symlink_to(landing)
    assert [path.name for path in find_files(linked, "*", CONTRACT)] == ["orders_a.csv", "orders_b.csv"]


def test_a_directory_is_refused_by_name(landing: Path) -> None:
    """A directory is no file; the refusal shows how to name its files."""
    assert "'2026' is a directory; name its files, for example '2026/*'" in refusal(landing, "2026")


def test_a_pipe_is_refused_by_name_and_left_alone_by_a_glob(landing: Path) -> None:
    """Only regular files are read: a pipe would wait for ever."""
    os.mkfifo(landing / "orders_pipe.csv")
    assert "not a regular file" in refusal(landing, "orders_pipe.csv")
    assert "orders_pipe.csv" not in names(landing, "*")


def test_a_file_of_another_feed_is_refused_by_name(landing: Path) -> None:
    """A file named explicitly that does not fit the feed's patterns says so, with the patterns and the fix."""
    sentence = refusal(landing, "customers.csv")
    assert "'customers.csv' does not match the file patterns of feed 'things' (orders*.csv, orders*.csv.gz)" in sentence
    assert "add its pattern to things.odcs.yaml" in sentence


def test_a_missing_file_names_what_is_there(landing: Path) -> None:
    """A file that is not there is told together with what is."""
    assert "File 'orders_z.csv' is not in the landing folder" in refusal(landing, "orders_z.csv")
    assert "there are 2026, customers.csv, orders_a.csv, orders_b.csv" in refusal(landing, "nothing*")


def test_an_empty_or_missing_landing_folder_says_what_to_do(tmp_path: Path) -> None:
    """Nothing delivered is a sentence, not a success."""
    assert "the folder is empty, deliver a file into it" in refusal(tmp_path, "*")
    assert "does not exist; put the files there" in refusal(tmp_path / "none", "*")


@pytest.mark.parametrize("pattern", ["", " , ", "a\0b", "**x", "x" * 5000, "["])
def test_a_senseless_pattern_is_a_sentence(landing: Path, pattern: str) -> None:
    """Whatever is typed as a pattern, the answer is a BadInputError."""
    assert refusal(landing, pattern).startswith("BAD_INPUT: ")


def test_feeds_without_a_delivery_are_left_out(landing: Path) -> None:
    """Of several feeds those count for which something was delivered; nothing at all, or a wrong pattern, is a sentence."""
    others = (CONTRACT, contract(patterns=("coupons*.csv",)))
    found = find_in_feeds(others, lambda feed: find_files(landing, "*", feed))
    assert [(feed, len(files)) for feed, files in found] == [(CONTRACT, 2)]
    with pytest.raises(NothingDeliveredError, match="deliver files of one of: things, things"):
        find_in_feeds(others, lambda feed: find_files(landing, "none*", feed))
    with pytest.raises(BadInputError, match="leaves the landing folder"):
        find_in_feeds(others, lambda feed: find_files(landing, "../*", feed))
