"""Delivers a catalog's files into its landing folder: the demo from its simulator, real data from where it is kept."""

from __future__ import annotations

import difflib
import fnmatch
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from basketry.config.clock import last_complete_day, now
from basketry.config.settings import EVERY_FEED, Settings
from basketry.contracts import Contract, catalog_names, load_catalog, load_contracts, select_contracts
from basketry.errors import BadInputError, NothingDeliveredError
from basketry.files import describe_file, search_files
from tools.data import DATA_SETS
from tools.environment import CHECKOUT
from tools.problem import Problem

SAMPLES = CHECKOUT / "tests" / "samples"
SEED = 7
"""Of the demo's random numbers."""


def check_catalog(name: str) -> None:
    """Check that there is such a catalog.

    Raises:
        Problem: Nothing describes it; the nearest name is offered.
    """
    names = catalog_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise Problem(f"there is no catalog '{name}'; {hint}There are: {', '.join(names)}.")


def yesterday(catalog: str) -> date:
    """Return the last day that is over in the catalog's time zone."""
    return last_complete_day(now(), load_catalog(catalog).time_zone)


def demo_end(env: Mapping[str, str]) -> date:
    """Return the last day of the demo: yesterday, or BASKETRY_DEMO_END.

    Raises:
        Problem: BASKETRY_DEMO_END is no past day.
    """
    last = yesterday("demo")
    text = env.get("BASKETRY_DEMO_END")
    if not text:
        return last
    try:
        end = date.fromisoformat(text)
    except ValueError:
        raise Problem(f"BASKETRY_DEMO_END is '{text}'; write a day as YYYY-MM-DD.") from None
    if end > last:
        raise Problem(f"BASKETRY_DEMO_END is {end}, which is not over yet; give {last} or an earlier day.")
    return end


def deliver_demo(settings: Settings, env: Mapping[str, str], say: Callable[[str], None]) -> date:
    """Simulate up to the demo's last day, growing what an earlier run delivered; returns that day."""
    from tools.demo import deliver, read_manifest

    landing = settings.landing_folder("demo", "any").parent
    end = demo_end(env)
    scale, weeks = _number(env, "SCALE", 1.0), _number(env, "BASKETRY_DEMO_WEEKS", 92)
    start, seed = None, SEED
    if (landing / "manifest.json").exists():
        before = read_manifest(landing)
        start, seed, end = date.fromisoformat(before.start), before.seed, max(end, date.fromisoformat(before.end))
        if env.get("SCALE") and before.scale != scale:
            raise Problem(f"this home has a demo of scale {before.scale:g}: make clean, or set another BASKETRY_HOME.")
        scale = before.scale
        if before.end == end.isoformat():
            say(f"{len(before.files)} files, up to {end}, are there already")
            return end
    manifest = deliver(landing, end, start=start, seed=seed, scale=scale, weeks=int(weeks))
    say(f"{len(manifest.files)} files, {sum(file.rows for file in manifest.files):,} rows, {manifest.start} to {end}")
    return end


def deliver_first_month(settings: Settings, env: Mapping[str, str]) -> None:
    """Deliver the demo's first month, where nothing was delivered yet: what it holds stays when the rest is delivered."""
    from tools.demo import deliver
    from tools.demo.world import first_day

    landing = settings.landing_folder("demo", "any").parent
    end = demo_end(env)
    start = first_day(end, int(_number(env, "BASKETRY_DEMO_WEEKS", 92)))
    if not (landing / "manifest.json").exists() and first_month_end(start) < end:
        deliver(landing, first_month_end(start), start=start, seed=SEED, scale=_number(env, "SCALE", 1.0))


def first_month_end(start: date) -> date:
    """Return the last day of the demo's first file of order lines."""
    from tools.demo.feeds import ORDER_LINES
    from tools.demo.world import DAYS_PER_WEEK

    return start + timedelta(days=ORDER_LINES.weeks * DAYS_PER_WEEK - 1)


