"""A lake, the shop behind it, and the jobs of propensity as tests call them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from basketry.domains.propensity import score, train
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from tests.basketry.domains.propensity.shop import FIRST, Shop

NAME = "demo.gold.propensity"
AS_OF = FIRST + timedelta(days=259)
SCORED = AS_OF - timedelta(days=30)
SETTINGS = """\
training: {dates: 3, step_days: 30, customers: 20000}
tuning: {trials: 1}
seed: 7
bootstrap: 20
drift: {warning: 0.2, refusal: 50}
"""


@dataclass
class World:
    """What the tests share: the lake, the shop behind it, and where MLflow keeps its files."""

    lake: Lakehouse
    shop: Shop
    home: Path

    def train(self, as_of: date = AS_OF, **arguments: Any) -> JobReport:
        """Run the training job."""
        return train.run(self.lake, Namespace(as_of=as_of, run_id="r1", dry_run=False, **arguments))

    def score(self, as_of: date = SCORED, days: int = 1, model: str = "champion", dry_run: bool = False) -> JobReport:
        """Run the scoring job."""
        return score.run(self.lake, Namespace(as_of=as_of, days=days, model=model, dry_run=dry_run))

    def run_of(self, version: str) -> Any:
        """The MLflow run that made a version."""
        client = MlflowClient()
        return client.get_run(client.get_model_version(NAME, version).run_id)

    def set_drift(self, text: str) -> None:
        """Change the settings' drift limits."""
        path = self.lake.settings.include / "propensity.yaml"
        path.write_text(SETTINGS.replace("{warning: 0.2, refusal: 50}", text))

    def lose(self, version: str) -> Iterator[None]:
        """Move a version's files away, and back afterwards."""
        source = Path(MlflowClient().get_model_version_download_uri(NAME, version).removeprefix("file://"))
        aside = source.with_name("aside")
        source.rename(aside)
        yield
        aside.rename(source)
