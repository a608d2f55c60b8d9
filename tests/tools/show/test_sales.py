"""Files and sales as they are printed, from small Delta folders."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from basketry.tables import ORDER_LINES, PRODUCTS
from tests.kit.lake import fill
from tests.kit.printed import printed
from tests.kit.rows import order_line, product, returned_line
from tools.show import sales, tables
from tools.terminal import plain

CAME = datetime(2026, 1, 6, 5, tzinfo=UTC)


def write_files(lake: Path) -> None:
    kinds = pa.map_(pa.string(), pa.int64())
    rows = pa.table(
        {
            "feed": ["order_lines", "order_lines", "products", "products"],
            "file_checksum": ["a", "b", "c", "d"],
            "delivered_at": [CAME] * 4,
            "status": ["loaded", "loaded", "loaded", "refused"],
            "rows_read": [10, 20, 5, 99],
            "rows_good": [8, 20, 5, 0],
            "rows_quarantined": [1, 0, 0, 0],
            "rows_duplicate": [1, 0, 0, 0],
            "reasons": pa.array([[("quantity:missing", 1)], [], [("late", 2)], []], kinds),
            "touched_to": pa.array([date(2026, 1, 4), date(2026, 1, 5), None, None], pa.date32()),
        }
    )
    write_deltalake(str(lake / "demo" / "ops" / "files"), rows)


def test_files_are_counted_by_feed(tmp_path: Path) -> None:
    """Refused files are not counted as read; the totals add up; every reason is there."""
    write_files(tmp_path)
    text = printed(sales.show_files, tmp_path, "demo")
    lines = [line.split() for line in text.splitlines()]
    assert ["order_lines", "2", "30", "28", "1", "1"] in lines
    assert ["all", "3", "35", "33", "1", "1"] in lines
    assert "late 2, quantity:missing 1" in text
    assert tables.last_day(tmp_path, "demo") == date(2026, 1, 5)
    assert tables.loaded_files(tmp_path, "demo") == {"order_lines": {"a": CAME, "b": CAME}, "products": {"c": CAME}}


def write_week(lake: Path, name: str, rows: dict[str, list[object]]) -> None:
    starts = rows["period_start"]
    types = {"period_start": pa.date32(), "period_end": pa.date32()}
    arrays = {column: pa.array(values, types.get(column)) for column, values in rows.items()}
    arrays["orders"] = pa.array([3] * len(starts))
    write_deltalake(str(lake / "demo" / "gold" / name), pa.table(arrays))


def test_the_last_complete_week_is_shown(tmp_path: Path) -> None:
    """The running week is passed over; categories are ordered by revenue."""
    monday, sunday = date(2026, 1, 5), date(2026, 1, 11)
    running, end = date(2026, 1, 12), date(2026, 1, 18)
    write_week(
        tmp_path,
        "sales_week_rollup",
        {
            "period_start": [monday, monday, monday, running],
            "period_end": [sunday, sunday, sunday, end],
            "level": ["category", "category", "total", "category"],
            "category": ["Soup", "Tea", "", "Ice"],
            "net_revenue": [Decimal("1.5000"), Decimal("1234.5000"), Decimal("9.0000"), Decimal("7.0000")],
        },
    )
    text = printed(sales.show_sales, tmp_path, "demo", date(2026, 1, 14))
    assert "week of 2026-01-05" in text
    assert text.index("Tea") < text.index("Soup")
    assert "1,234.50" in text
    assert "Ice" not in text


@pytest.mark.parametrize("name", ["Ale [/sale] bar", "[link=http://evil.example]Tea[/link]", "Tea [bold"])
def test_a_name_is_shown_as_it_is_written(name: str, tmp_path: Path) -> None:
    """A stranger's square brackets are no markup: they neither end the run nor become a link."""
    monday, sunday = date(2026, 1, 5), date(2026, 1, 11)
    write_week(
        tmp_path,
        "sales_week_rollup",
        {
            "period_start": [monday, monday],
            "period_end": [sunday, sunday],
            "level": ["category", "category"],
            "category": [name, "Soup"],
            "net_revenue": [Decimal("2.0000"), Decimal("1.0000")],
        },
    )
    assert name in printed(sales.show_sales, tmp_path, "demo", sunday)


