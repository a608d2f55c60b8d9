"""A metastore that outlives a job: Delta's session catalog over Hive's, in Derby, for the catalog `spark_catalog`.

It is the only catalog that open-source Spark knows without a metastore of its own, so a target places its retailers there.
Derby serves one process at a time: jobs take turns.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from tests.kit.few_rows import FOR_FEW_ROWS

CATALOG = "spark_catalog"

_HIVE = {
    "spark.sql.catalogImplementation": "hive",
    "spark.hadoop.datanucleus.schema.autoCreateAll": "true",
    "spark.hadoop.hive.metastore.schema.verification": "false",
    "spark.hadoop.hive.metastore.disallow.incompatible.col.type.changes": "false",
}


class Metastore:
    """What a cluster is started with so that it finds the tables.

    Attributes:
        schemas: The folder of the schemas, a folder each.
        turn: Held by the job that runs.
    """

    def __init__(self, home: Path) -> None:
        """Make nothing yet; home is the emulator's."""
        self.schemas = home / "lake" / CATALOG
        self.turn = threading.Lock()
        self._folder = home / "metastore"

    def variables(self) -> dict[str, str]:
        """Return the environment variables that Spark's own programs need; its settings are written once."""
        settings = self._folder / "conf"
        if not settings.exists():
            settings.mkdir(parents=True)
            stock = Path(os.environ["SPARK_CONF_DIR"])
            ours = {
                **FOR_FEW_ROWS,
                **_HIVE,
                "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={self._folder / 'derby'};create=true",
                "spark.hadoop.hive.exec.scratchdir": str(self._folder / "scratch"),
                "spark.sql.warehouse.dir": str(self._folder / "warehouse"),
            }
            lines = "".join(f"{name} {value}\n" for name, value in ours.items())
            (settings / "spark-defaults.conf").write_text((stock / "spark-defaults.conf").read_text() + lines)
            (settings / "log4j2.properties").write_text((stock / "log4j2.properties").read_text())
        return {"SPARK_CONF_DIR": str(settings), "PYSPARK_PYTHON": sys.executable}
