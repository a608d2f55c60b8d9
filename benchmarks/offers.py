"""The offers' stream: what deciding costs, a backlog in bounded memory, and a driver that is killed again and again.

python -m benchmarks.offers decide 100000         # events a second, against the same stream with the decision removed
python -m benchmarks.offers drain 1000000         # memory of a backlog against that of a tenth of it
python -m benchmarks.offers kill 20               # kills at random moments of one stream, then counts every event
python -m benchmarks.offers learn 30              # days of simulated shoppers: draws docs/offers-learning.svg
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
from deltalake import DeltaTable

from benchmarks.cases import CHECKOUT, SUBMIT, job
from benchmarks.measure import Figure, Run, environment_with

CATALOG = "demo"
_BEGIN = 1_767_225_600.0
"""2026-01-01 00:00 UTC."""
_LINES_A_FILE = 10_000
_SHOPPERS, _CATEGORIES, _PRODUCTS_EACH = 2_000, 20, 20


def offers(folder: Path, events: int = 100_000) -> list[Figure]:
    """Measure what the decision costs, and what a long backlog does to memory."""
    return [*decide(folder / "decide", events), *drain(folder / "drain", 10 * events)]


def decide(folder: Path, events: int) -> list[Figure]:
    """Measure events per second with the decision, as a share of those without it."""
    rates = {name: _rate(folder / name, events, name) for name in ("decided", "removed")}
    return [
        Figure(
            what="events per second in the stream, with the decision / with it removed",
            measured=f"{rates['decided']:,.0f} against {rates['removed']:,.0f}",
            ratio=rates["removed"] / rates["decided"],
            goal=2.0,
            note=f"{events:,} queued events of {_SHOPPERS:,} shoppers; with it removed no decisions are written either",
        )
    ]


def drain(folder: Path, events: int) -> list[Figure]:
    """Run the whole job over a backlog, and over a tenth of it."""
    runs: list[Run] = []
    for count in (events // 10, events):
        home = folder / str(count)
        environment = environment_with(BASKETRY_HOME=str(home), SPARK_LOCAL_DIRS=str(home / "tmp"))
        _filled(home, environment, count, _LINES_A_FILE)
        runs.append(job("offers", home=home, catalog=CATALOG))
        counted = _counted(home, count)
        assert counted["decided"] == counted["records in the ledger"] == count, counted  # noqa: S101
        shutil.rmtree(home)
    short, long = runs
    return [
        Figure(
            what=f"memory of draining {events:,} queued events / of {events // 10:,}",
            measured=f"{long.peak_mib:,.0f} against {short.peak_mib:,.0f} MiB",
            ratio=long.peak_mib / short.peak_mib,
            goal=1.25,
            note=f"{long.seconds:,.0f} and {short.seconds:,.0f} s, the start included; every event decided exactly once",
        )
    ]


def _rate(home: Path, events: int, name: str) -> float:
    """Events a second while micro-batches run."""
    environment = environment_with(BASKETRY_HOME=str(home), SPARK_LOCAL_DIRS=str(home / "tmp"))
    command = [SUBMIT, str(CHECKOUT / "benchmarks" / "offers.py"), "stream", name, str(events)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["events"] == events  # noqa: S101
    return float(found["events"] / found["seconds"])


def _stream(name: str, events: int) -> None:
    """In a spark-submit of its own: a run over a backlog; prints events and seconds."""
    from basketry.domains.offers import job
    from basketry.domains.offers.engine import Engine
    from basketry.domains.offers.progress import progress_since
    from basketry.domains.offers.settings import load_settings

    lake = _lake()
    fill(lake, events)
    if name == "removed":
        Engine._decide = lambda *_: iter(())  # type: ignore[method-assign]
    function = job.batch_function(lake, load_settings(lake.settings.include))
    begun = time.monotonic()
    job.do_batches(lake, function)
    seconds = time.monotonic() - begun
    print(json.dumps({"events": progress_since(lake, None).totals["records"], "seconds": seconds}))


def fill(lake: object, events: int, lines_a_file: int = _LINES_A_FILE) -> None:
    """Products, customers and a backlog of events."""
    from basketry.lake.lakehouse import Lakehouse, declared_schema
    from basketry.tables import CUSTOMERS, ORDER_LINES, PRODUCTS

    assert isinstance(lake, Lakehouse)  # noqa: S101
    lineage = {"_file_checksum": "x", "_row_number": 1, "_delivered_at": datetime(2026, 1, 1, tzinfo=UTC)}
    products = [
        {
            "product_id": f"P{number:04}",
            "category": f"C{number // _PRODUCTS_EACH:02}",
            "list_price": Decimal(5),
            "unit_cost": Decimal(3),
            "units_available": 100,
        }
        for number in range(_CATEGORIES * _PRODUCTS_EACH)
    ]
    nothing = Decimal(0)
    amounts = dict.fromkeys(
        (
            "list_amount",
            "instore_discount",
            "campaign_coupon_discount",
            "manuf_coupon_discount",
            "manuf_coupon_match_discount",
            "net_amount",
        ),
        nothing,
    )
    orders = [
        {
            "order_id": f"o{number}",
            "line_id": "1",
            "customer_id": f"s{number:05}",
            "product_id": f"P{number % 400:04}",
            "ordered_at": datetime(2025, 12, 31, tzinfo=UTC),
            "order_date": date(2025, 12, 31),
            "line_kind": "sale",
            "status": "paid",
            "quantity": Decimal(1),
            **amounts,
        }
        for number in range(400)
    ]
    customers = [{"customer_id": f"s{number:05}"} for number in range(_SHOPPERS)]
    for table, rows in ((PRODUCTS, products), (CUSTOMERS, customers), (ORDER_LINES, orders)):
        data = [tuple({**lineage, **row}.get(name) for name in table.column_names) for row in rows]
        lake.replace(table, lake.spark.createDataFrame(data, declared_schema(table)), "true")
    deliver(lake.settings.landing_folder(CATALOG, "offer_events"), events, lines_a_file)


def deliver(folder: Path, events: int, lines_a_file: int) -> None:
    """Deliver a backlog of views and carts over a day, in files."""
    folder.mkdir(parents=True)
    chance = np.random.default_rng(1)
    at = np.sort(_BEGIN + chance.random(events) * 86_000)
    who, what = chance.integers(_SHOPPERS, size=events), chance.integers(_CATEGORIES * _PRODUCTS_EACH, size=events)
    for start in range(0, events, lines_a_file):
        path, last = folder / f"events-{start:09}.jsonl", min(start + lines_a_file, events)
        path.write_text("\n".join(_lines(first=start, last=last, at=at, who=who, what=what)) + "\n")
        os.utime(path, (at[last - 1] + 60,) * 2)


def _lines(first: int, last: int, at: np.ndarray, who: np.ndarray, what: np.ndarray) -> Iterator[str]:
    for number in range(first, last):
        when = datetime.fromtimestamp(float(at[number]), UTC).isoformat()
        head = f'{{"event_id":"e{number}","event_type":"view","occurred_at":"{when}",'
        yield f'{head}"customer_id":"s{who[number]:05}","product_id":"P{what[number]:04}"}}'


def kill(home: Path, kills: int, events: int = 4_000, seed: int = 1) -> dict[str, int]:
    """Kill the driver at random moments, then let it end: events, decisions, and events that were not decided exactly once."""
    environment = environment_with(BASKETRY_HOME=str(home), SPARK_LOCAL_DIRS=str(home / "tmp"))
    _filled(home, environment, events, max(1, events // 40))
    include = home / "include"
    shutil.copytree(CHECKOUT / "include", include)
    text = (include / "offers.yaml").read_text()
    (include / "offers.yaml").write_text(text.replace("megabytes_at_once: 16", "megabytes_at_once: 0.000001"))
    environment["BASKETRY_INCLUDE"] = str(include)
    command = [SUBMIT, str(CHECKOUT / "spark_jobs" / "offers.py"), f"--catalog={CATALOG}"]
    chance, hit = random.Random(seed), 0  # noqa: S311 it is no secret
    for _ in range(kills):
        before = _batches(home)
        process = subprocess.Popen(  # noqa: S603
            command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and _batches(home) == before:
            time.sleep(0.05)
        time.sleep(chance.random() * 2.0)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            hit += 1
        process.wait()
    subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603
    return {"kills": hit, **_counted(home, events)}


def _filled(home: Path, environment: dict[str, str], events: int, lines_a_file: int) -> None:
    command = [SUBMIT, str(CHECKOUT / "benchmarks" / "offers.py"), "fill", str(events), str(lines_a_file)]
    subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603


def _batches(home: Path) -> int:
    return len(list((home / "lake" / CATALOG / "bronze" / "offer_events" / "_delta_log").glob("*.json")))


def _counted(home: Path, events: int) -> dict[str, int]:
    lake = home / "lake" / CATALOG
    rows = DeltaTable(lake / "gold" / "offer_decisions").to_pyarrow_table(columns=["decision_id", "slot"]).to_pandas()
    first = rows[rows["slot"] == 1]["decision_id"]
    event_ids = (
        DeltaTable(lake / "bronze" / "offer_events").to_pyarrow_table(columns=["event_id"]).to_pandas()["event_id"]
    )
    ledger = DeltaTable(lake / "ops" / "offer_batches").to_pyarrow_table().to_pandas()
    return {
        "events": events,
        "decided": int(first.nunique()),
        "decided more than once": int(first.duplicated().sum()),
        "kept more than once": int(event_ids.duplicated().sum()),
        "records in the ledger": int(ledger["records"].sum()),
    }


def learn(days: int, shoppers: int = 300) -> dict[str, float]:
    """Draw the click-through of each policy day by day in one simulated shop; returns the means."""
    from matplotlib.figure import Figure as Picture

    from basketry.domains.offers.settings import load_settings
    from basketry.domains.offers.shop import Assortment
    from tools.demo import offer_shoppers, offer_simulation

    chance, count = np.random.default_rng(5), 180
    price, shopper_ids = np.round(chance.uniform(2, 20, count), 2), [f"s{number:03}" for number in range(shoppers)]
    shop = Assortment(
        products=tuple(f"P{number:04}" for number in range(count)),
        categories=tuple(f"C{number:02}" for number in range(12)),
        category=np.repeat(np.arange(12), count // 12),
        price=price,
        cost=price * chance.uniform(0.5, 0.8, count),
        units=np.full(count, 100.0),
    )
    world = offer_shoppers.ShopperWorld.create(shop, shopper_ids, days=days, start=_BEGIN, seed=11)
    settings = load_settings(CHECKOUT / "include").model_copy(update={"control_share": 0.0})
    picture = Picture(figsize=(7, 3.5), layout="constrained")
    axes = picture.subplots()
    click_rates = {}
    for policy in ("oracle", "learned", "random", "popular"):
        lived = list(offer_simulation.simulate(world, settings, policy))
        axes.plot(range(1, days + 1), [day.clicked / day.shown for day in lived], label=policy)
        click_rates[policy] = sum(day.clicked for day in lived) / sum(day.shown for day in lived)
    axes.set(xlabel="simulated day", ylabel="click-through", ylim=(0, None))
    axes.legend(loc="lower right", ncols=4, frameon=False)
    picture.savefig(CHECKOUT / "docs" / "offers-learning.svg", metadata={"Date": None})
    return click_rates


def main(arguments: list[str]) -> None:
    """One of the four, or what they start."""
    what, *rest = arguments
    if what == "stream":
        return _stream(rest[0], int(rest[1]))
    if what == "fill":
        return fill(_lake(), int(rest[0]), int(rest[1]))
    folder = Path(tempfile.mkdtemp(prefix="basketry-bench-offers-"))
    try:
        if what == "learn":
            print(learn(int(rest[0])))
        elif what == "kill":
            print(kill(folder, int(rest[0])))
        else:
            measure = {"decide": decide, "drain": drain}[what]
            print("\n".join(figure.row() for figure in measure(folder, int(rest[0]))))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return None


def _lake() -> object:
    from basketry.config.settings import Settings
    from basketry.lake.opening import open_lake
    from basketry.lake.session import spark_session

    return open_lake(spark_session("bench"), CATALOG, Settings.from_environment())


if __name__ == "__main__":
    main(sys.argv[1:])
