"""How a table of results is laid out."""

from __future__ import annotations

from collections.abc import Container

from rich.table import Table as Grid


def make_grid(*columns: str, left: Container[str] = (), wide: str = "") -> Grid:
    """Make an empty table with these headings; the first column is text, the others are numbers.

    Args:
        columns: The headings.
        left: Further columns of text.
        wide: A column of text that may take several lines.
    """
    grid = Grid(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for position, column in enumerate(columns):
        is_text = position == 0 or column in left or column == wide
        grid.add_column(column, justify="left" if is_text else "right", no_wrap=column != wide)
    return grid
