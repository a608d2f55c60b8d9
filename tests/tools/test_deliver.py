"""Delivering a catalog's files, and which of them are new."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from basketry.config.settings import Settings
from basketry.contracts import load_contract
from basketry.files import describe_file
from tools import deliver
from tools.demo import read_manifest
from tools.problem import Problem


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    monkeypatch.setenv("BASKETRY_DATA", str(tmp_path / "nowhere"))
    return Settings.from_environment()


def test_an_unknown_catalog_gets_the_nearest_name() -> None:
    """DATA=online-retail is answered with online_retail and the list."""
    with pytest.raises(Problem, match=r"no catalog 'online-retail'; did you mean 'online_retail'\? There are: .*demo"):
        deliver.check_catalog("online-retail")


def test_samples_land_in_their_feeds_in_loading_order(home: Settings) -> None:
    """Every file goes to each feed whose contract takes it; products come before order lines."""
    deliver.deliver_catalog("sales_project", home, {}, print)
    fresh = deliver.new_files("sales_project", home, {})
    assert list(fresh) == ["products", "customers", "order_lines"]
    assert home.landing_folder("sales_project", "customers").joinpath("customers.csv").is_file()


def test_a_loaded_file_is_not_new(home: Settings) -> None:
    """A file counts by content: what ops.files knows is left alone."""
    deliver.deliver_catalog("sales_project", home, {}, print)
    customers = home.landing_folder("sales_project", "customers") / "customers.csv"
    known = describe_file(customers, load_contract("sales_project", "customers"))
    assert "customers" not in deliver.new_files(
        "sales_project", home, {"customers": {known.checksum: known.delivered_at}}
    )


def test_known_bytes_under_a_later_day_are_new(home: Settings) -> None:
    """As ingest has it; and a file whose name tells no day is left to ingest, which says so."""
    landing = home.landing_folder("demo", "products")
    landing.mkdir(parents=True)
    first = landing / "products_2026-01-05.xlsx"
    first.write_text("{}\n")
    known = describe_file(first, load_contract("demo", "products"))
    loaded = {"products": {known.checksum: known.delivered_at}}
    assert deliver.new_files("demo", home, {}) == {"products": 1}
    assert deliver.new_files("demo", home, loaded) == {}
    shutil.copy2(first, landing / "products_2026-01-12.xlsx")
    assert deliver.new_files("demo", home, loaded) == {"products": 1}
    first.rename(landing / "products_2026-13-40.xlsx")
    assert deliver.new_files("demo", home, loaded) == {"products": 2}


def test_missing_data_names_the_variable(home: Settings) -> None:
    """Real data that is not there is one sentence with BASKETRY_DATA in it."""
    with pytest.raises(Problem, match="online_retail were not found in .*: make data fetches it; or set BASKETRY_DATA"):
        deliver.deliver_catalog("online_retail", home, {}, print)


def test_a_workbook_stays_behind_its_text_file(tmp_path: Path) -> None:
    """The same rows twice would only become duplicates: the CSV is delivered, the workbook is not."""
    contract = load_contract("online_retail", "order_lines")
    (tmp_path / "Online Retail.xlsx").touch()
    assert [path.name for path in deliver.chosen_files(tmp_path, contract)] == ["Online Retail.xlsx"]
    (tmp_path / "OnlineRetail.csv.gz").touch()
    assert [path.name for path in deliver.chosen_files(tmp_path, contract)] == ["OnlineRetail.csv.gz"]


def test_a_later_run_grows_the_same_demo(home: Settings) -> None:
    """The first day, the size and the seed are remembered, so what ended stays byte for byte; the last day moves on."""
    end = deliver.yesterday("demo") - timedelta(days=20)
    small = {"BASKETRY_DEMO_WEEKS": "3", "SCALE": "0.02"}
    assert deliver.deliver_demo(home, {**small, "BASKETRY_DEMO_END": end.isoformat()}, print) == end
    landing = home.landing_folder("demo", "any").parent
    first = read_manifest(landing)
    before = {path: path.read_bytes() for path in landing.glob("*/*")}
    later = end + timedelta(days=8)
    assert deliver.deliver_demo(home, {"BASKETRY_DEMO_END": later.isoformat()}, print) == later
    same = [path for path, content in before.items() if path.exists() and path.read_bytes() == content]
    assert same
    assert any(path not in before for path in landing.glob("*/*"))
    grown = read_manifest(landing)
    assert (grown.start, grown.scale) == (first.start, 0.02)


def test_another_scale_needs_another_home(home: Settings) -> None:
    """A demo cannot change its size halfway."""
    small = {"BASKETRY_DEMO_WEEKS": "1", "SCALE": "0.02"}
    deliver.deliver_demo(home, small, print)
    with pytest.raises(Problem, match=r"has a demo of scale 0\.02: make clean"):
        deliver.deliver_demo(home, {"SCALE": "2"}, print)


@pytest.mark.parametrize("text", ["yesterday", "2026-11-29"])
def test_the_demo_ends_on_a_past_day(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day that is not over cannot be delivered; where it is not the clock of the machine decides."""
    monkeypatch.setenv("BASKETRY_NOW", "2026-11-30T04:59:00+00:00")
    with pytest.raises(Problem, match="BASKETRY_DEMO_END is"):
        deliver.demo_end({"BASKETRY_DEMO_END": text})
    assert deliver.demo_end({"BASKETRY_DEMO_END": "2026-11-28"}) == deliver.yesterday("demo") == date(2026, 11, 28)


