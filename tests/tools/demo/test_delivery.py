"""Same arguments, same bytes; a later end leaves what was delivered; bad arguments are told."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from basketry.errors import BadInputError
from tools.demo import deliver
from tools.demo.__main__ import main
from tools.demo.world import World, first_day

START, END = date(2026, 1, 5), date(2026, 3, 11)


def checksums(folder: Path) -> dict[str, str]:
    """sha256 of every file by its path."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def small(folder: Path, end: date = END, seed: int = 7) -> dict[str, str]:
    """Deliver a tiny retailer and return the checksums."""
    deliver(folder, end, START, seed, scale=0.05)
    return checksums(folder)


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    """Every file, workbooks and gzip too, and the manifest are equal to the byte, also over an older delivery."""
    first = small(tmp_path / "one")
    assert first == small(tmp_path / "two")
    assert first == small(tmp_path / "two")


def test_modification_times_do_not_depend_on_the_clock(tmp_path: Path) -> None:
    """A file's modification time is the end of the day in its name."""
    small(tmp_path)
    stamps = {path.stat().st_mtime for path in tmp_path.rglob(f"*_{END}.*")}
    assert len(stamps) == 1
    assert date.fromtimestamp(stamps.pop()) - END <= timedelta(days=1)


def test_another_seed_is_another_retailer(tmp_path: Path) -> None:
    """The seed decides everything."""
    first, second = small(tmp_path / "one"), small(tmp_path / "two", seed=8)
    assert first.keys() == second.keys()
    assert not set(first.values()) & set(second.values())


@pytest.mark.parametrize("days", [1, 4, 23])
def test_a_later_end_leaves_ended_periods_as_they_were(tmp_path: Path, days: int) -> None:
    """Growing replaces the newest files alone; files of ended periods keep their bytes, nothing stale remains."""
    before = small(tmp_path)
    after = small(tmp_path, END + timedelta(days=days))
    ended = {name for name in before if str(END) not in name and name != "manifest.json"}
    assert {"order_lines/order_lines_2026-02-01.csv.gz", "products/products_2026-01-05.xlsx"} <= ended
    assert {name: after[name] for name in ended} == {name: before[name] for name in ended}
    grown = small(tmp_path / "whole", END + timedelta(days=days))
    assert {name: check for name, check in after.items()} == grown


def test_a_growing_file_begins_with_what_it_held_before(tmp_path: Path) -> None:
    """The newest file of a growing feed is the older one and more rows."""
    ends = {"one": END, "two": END + timedelta(days=2)}
    texts = {}
    for name, end in ends.items():
        small(tmp_path / name, end)
        texts[name] = gzip.decompress((tmp_path / name / "order_lines" / f"order_lines_{end}.csv.gz").read_bytes())
    assert texts["two"].startswith(texts["one"])
    assert len(texts["two"]) > len(texts["one"])


def test_files_of_people_stay(tmp_path: Path) -> None:
    """A file that no manifest lists is never removed."""
    (tmp_path / "order_lines").mkdir()
    mine = tmp_path / "order_lines" / "order_lines_by_hand.csv"
    mine.write_text("mine")
    small(tmp_path)
    small(tmp_path, END + timedelta(days=1))
    assert mine.read_text() == "mine"


def test_a_manifest_never_removes_files_outside(tmp_path: Path) -> None:
    """A manifest that names a path out of its feed's folder removes nothing."""
    outside = tmp_path / "precious.txt"
    outside.write_text("precious")
    landing = tmp_path / "landing"
    small(landing)
    text = (landing / "manifest.json").read_text()
    count = (
        '{"feed": "order_lines", "file": "../../precious.txt", "rows": 0, "good": 0, "quarantined": 0, "duplicate": 0}'
    )
    (landing / "manifest.json").write_text(text.replace('"files": [', f'"files": [{count},'))
    small(landing)
    assert outside.read_text() == "precious"


PEAK = """
import sys, tracemalloc
from datetime import date
from pathlib import Path
from tools.demo import deliver

def peak(weeks):
    tracemalloc.start()
    deliver(Path(sys.argv[1]) / str(weeks), date(2026, 3, 11), scale=0.15, weeks=weeks)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return used

peak(1)  # what is loaded or remembered once
print(peak(4), peak(16))
"""


def test_memory_does_not_grow_with_the_number_of_weeks(tmp_path: Path) -> None:
    """Four times the weeks need hardly more memory: only the manifest and the customers grow.

    In a process of its own, where no other test's threads take memory meanwhile.
    """
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path)], capture_output=True, text=True, timeout=300, check=True
    )
    short, long = map(int, done.stdout.split())
    assert long < 1.35 * short


def test_default_start_stays_for_a_week() -> None:
    """Without a start the world begins on a Monday, and the same one for all ends of a week."""
    starts = {first_day(date(2026, 11, 16) + timedelta(days=n), 92) for n in range(6)}
    assert starts == {date(2025, 2, 10)}
    assert first_day(date(2026, 11, 22), 92) == date(2025, 2, 17)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"end": START - timedelta(days=1)}, "lies before its start"),
        ({"scale": 0}, "--scale 0 is not above 0"),
        ({"scale": float("nan")}, "--scale nan"),
        ({"seed": -1}, "--seed -1 is negative"),
    ],
)
def test_impossible_worlds_are_refused(arguments: dict[str, object], message: str) -> None:
    """Bad arguments are one sentence that names the option, before anything is written."""
    given = {"start": START, "end": END, "seed": 7, "scale": 1.0} | arguments
    with pytest.raises(BadInputError, match=message):
        World(**given)  # type: ignore[arg-type]


def test_no_weeks_are_refused() -> None:
    """A world of no weeks has no start."""
    with pytest.raises(BadInputError, match="--weeks 0"):
        first_day(END, 0)


def test_command_line_delivers_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes the files and prints rows by feed; a bad argument is one line and exit code 65."""
    given = ["--out", str(tmp_path / "landing"), "--end", "2026-03-11", "--weeks", "2", "--scale", "0.02"]
    assert main(given) == 0
    assert "order_lines" in capsys.readouterr().out
    assert main([*given, "--start", "2027-01-01"]) == 65
    assert capsys.readouterr().err.startswith("BAD_INPUT: the demo's end")


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    """--out that cannot be a folder is one sentence."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match="give another --out"):
        deliver(tmp_path / "file" / "landing", END, START, scale=0.02)
