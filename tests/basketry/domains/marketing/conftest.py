"""One shop, its audience and its export, made once for all tests that only look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from tests.basketry.domains.marketing import shop
from tests.kit.jobs import run_job
from tests.kit.lake import a_lake
from tests.kit.registry import registry_at


@pytest.fixture(scope="package")
def made(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """The lakehouse of the shop, and the reports of audience and export."""
    home = tmp_path_factory.mktemp("marketing")
    lake = a_lake(spark, home)
    shop.fill(lake)
    with registry_at(f"sqlite:///{home / 'mlflow.db'}"):
        audience, handed = (run_job(lake, name, as_of=shop.AS_OF) for name in ("audience", "export_audience"))
        yield {"lake": lake, "audience": audience, "export": handed}