def test_no_name_reaches_the_terminal_as_a_command() -> None:
    """Escape sequences and characters that turn the direction of text are left out; a line break is a blank."""
    assert plain("a\x1b[2Jb\u202ec\nd\x9b\x07") == "a[2Jbc d"


def test_products_stand_in_where_no_category_is_known(tmp_path: Path) -> None:
    """A catalog without categories still shows what sold."""
    monday, sunday = date(2026, 1, 5), date(2026, 1, 11)
    write_week(
        tmp_path,
        "sales_week_rollup",
        {
            "period_start": [monday],
            "period_end": [sunday],
            "level": ["total"],
            "category": [""],
            "net_revenue": [Decimal("9.0000")],
        },
    )
    write_week(
        tmp_path,
        "sales_week",
        {
            "period_start": [monday, monday],
            "period_end": [sunday, sunday],
            "product_id": ["p1", "p2"],
            "product": ["Lamp", None],
            "net_revenue": [Decimal("5.0000"), Decimal("4.0000")],
        },
    )
    start, _, products = sales.top_of_last_week(tmp_path, "demo", sunday)
    assert start == monday
    assert [row[0] for row in products] == ["Lamp", "p2"]
    text = printed(sales.show_sales, tmp_path, "demo", sunday)
    assert "Lamp" in text and "product, week of 2026-01-05" in text and "category" not in text


def test_a_table_that_does_not_exist_has_no_rows(tmp_path: Path) -> None:
    """Before the first load everything is new and nothing is known."""
    assert tables.loaded_files(tmp_path, "demo") == {}
    assert tables.last_day(tmp_path, "demo") is None


def test_sales_count_as_done_only_for_what_they_read(tmp_path: Path) -> None:
    """A run of the same day that read an older version of a table does not count: a later delivery is computed."""
    folder = tmp_path / "demo" / "silver" / "order_lines"
    write_deltalake(str(folder), pa.table({"a": [1]}))
    versions = pa.array([[("silver.order_lines", 0)]], pa.map_(pa.string(), pa.int64()))
    runs = pa.table({"job": ["sales"], "as_of": pa.array([date(2026, 1, 5)]), "input_versions": versions})
    write_deltalake(str(tmp_path / "demo" / "ops" / "job_runs"), runs)
    assert tables.sales_done(tmp_path, "demo", date(2026, 1, 5))
    assert tables.sales_done(tmp_path, "demo", date(2026, 1, 4))
    assert not tables.sales_done(tmp_path, "demo", date(2026, 1, 6))
    write_deltalake(str(folder), pa.table({"a": [2]}), mode="append")
    assert not tables.sales_done(tmp_path, "demo", date(2026, 1, 5))


def test_first_figures_count_as_the_job_will(tmp_path: Path) -> None:
    """Returns are taken off, cancelled lines and fees left out, and what has no category stays; orders are told apart."""
    lines = [
        order_line("O1", "1", "2026-01-05", product="P1", list_amount="30"),
        order_line("O1", "2", "2026-01-05", product="P1"),
        returned_line("O2", "1", "2026-01-09", product="P1"),
        order_line("O3", "1", "2026-01-06", product="P1", status="cancelled"),
        order_line("O4", "1", "2026-01-06", product=None, line_kind="fee"),
        order_line("O5", "1", "2026-02-01", product="P2", list_amount="7"),
    ]
    fill(tmp_path, "demo", ORDER_LINES, lines)
    fill(tmp_path, "demo", PRODUCTS, [product("P1", "Tea"), product("P2", " ")])
    shown = [line.split() for line in printed(sales.show_first_figures, tmp_path, "demo").splitlines()]
    assert "first figures, 2026-01-05 to 2026-02-01" in " ".join(shown[1])
    assert shown[2:4] == [["Tea", "30.00", "1"], ["Uncategorised", "7.00", "1"]]


def test_nothing_loaded_has_no_first_figures(tmp_path: Path) -> None:
    """Without products or order lines nothing is printed."""
    assert printed(sales.show_first_figures, tmp_path, "demo") == ""
