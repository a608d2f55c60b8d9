"""The console under 20 people at once, at 350,000 order lines and at ten million; and what its plugin costs Airflow."""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

from benchmarks.measure import Figure

CHECKOUT = Path(__file__).resolve().parents[1]
PEOPLE = 20
SECONDS = 40.0
THINKS = 1.0
"""Seconds that a person looks at a page before the next one."""
SIZES = (
    ("350,000 lines", {"each": 4, "customers": 2_500}, 0.3),
    ("ten million lines", {"each": 110, "customers": 75_000}, 1.0),
)
"""Name, size of the lake (see `make_lake`: products of each category, customers), goal in seconds."""

CATEGORIES = ("Milk", "Coffee", "Bread", "Dog Food", "Cheese")
PAGES = (
    "/today",
    "/sales",
    "/sales?grain=day",
    "/sales?grain=month&department=Dairy",
    "/sales?department=Dairy&category=Milk",
    "/decisions",
    "/decisions?bucket=High",
    "/decisions?action=discount",
    "/decisions/P0003",
    "/segments",
    "/segments?view=named&days=7",
    "/offers",
    "/models",
    "/data",
    "/data?view=quarantine",
    "/data?view=contracts",
    "/ask",
    *(f"/propensity?category={quote(name)}" for name in CATEGORIES),
    "/ask?q=" + quote("Top 5 products by predicted revenue"),
    "/ask?q=" + quote("Revenue by department last month"),
)
IMPORT = """
import sys, time, airflow.plugins_manager
start = time.perf_counter()
import basketry_console
print(time.perf_counter() - start)
"""


def console(folder: Path) -> list[Figure]:
    """p95 of the first byte for each size, against its goal; seconds that loading the plugin takes."""
    from tests.kit.console.lake import make_lake
    from tests.kit.console.server import PASSWORD, WEB, real_airflow
    from tools.airflow_client import AirflowClient

    figures = [plugin_cost()]
    for name, size, goal in SIZES:
        home = folder / name.replace(" ", "_").replace(",", "")
        make_lake(home / "lake" / "demo", **size)
        with real_airflow(home, (WEB,)) as address:
            client = AirflowClient(address, "admin", PASSWORD)
            client.dag_ids()
            cold = [first_byte(address, path, client._token) for path in PAGES]
            warm = sorted(crowd(address, client._token))
        p95 = warm[int(len(warm) * 0.95)]
        slowest = max(zip(cold, PAGES, strict=True))
        figures.append(
            Figure(
                what=f"p95 of the first byte, {PEOPLE} people at once, {name} / {goal:g} s",
                measured=f"{1000 * p95:.0f} ms (median {1000 * statistics.median(warm):.0f} ms, {len(warm):,} pages)",
                ratio=p95 / goal,
                goal=1.0,
                note=f"each page's first visit alone: median {1000 * statistics.median(cold):.0f} ms,"
                f" slowest {1000 * slowest[0]:.0f} ms ({slowest[1]})",
            )
        )
    return figures


def plugin_cost() -> Figure:
    """Time how long the plugin loads in a process that has Airflow's plugin manager already, as each of its processes does."""
    seconds = float(subprocess.check_output([sys.executable, "-c", IMPORT], text=True).split()[-1])  # noqa: S603
    return Figure(
        what="what the console's plugin adds to Airflow's start / 0.5 s",
        measured=f"{1000 * seconds:.0f} ms",
        ratio=seconds / 0.5,
        goal=1.0,
    )


def first_byte(address: str, path: str, token: str) -> float:
    """Seconds from sending a request to its first byte; RuntimeError unless it is a page."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=120)
    start = time.perf_counter()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-www-form-urlencoded"}
    page, _, form = path.partition("?q=")  # questions are posted
    if form:
        connection.request("POST", f"/basketry{page}", body=f"q={form}", headers=headers)
    else:
        connection.request("GET", f"/basketry{path}", headers=headers)
    answer = connection.getresponse()
    answer.read(1)
    seconds = time.perf_counter() - start
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return seconds


def crowd(address: str, token: str) -> list[float]:
    """Return the first-byte times of every page that PEOPLE open within SECONDS, each on a way of their own."""
    times: list[float] = []
    end = time.monotonic() + SECONDS

    def person(number: int) -> None:
        """One person who reads and thinks until the time is over."""
        time.sleep(THINKS * number / PEOPLE)
        for path in way(number):
            if time.monotonic() > end:
                return
            times.append(first_byte(address, path, token))
            time.sleep(THINKS)

    people = [threading.Thread(target=person, args=(number,)) for number in range(PEOPLE)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    if not times:
        raise RuntimeError(f"nobody got a page: {json.dumps(PAGES)}")
    return times


def way(number: int) -> Iterator[str]:
    """Every page again and again, from another one for each person."""
    return itertools.islice(itertools.cycle(PAGES), 7 * number % len(PAGES), None)