SMALL = {"BASKETRY_DEMO_WEEKS": "6", "SCALE": "0.02"}


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_first_month_is_delivered_before_the_rest_and_stays(
    home: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its order lines and products are ready to be loaded alone; in the end the files are those of one delivery."""
    landing = home.landing_folder("demo", "any").parent
    deliver.deliver_first_month(home, SMALL)
    names = deliver.first_month_files("demo", home, {})
    start = date.fromisoformat(read_manifest(landing).start)
    assert names == [f"products_{start}.xlsx", f"order_lines_{start + timedelta(days=27)}.csv.gz"]
    assert [path.name for path in (landing / "order_lines").iterdir()] == names[1:]
    first = files_of(landing / "order_lines") | files_of(landing / "products")
    end = deliver.deliver_demo(home, SMALL, print)
    assert first.items() <= (files_of(landing / "order_lines") | files_of(landing / "products")).items()
    at_once = Settings.from_environment({"BASKETRY_HOME": str(tmp_path_factory.mktemp("at_once"))})
    assert deliver.deliver_demo(at_once, SMALL, print) == end
    assert files_of(landing) == files_of(at_once.landing_folder("demo", "any").parent)


def test_a_first_month_is_loaded_alone_only_into_an_empty_lake(home: Settings) -> None:
    """Not where something was loaded, not of a retailer's own files, not of a demo of a few weeks, which is one file."""
    short = {**SMALL, "BASKETRY_DEMO_WEEKS": "3"}
    deliver.deliver_first_month(home, short)
    assert deliver.first_month_files("demo", home, {}) == []
    deliver.deliver_demo(home, short, print)
    assert deliver.first_month_files("demo", home, {}) == []


def test_a_delivery_that_was_cut_off_goes_on(home: Settings) -> None:
    """A first month that nobody loaded is loaded alone even where the rest was delivered; a loaded one is not."""
    deliver.deliver_first_month(home, SMALL)
    deliver.deliver_demo(home, SMALL, print)
    deliver.deliver_first_month(home, SMALL)
    names = deliver.first_month_files("demo", home, {})
    assert len(names) == 2
    assert deliver.first_month_files("demo", home, {"products": {}}) == []
    assert deliver.first_month_files("online_retail", home, {}) == []
