"""The folder of an instance: made for its owner alone, and marked, so that it can be deleted as a whole one day."""

from __future__ import annotations

from pathlib import Path

MARK = ".made-by-basketry"
_TEXT = "Basketry made this folder for itself: make clean deletes it with all that is in it.\n"


def make_home(home: Path) -> None:
    """Make the folder where there is none; one that was there before belongs to somebody else as well and is not marked."""
    try:
        home.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        return
    (home / MARK).write_text(_TEXT)


def is_ours(home: Path) -> bool:
    """Whether Basketry made the folder; a link to a folder it did not make."""
    return (home / MARK).is_file() and not home.is_symlink()
