"""Who is to be forgotten: a request's customer numbers, in a file of their own that only its run reads, and then deletes.

Everything else that starts a job is kept: forms, command lines, logs and lists of runs. So they hold the request's name only.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from basketry.config.settings import Settings
from basketry.errors import BadInputError

REQUEST_ID = r"^[A-Za-z0-9._-]{1,60}$"
"""What a request may be called: it becomes the name of its file."""
_NUMBER = re.compile(r"[A-Za-z0-9_-]{1,100}")
_LONGEST = 1_000_000


def request_path(settings: Settings, catalog: str, request_id: str) -> Path:
    """Return the file of a request.

    Raises:
        BadInputError: The name cannot be that of a request.
    """
    if not re.fullmatch(REQUEST_ID, request_id) or not request_id.strip("."):
        raise BadInputError("a request is named by up to 60 letters, digits, dots, dashes and underscores: correct it.")
    return settings.request_folder(catalog) / f"{request_id}.txt"


def parse_numbers(text: str) -> tuple[str, ...]:
    """Return the customer numbers of a text, each once: one per line, or with commas between.

    Raises:
        BadInputError: There is none, or a line holds something else; its number is named, never what it holds.
    """
    numbers: dict[str, None] = {}
    for position, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        for number in filter(None, map(str.strip, line.split(","))):
            if not _NUMBER.fullmatch(number):
                raise BadInputError(
                    f"line {position} of the request holds no customer number: give numbers only, never names or addresses."
                )
            numbers[number] = None
    if not numbers:
        raise BadInputError("the request names nobody: write the customer numbers, one per line.")
    return tuple(numbers)


def load_forget_request(path: Path) -> tuple[str, ...]:
    """Return the customer numbers of a request's file.

    Raises:
        BadInputError: There is no such file, it is a link or no plain file, or it holds anything but numbers.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise BadInputError(
            f"there is no request {path.stem}: write its customer numbers with make forget, or into {path}, one per line."
        ) from None
    except OSError:
        raise BadInputError(f"the request {path.stem} is a link or cannot be read: write it again.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadInputError(f"the request {path.stem} is no plain file: write it again.")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise BadInputError(f"the request {path.stem} is longer than {_LONGEST:,} bytes: make several of it.")
    try:
        return parse_numbers(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadInputError(f"the request {path.stem} is no text: write the customer numbers, one per line.") from None


def write_request(path: Path, numbers: Iterable[str]) -> None:
    """Write a request's file, which only this user may read.

    Raises:
        BadInputError: There is one of that name already.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise BadInputError(f"the request {path.stem} is written already: start forget, or delete {path}.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{number}\n" for number in numbers)
