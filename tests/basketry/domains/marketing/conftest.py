"""One shop, its audience and its export, made once for all tests that only look."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from basketry.config.settings import Settings
from basketry.domains.marketing import export, job
from basketry.lake.lakehouse import Lakehouse
from tests.basketry.domains.marketing import shop


def arguments(**given: object) -> argparse.Namespace:
    """What the command line gives."""
    return argparse.Namespace(**{"as_of": shop.AS_OF, "dry_run": False, "run_id": "test", **given})


@pytest.fixture(scope="package")
def made(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """The lakehouse of the shop, and the reports of audience and export."""
    patch = pytest.MonkeyPatch()
    home: Path = tmp_path_factory.mktemp("marketing")
    patch.setenv("BASKETRY_HOME", str(home))
    patch.delenv("BASKETRY_RUNTIME", raising=False)
    patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'mlflow.db'}")
    lake = Lakehouse(spark, "demo", Settings.from_environment())
    shop.fill(lake)
    audience = job.run(lake, arguments())
    handed = export.run(lake, arguments())
    yield {"lake": lake, "audience": audience, "export": handed}
    patch.undo()
