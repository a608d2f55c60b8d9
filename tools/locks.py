"""Of two commands that are started at once in one checkout, one installs."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def alone(lock: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other command fills the environment: two at once would spoil it for each other.

    Args:
        lock: A file beside the environment.
        say: Tells a person why nothing happens.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # a folder that cannot be written, or a disk without locks
            handle = stack.enter_context(lock.open("w"))
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Another command installs packages here: this one waits for its end")
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
