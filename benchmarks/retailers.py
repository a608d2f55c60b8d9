"""Lakes of a retailer the evening before its newest day: the demo's 0.35 million order lines, and the same so many times over.

A larger retailer has the same products and prices and more customers: each customer and order is there several times,
under names of their own. Champions are trained once, on the demo; the features they see are the same.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, write_deltalake

from basketry.warehouse.local_delta import commits
from benchmarks.cases import CHECKOUT, HERE, submit
from benchmarks.crowned import crown

CATALOG = "demo"
START, DAY = date(2025, 2, 10), date(2026, 11, 16)
"""Mondays. Files of order lines hold four weeks, so the newest of them holds nothing but the last day."""
EVE = DAY - timedelta(days=1)
FEEDS = ("products", "reviews")
"""What the jobs of a day read beside the order lines."""
NAME_COLUMNS = {"customer_id": "Customer No", "order_id": "Order No"}
WEEKS_A_WRITE = 4
EVENING = f"--as-of={EVE}"
TRACKED = {"delta.enableChangeDataFeed": "true"}
LINES = """
    WITH texts AS (
        SELECT *, row_number() OVER () AS place
        FROM read_csv(?, header = true, all_varchar = true, ignore_errors = true)
    ),
    lines AS (
        SELECT "Order No" AS order_id, "Line" AS line_id, nullif(trim("Customer No"), '') AS customer_id,
            trim("Item Code") AS product_id, "Store" AS store_id,
            try_strptime("Order Time", '%m/%d/%Y %H:%M:%S') AS ordered_at,
            try_strptime("Business Date", '%m/%d/%Y')::date AS order_date, lower("Type") AS line_kind, lower("Status") AS status,
            try_cast("Qty" AS decimal(18, 3)) AS quantity, try_cast("List Amount" AS decimal(18, 4)) AS list_amount,
            try_cast("Loyalty Savings" AS decimal(18, 4)) AS instore_discount,
            try_cast("Campaign Coupon" AS decimal(18, 4)) AS campaign_coupon_discount,
            try_cast("Mfr Coupon" AS decimal(18, 4)) AS manuf_coupon_discount,
            try_cast("Mfr Coupon Match" AS decimal(18, 4)) AS manuf_coupon_match_discount,
            try_cast("Net Amount" AS decimal(18, 4)) AS net_amount,
            ? AS _file_checksum, place + 1 AS _row_number, ?::timestamp AS _delivered_at
        FROM texts
    )
    SELECT * FROM lines
    WHERE order_id IS NOT NULL AND line_id IS NOT NULL AND ordered_at IS NOT NULL AND order_date IS NOT NULL
        AND status IN ('paid', 'shipped', 'returned', 'cancelled') AND line_kind IN ('sale', 'return')
        AND quantity + list_amount + instore_discount + campaign_coupon_discount IS NOT NULL
        AND manuf_coupon_discount + manuf_coupon_match_discount + net_amount IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY order_id, line_id ORDER BY _row_number DESC) = 1
"""
"""The contract of the demo's order lines, as far as good rows need it."""
QUICK = {
    "propensity.yaml": {"dates: 8": "dates: 3", "trials: 4": "trials: 1"},
    "rfm.yaml": {"most: 20": "most: 8", "resamples: 20": "resamples: 5"},
    "forecast.yaml": {"origins: 26": "origins: 8", "bootstrap: 500": "bootstrap: 50"},
}
"""What shortens a training and leaves the model as large as it is."""


@dataclass(frozen=True)
class Retailer:
    """A home with the lake of an evening, and the file of the day after it, not yet delivered."""

    home: Path
    registry: str
    delivery: Path

    @property
    def lake(self) -> Path:
        """Folder of the catalog."""
        return self.home / "lake" / CATALOG

    @property
    def landing(self) -> Path:
        """Where the day's file belongs."""
        return self.home / "landing" / CATALOG / "order_lines"

    @property
    def lines(self) -> int:
        """Order lines of the lake."""
        return DeltaTable(self.lake / "silver" / "order_lines").to_pyarrow_dataset().count_rows()

    @property
    def changes(self) -> dict[str, str]:
        """What jobs of this home need in their environment."""
        return {"MLFLOW_TRACKING_URI": self.registry, "BASKETRY_INCLUDE": str(self.home / "include")}


def demo(home: Path, registry: str) -> Retailer:
    """Make the demo up to the evening, with champions in the registry and that evening's sales.

    Its order lines come without ingest.
    """
    from tools.demo import deliver

    retailer = Retailer(home, registry, home / "day" / f"order_lines_{DAY}.csv.gz")
    deliver(home / "landing" / CATALOG, DAY, start=START)
    retailer.delivery.parent.mkdir()
    shutil.move(retailer.landing / retailer.delivery.name, retailer.delivery)
    _hardly_trained(home / "include")
    for file in sorted(retailer.landing.glob("*.csv.gz")):
        write_deltalake(
            retailer.lake / "silver" / "order_lines", read_lines(file), mode="append", configuration=TRACKED
        )
    _before(
        retailer,
        *(("ingest", f"--feed={feed}") for feed in FEEDS),
        ("features", EVENING, "--training", "--choose-categories"),
        ("train_propensity", EVENING),
        ("rfm", EVENING, "--fit"),
        ("train_forecast", EVENING),
    )
    os.environ["MLFLOW_TRACKING_URI"] = registry
    for kind in ("propensity", "rfm", "forecast"):
        crown(retailer.home, CATALOG, kind)
    _before(retailer, ("sales", EVENING))
    return retailer


