"""The questions that `make run` asks, answered from the lake of a small shop."""

from __future__ import annotations

from pathlib import Path

from tests.kit.printed import printed
from tests.kit.small_shop import frames, write
from tools.show.questions import QUESTIONS, show_questions


def test_every_question_is_answered(tmp_path: Path) -> None:
    """Each as one would type it, with the rows of its answer."""
    write(tmp_path, frames())
    text = printed(show_questions, tmp_path, "demo")
    parts = text.strip().split("\n\n")
    assert [part.splitlines()[0] for part in parts] == [f'make ask Q="{question}"' for question in QUESTIONS]
    assert [len(part.splitlines()) for part in parts] == [5, 3, 3]
    assert "net revenue growth" in parts[1] and "segment customers" in parts[2]


def test_what_cannot_be_answered_yet_says_why(tmp_path: Path) -> None:
    """Before anything is loaded each question has its sentence."""
    (tmp_path / "lake").mkdir()
    parts = printed(show_questions, tmp_path, "demo").strip().split("\n\n")
    assert len(parts) == len(QUESTIONS) and all(len(part.splitlines()) == 2 for part in parts)
    assert "there is nothing yet" in parts[0]
