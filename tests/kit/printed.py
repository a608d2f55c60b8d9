"""What a function prints on a wide terminal."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from rich.console import Console


def printed(show: Callable[..., None], *arguments: Any) -> str:
    """The text that `show(console, *arguments)` prints, without colours."""
    output = io.StringIO()
    show(Console(width=140, file=output, highlight=False), *arguments)
    return output.getvalue()