def first_month_files(catalog: str, settings: Settings, loaded: Mapping[str, object]) -> list[str]:
    """Return the demo's first file of order lines and the products in it, where nothing was loaded yet; else none."""
    from tools.demo import read_manifest
    from tools.demo.feeds import ORDER_LINES, PRODUCTS

    landing = settings.landing_folder(catalog, "any").parent
    if catalog != "demo" or loaded or not (landing / "manifest.json").exists():
        return []
    manifest = read_manifest(landing)
    start = date.fromisoformat(manifest.start)
    wanted = [PRODUCTS.file_name(start), ORDER_LINES.file_name(first_month_end(start))]
    return wanted if set(wanted) <= {file.file for file in manifest.files} else []


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = 0
    if value <= 0:
        raise Problem(f"{name} is '{text}'; set it to a number above 0.")
    return value


def source_folder(catalog: str, settings: Settings) -> Path:
    """Return the folder of a real catalog's files.

    Raises:
        Problem: They are not there.
    """
    for folder in (settings.data / catalog, SAMPLES / catalog):
        if folder.is_dir():
            return folder
    data_set = DATA_SETS.get(catalog)
    advice = f"{data_set.advice}; or " if data_set else ""
    missing = settings.data / catalog
    raise Problem(
        f"the files of {catalog} were not found in {missing}: {advice}set BASKETRY_DATA to the folder above them."
    )


def deliver_files(catalog: str, settings: Settings, say: Callable[[str], None]) -> None:
    """Copy the catalog's files to the feeds that take them, with their times: those may say when they came."""
    source = source_folder(catalog, settings)
    copied = 0
    for contract in load_contracts(catalog).values():
        landing = settings.landing_folder(catalog, contract.feed)
        landing.mkdir(parents=True, exist_ok=True)
        for path in chosen_files(source, contract):
            target = landing / path.name
            if not target.exists() or target.stat().st_size != path.stat().st_size:
                part = target.with_name(f".{path.name}.part")
                shutil.copy2(path, part)
                part.replace(target)
                copied += 1
    say(f"{copied} new files from {source}")


def chosen_files(source: Path, contract: Contract) -> list[Path]:
    """List the files that a contract takes.

    A workbook beside text files holds the same rows, so it stays behind.
    """
    patterns = contract.file.patterns
    files = [
        path for path in sorted(source.iterdir()) if any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns)
    ]
    text = [path for path in files if path.suffix.lower() != ".xlsx"]
    return text or files


def deliver_catalog(
    catalog: str, settings: Settings, env: Mapping[str, str], say: Callable[[str], None]
) -> date | None:
    """Deliver what there is; returns the demo's last day, None where only the data knows its own."""
    if catalog == "demo":
        return deliver_demo(settings, env, say)
    if not any(settings.landing_folder(catalog, "any").parent.glob("*/*")) or (settings.data / catalog).is_dir():
        deliver_files(catalog, settings, say)
    return None


def new_files(catalog: str, settings: Settings, loaded: Mapping[str, Mapping[str, datetime]]) -> dict[str, int]:
    """Count the files that ingest would load, by feed in loading order.

    Args:
        catalog: The catalog whose landing folders are looked at.
        settings: Where they are.
        loaded: By feed, the time of delivery of each loaded file by its checksum.
    """
    counts: dict[str, int] = {}
    for contract in select_contracts(catalog, EVERY_FEED):
        loaded_checksums = loaded.get(contract.feed, {})
        fresh = sum(_should_load(path, contract, loaded_checksums) for path in _landed(settings, contract))
        if fresh:
            counts[contract.feed] = fresh
    return counts


def _should_load(path: Path, contract: Contract, loaded: Mapping[str, datetime]) -> bool:
    try:
        return describe_file(path, contract).should_load(loaded)
    except BadInputError:
        return True  # ingest says in the task's log what is wrong with it


def _landed(settings: Settings, contract: Contract) -> list[Path]:
    folder = settings.landing_folder(contract.catalog, contract.feed)
    try:
        return list(search_files(folder, "*", contract).paths)
    except NothingDeliveredError:
        return []


def environment_of_demo() -> dict[str, str]:
    """Return the variables that shape a demo: SCALE (or BASKETRY_DEMO_SCALE), BASKETRY_DEMO_WEEKS, BASKETRY_DEMO_END."""
    names = ("SCALE", "BASKETRY_DEMO_WEEKS", "BASKETRY_DEMO_END")
    variables = {name: os.environ[name] for name in names if os.environ.get(name)}
    if os.environ.get("BASKETRY_DEMO_SCALE"):
        variables.setdefault("SCALE", os.environ["BASKETRY_DEMO_SCALE"])
    return variables
