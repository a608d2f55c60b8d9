"""What Spark calls with each micro-batch is plain data: any process can take it up, and keeps only what still holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
from pyspark.serializers import CloudPickleSerializer

from basketry.config.settings import CHECKOUT, Settings
from basketry.domains.offers import batch_function
from basketry.domains.offers.batch_function import BatchFunction
from basketry.domains.offers.champion import ChampionPolicy
from basketry.domains.offers.policy import Posterior
from basketry.domains.offers.policy_learning import LearnedPolicy
from basketry.domains.offers.progress import Position
from basketry.domains.offers.stream import OfferStream
from tests.kit.offers import settings

READ_AND_WRITE_AGAIN = """
import pickle, sys
from pathlib import Path
function = pickle.loads(Path(sys.argv[1]).read_bytes())
from pyspark.sql import SparkSession
assert SparkSession.getActiveSession() is None
assert callable(function) and function.champion.learned.posterior.moment.tolist()
from pyspark.serializers import CloudPickleSerializer
Path(sys.argv[2]).write_bytes(CloudPickleSerializer().dumps(function))
"""


def function(version: str = "3", **changes: str) -> BatchFunction:
    """Of a run whose champion learned something."""
    posterior = Posterior.prior(12, settings())
    return BatchFunction(
        catalog="demo",
        settings=Settings.from_environment(
            {"BASKETRY_HOME": "/somewhere", "BASKETRY_REDIS_URL": "{{secrets/a/b}}", **changes}
        ),
        offers=settings(),
        time_zone="UTC",
        champion=ChampionPolicy(version, LearnedPolicy(tuple(f"C{number:02}" for number in range(12)), posterior, 0.0)),
        input_versions=(("silver.products", 4),),
    )


def test_a_fresh_process_takes_it_up(tmp_path: Path) -> None:
    """As Spark Connect pickles it, by a Python with nothing of this process: it is the same, small, and names secrets only."""
    sent, returned = tmp_path / "sent", tmp_path / "returned"
    sent.write_bytes(CloudPickleSerializer().dumps(function()))
    assert len(sent.read_bytes()) < 32_768 and b"{{secrets/a/b}}" in sent.read_bytes()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT / "spark_jobs")}
    command = [sys.executable, "-c", READ_AND_WRITE_AGAIN, str(sent), str(returned)]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    again = CloudPickleSerializer().loads(returned.read_bytes())
    assert again == function()
    learned, before = again.champion.learned, cast(ChampionPolicy, function().champion).learned
    np.testing.assert_array_equal(learned.posterior.precision, before.posterior.precision)


def test_what_is_open_serves_the_next_batch_alone() -> None:
    """Of the same function, with the tables where it left them; it is given out once, so a batch that is cut off leaves nothing."""
    stream, here = cast(OfferStream, object()), Position("checkpoint", 7)

    def taken(by: BatchFunction, position: Position | None) -> Any:
        batch_function._kept[:] = [batch_function._Kept(function(), here, stream)]
        return batch_function._take_kept(by, position)

    assert taken(function(), here) is stream
    assert batch_function._take_kept(function(), here) is None
    for foreign in (Position("checkpoint", 8), Position("another", 7), None):
        assert taken(function(), foreign) is None
    for other in (function("4"), function(BASKETRY_HOME="/elsewhere")):
        assert taken(other, here) is None
    assert not batch_function._kept