def read_lines(file: Path) -> pa.Table:
    """Rows of silver.order_lines of a delivered file, without those that are spoiled."""
    rows = duckdb.sql(LINES, params=[str(file), file.name, f"{EVE} 05:00:00"]).to_arrow_table()
    moment = pa.timestamp("us", "UTC")
    return rows.cast(
        pa.schema(field.with_type(moment) if pa.types.is_timestamp(field.type) else field for field in rows.schema)
    )


def _hardly_trained(include: Path) -> None:
    shutil.copytree(CHECKOUT / "include", include)
    for name, words in QUICK.items():
        text = (include / name).read_text()
        for old, new in words.items():
            if old not in text:
                raise RuntimeError(f"include/{name} has no '{old}' any more: correct benchmarks/retailers.py.")
            text = text.replace(old, new)
        (include / name).write_text(text)


def _before(retailer: Retailer, *jobs: Sequence[str]) -> None:
    """Run jobs in one session."""
    commands = [
        [name, f"--catalog={CATALOG}", f"--run-id=before-{place}", *given] for place, (name, *given) in enumerate(jobs)
    ]
    submit(HERE / "one_session.py", json.dumps(commands), home=retailer.home, **retailer.changes)


def copied(retailer: Retailer, home: Path) -> Retailer:
    """Copy the retailer to a home of its own; the registry stays where it is."""
    for name in ("lake", "include"):
        if (retailer.home / name).exists():
            shutil.copytree(retailer.home / name, home / name)
    (home / "landing" / CATALOG / "order_lines").mkdir(parents=True)
    return Retailer(home, retailer.registry, retailer.delivery)


def grown(retailer: Retailer, home: Path, times: int) -> Retailer:
    """Multiply the retailer's customers and orders, which sales and features note as known.

    What is stored of earlier days stays that of the small one: a day's jobs note its version and do not read it.
    """
    larger = grown_lines(retailer, home, times)
    delivery = home / "day" / retailer.delivery.name
    delivery.parent.mkdir()
    _multiply(retailer.delivery, delivery, times)
    note_as_known(larger.lake)
    return Retailer(home, retailer.registry, delivery)


def grown_lines(retailer: Retailer, home: Path, times: int) -> Retailer:
    """Multiply the customers and orders of the order lines alone."""
    copy = copied(retailer, home)
    table = copy.lake / "silver" / "order_lines"
    originals = DeltaTable(table).to_pyarrow_table()
    first = START
    while first <= EVE:
        last = first + timedelta(weeks=WEEKS_A_WRITE)
        lines = originals.filter(
            pc.and_(pc.greater_equal(originals["order_date"], first), pc.less(originals["order_date"], last))
        )
        copies = pa.concat_tables(_renamed(lines, number) for number in range(1, times))
        write_deltalake(table, copies, mode="append")
        first = last
    return copy


def note_as_known(lake: Path) -> None:
    """Have gold say that it reflects the newest order lines: making 35 million known would cost an hour that no day does."""
    newest = DeltaTable(lake / "silver" / "order_lines").version()
    for folder in sorted(lake.glob("gold/sales_*")):
        (noted,) = [note for commit in commits(folder) if '"reflects"' in (note := commit.get("userMetadata") or "")][
            :1
        ]
        reflects = {**json.loads(noted)["reflects"], "silver.order_lines": newest}
        write_deltalake(
            folder,
            DeltaTable(folder).schema().to_arrow().empty_table(),
            mode="append",
            commit_properties=CommitProperties(custom_metadata={"userMetadata": json.dumps({"reflects": reflects})}),
        )
    DeltaTable(lake / "ops" / "feature_dates").update(updates={"order_lines_version": str(newest)})


def _renamed(lines: pa.Table, number: int) -> pa.Table:
    for name in NAME_COLUMNS:
        place = lines.schema.get_field_index(name)
        names = pc.binary_join_element_wise(lines[name], str(number), "-")
        lines = lines.set_column(place, lines.schema.field(place), names)
    return lines


def _multiply(file: Path, larger: Path, times: int) -> None:
    """Write the delivered file with its rows so many times over."""
    with gzip.open(file, "rt", newline="") as source, gzip.open(larger, "wt", newline="", compresslevel=1) as target:
        rows = csv.reader(source)
        header = next(rows)
        places = [header.index(name) for name in NAME_COLUMNS.values()]
        written = csv.writer(target, lineterminator="\n")
        written.writerow(header)
        for row in rows:
            written.writerow(row)
            for number in range(1, times):
                copy = list(row)
                for place in places:
                    copy[place] = f"{row[place]}-{number}" if row[place].strip() else row[place]
                written.writerow(copy)
