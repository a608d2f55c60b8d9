"""Starts a script as a Databricks driver does: compiled and executed without `__file__`, below a session that is there.

Run by its path, in the environment of a cluster, so it imports nothing of the tests. `python -P driver.py <schemas> <script>
<parameters>`: schemas is the folder of the schemas of the one catalog that open-source Spark knows, a folder each.
"""

from __future__ import annotations

import sys
from pathlib import Path

REGISTERED = ".registered"
"""Beside the schemas: which of them, and which of their tables, the metastore was seen to have."""


def register(folder: Path) -> None:
    """Tell the metastore what others made: schemas by the API, tables by a SQL warehouse. Unity Catalog knows both at once."""
    found = [path for path in sorted(folder.glob("[!.]*")) if path.is_dir()]
    # A write that failed leaves a folder without a commit: that is no table.
    found += sorted({commit.parent.parent for commit in folder.glob("*/*/_delta_log/*.json")})
    names = [path.relative_to(folder).as_posix() for path in found]
    register_file = folder / REGISTERED
    missing = set(names) - set(register_file.read_text().splitlines() if register_file.exists() else ())
    if not missing:
        return
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    for name in sorted(missing, key=lambda name: (name.count("/"), name)):
        quoted = ".".join(f"`{part}`" for part in (folder.name, *name.split("/")))
        if "/" not in name:
            spark.sql(f"CREATE SCHEMA IF NOT EXISTS {quoted} LOCATION '{folder / name}'")
        elif not spark.catalog.tableExists(quoted):
            spark.sql(f"CREATE TABLE {quoted} USING DELTA LOCATION '{folder / name}'")
    register_file.write_text("\n".join(names))


def main() -> None:
    """Run the script to its end; what it raises ends this process."""
    schemas, script, *parameters = sys.argv[1:]
    register(Path(schemas))
    sys.argv = [script, *parameters]
    code = compile(Path(script).read_text(encoding="utf-8"), script, "exec", dont_inherit=True)
    exec(code, {"__name__": "__main__", "__builtins__": __builtins__})  # noqa: S102 as the driver does


if __name__ == "__main__":
    main()
