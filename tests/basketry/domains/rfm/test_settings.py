"""include/rfm.yaml: the grid holds every cell once, and a mistake is told with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from basketry.domains.rfm.settings import load_settings
from tests.kit.documents import INCLUDE, shipped
from tests.kit.mistakes import Mistake, mistakes

SETTINGS = shipped("rfm.yaml", load_settings)


def test_the_shipped_grid_names_all_cells_as_marketers_do() -> None:
    """Eleven names, 125 cells; the best customer is a champion, the worst is lost, a valuable one who left is not."""
    grid = load_settings(INCLUDE).grid
    assert len(grid.names) == 11 and grid.positions.shape == (5, 5, 5)
    assert set(np.unique(grid.positions)) == set(range(11))
    segments = grid.segments(np.array([[5, 5, 5], [1, 1, 1], [1, 5, 5], [5, 1, 3], [4, 1, 1], [2, 4, 1], [3, 4, 2]]))
    assert list(segments) == ["Champions", "Lost", "Cannot lose", "New", "Promising", "At risk", "Loyal"]
    assert all(grid.treatments[name] for name in grid.names)


def test_a_hole_is_named(tmp_path: Path) -> None:
    """A cell that no segment has refuses the file, and the cell is told."""
    hole = ("{r: 1, f: [1, 2], m: [1, 2]}", "{r: 1, f: [1, 2], m: 1}")
    assert "no segment has r 1, f 1, m 2; r 1, f 2, m 2;" in SETTINGS.refusal(tmp_path / "a", hole).sentence
    larger = ("{r: 3, f: [4, 5], m: [1, 5]}", "{r: 3, f: 5, m: [1, 5]}")
    sentence = SETTINGS.refusal(tmp_path / "b", larger).sentence
    assert "r 3, f 4, m 1; r 3, f 4, m 2; r 3, f 4, m 3 and 2 more" in sentence


@mistakes(
    SETTINGS,
    (
        "{r: [4, 5], f: [4, 5], m: [1, 3]}",
        "{r: [4, 5], f: [4, 5], m: [1, 4]}",
        "r 4, f 4, m 4 is in 'Champions' and in 'Loyal'; leave it in one of them.",
    ),
)
def test_an_overlap_is_named_with_both_owners(mistake: Mistake, tmp_path: Path) -> None:
    """A cell that two segments have refuses the file, with the line of the second."""
    mistake.check(tmp_path)


@mistakes(
    SETTINGS,
    ("window_days: 365", "window_day: 365", "unknown key 'window_day' in the document; did you mean 'window_days'?"),
    ("window_days: 365", "window_days: 0", "window_days is 0; make it at least 1."),
    ("frequency: {quantile: 0.99}", "frequency: {quantile: 2}", "quantile of frequency is 2; write a share up to 1."),
    ("frequency: {quantile: 0.99}", "frequency: {at: 30, quantile: 1}", "…needs either at or quantile."),
    ("monetary: {quantile: 0.99}", "monetary: {at: 0}", "at of monetary is 0; write more than 0."),
    ("most: 20", "most: 1", "most is 1; make it at least 2."),
    ("least: 2 ", "least: 21 ", "8: most is 20, below least; make it at least 21."),
    ("[1, 7, 28]", "[]", "migration_days is empty…"),
    ("least_stability: 0.75", "least_stability: 7", "least_stability is 7; make it a number from 0 to 1."),
    ("{r: 5, f: 1, m: [1, 5]}", "{r: 6, f: 1, m: [1, 5]}", "r is 6 to 6; scores run from 1 to 5…"),
    ("{r: 5, f: 1, m: [1, 5]}", "{r: 5, f: 1, m: [5, 1]}", "m is 5 to 1; scores run from 1 to 5, the lower one first."),
    ("{r: 5, f: 1, m: [1, 5]}", "{r: 5, f: 1, m: [1, 2, 5]}", "m has 3 numbers…"),
    ("{r: 5, f: 1, m: [1, 5]}", "{r: 5, f: 1}", "a cell of New has no 'm'; add it."),
    ("  New:", "  (new):", "…begins with a bracket…"),
)
def test_a_mistake_is_told(mistake: Mistake, tmp_path: Path) -> None:
    """File, line, what is wrong and what to write."""
    mistake.check(tmp_path)
