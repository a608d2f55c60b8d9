"""What the pages name exists: tables, jobs and DAGs, files of include/, settings, headings that links lead to."""

from __future__ import annotations

import fnmatch
import re
from itertools import product

import pytest

from basketry.metrics import load_metrics
from basketry.metrics.metric_views import metric_views
from basketry.tables import TABLES, propensity_wide
from tests.tools.declared import DAGS, PAGES
from tools.environment import CHECKOUT
from tools.job import job_names

VIEWS = {view.full_name for view in metric_views(load_metrics(CHECKOUT / "include"))}
KNOWN = {table.full_name for table in (*TABLES, propensity_wide(["Milk"]))} | VIEWS
CODE = [
    path for top in ("benchmarks", "dags", "plugins", "spark_jobs", "tools") for path in (CHECKOUT / top).rglob("*.py")
]
CODE.append(CHECKOUT / "tests" / "kit" / "data_sets.py")
SETTING = re.compile(r"\bBASKETRY_[A-Z_]*[A-Z]\b")
BETWEEN_PROCESSES = {"BASKETRY_SERVICE", "BASKETRY_SCREENSHOTS"}
"""What one program of tools/ tells another; nobody sets it."""
every_page = pytest.mark.parametrize("page", PAGES)


def spelled(text: str) -> list[str]:
    """`a_{b,c}` means a_b and a_c."""
    parts = [part.split(",") for part in re.split(r"[{}]", text)]
    return ["".join(choice) for choice in product(*parts)]


def prose(page: str) -> str:
    """The page without its blocks of code."""
    return re.sub(r"```.*?```", "", (CHECKOUT / page).read_text(), flags=re.S)


def slug(heading: str) -> str:
    """The anchor that a heading gets where Markdown is shown."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@every_page
def test_every_table_named_is_declared(page: str) -> None:
    """`schema.table`, also with a * or a choice in braces; bronze has a table for every feed."""
    named = [one for text in re.findall(r"`((?:silver|gold|ops)\.[a-z_*{},]+)`", prose(page)) for one in spelled(text)]
    assert not [name for name in named if not fnmatch.filter(KNOWN, name)]


@every_page
def test_every_run_told_of_can_be_started(page: str) -> None:
    """Where a page says to run `name`, a DAG, a job or a command of make has that name."""
    named = re.findall(r"\b(?:[Rr]un|DAG|job) `([a-z_]+)`", prose(page))
    assert not [name for name in named if name not in {*DAGS, *job_names()}]


@every_page
def test_every_file_named_exists(page: str) -> None:
    """Paths that begin in a folder of the checkout; <catalog> and * stand for anything."""
    paths = re.findall(
        r"`((?:include|docs|dags|plugins|tools|spark_jobs|tests|benchmarks)/[\w./<>*{},…-]+)`", prose(page)
    )
    wanted = [one for path in paths if "…" not in path for one in spelled(re.sub(r"<[^>]*>", "*", path))]
    assert not [path for path in wanted if not list(CHECKOUT.glob(path.rstrip("/")))]


@every_page
def test_every_heading_linked_to_is_there(page: str) -> None:
    """The part of a link behind # is the anchor of a heading of that page."""
    for target, anchor in re.findall(r"\]\(([^)\s#]*)#([^)\s]+)\)", prose(page)):
        if not re.match(r"[a-z]+:", target):
            path = ((CHECKOUT / page).parent / target).resolve() if target else CHECKOUT / page
            assert anchor in {slug(heading) for heading in re.findall(r"^#+ (.+)$", path.read_text(), re.M)}, (
                target,
                anchor,
            )


def test_every_setting_is_explained_and_read() -> None:
    """The table of docs/operations.md has every BASKETRY_ variable that the code reads; no other is named, but containers' own."""
    read = {name for path in CODE for name in SETTING.findall(path.read_text())} - BETWEEN_PROCESSES
    table = {
        name
        for line in (CHECKOUT / "docs" / "operations.md").read_text().splitlines()
        if line.startswith("|")
        for name in SETTING.findall(line)
    }
    assert read - table == set()
    named = {name for page in PAGES for name in SETTING.findall((CHECKOUT / page).read_text())}
    of_containers = set(SETTING.findall((CHECKOUT / "docker-compose.yaml").read_text()))
    assert named - read - of_containers == set()
