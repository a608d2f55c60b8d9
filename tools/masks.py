"""Who may read what is written: the home is its owner's alone, what setup fetched is everybody's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

OWNERS_ALONE = 0o077
"""For all that a command and what it starts write: names and telephones are in it."""
READABLE = 0o022


@contextmanager
def readable() -> Iterator[None]:
    """Let other accounts read what is written within: Java, jars and settings, which a container's user runs."""
    before = os.umask(READABLE)
    try:
        yield
    finally:
        os.umask(before)
