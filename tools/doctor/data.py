"""The files of include/, and the tables: readable, of this release, written in time, served by the model that was promoted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from basketry.access import load_grants
from basketry.access.loader import known_tables
from basketry.config.catalogs import load_catalog
from basketry.config.settings import Settings
from basketry.contracts import load_contracts
from basketry.errors import BadInputError
from basketry.gates import gate_names, load_gate
from basketry.registry.ledger import REFUSE
from basketry.tables import PROMOTIONS, Table, deadline_of, evolution
from basketry.warehouse import local_delta
from tools.deploy.finding import Finding


def configuration(catalog: str, include: Path) -> Iterator[Finding]:
    """Check that each kind of file that people change can be read."""
    loads: Mapping[str, Callable[[], object]] = {
        f"catalog {catalog}": lambda: load_catalog(catalog, include),
        f"contracts of {catalog}": lambda: load_contracts(catalog, include),
        "grants": lambda: load_grants(catalog, include),
        "gates": lambda: [load_gate(name, include) for name in gate_names(include)],
    }
    for what, load in loads.items():
        try:
            load()
        except (BadInputError, OSError) as error:
            reason = error.message if isinstance(error, BadInputError) else str(error)
            yield Finding(what, reason.rstrip("."), f"mend the file in {include}")
        else:
            yield Finding(what)


def look(settings: Settings, catalog: str, now: datetime) -> Iterator[Finding]:
    """Check every table of the catalog that is a local folder."""
    lake = settings.lake / catalog
    tables = known_tables(catalog, settings.include).values()
    there = {
        table: lake / table.schema / table.name
        for table in tables
        if local_delta.exists(lake / table.schema / table.name)
    }
    broken = [finding for table, folder in there.items() if (finding := _readable(table, folder)) is not None]
    yield from broken or [Finding(f"{len(there)} tables of {catalog}", "" if there else "there are none", "make run")]
    yield from _fresh(there, now)
    if PROMOTIONS in there and not broken:
        yield from _champions(there[PROMOTIONS])


def _readable(table: Table, folder: Path) -> Finding | None:
    try:
        evolution.missing_columns(table, local_delta.columns(folder))
    except BadInputError as error:
        return Finding(f"table {table.full_name}", error.message.rstrip("."), f"mv {folder} {folder}.before")
    except (DeltaError, OSError, ValueError) as error:
        reason = f"its log cannot be read ({str(error).splitlines()[0][:120]})"
        return Finding(f"table {table.full_name}", reason, f"put {folder} back from the backup (docs/production.md)")
    return None


def _fresh(there: Mapping[Table, Path], now: datetime) -> Iterator[Finding]:
    """Yield one line per DAG: its tables that are late."""
    late: dict[str, list[str]] = {}
    for table, folder in there.items():
        deadline = deadline_of(table)
        if deadline is None:
            continue
        age = now - local_delta.written_at(folder, local_delta.version(folder))
        names = late.setdefault(deadline.dag, [])
        if age > deadline.within:
            names.append(f"{table.full_name} ({age.days} days)")
    for dag, names in sorted(late.items()):
        yield Finding(
            f"tables that {dag} writes", f"late: {', '.join(names)}" if names else "", f"see docs/runbooks/{dag}.md"
        )


def _champions(promotions: Path) -> Iterator[Finding]:
    """Check that the alias of every model is where the last verdict put it, and that it can be known again."""
    from basketry.registry import CHAMPION, alias_version

    last: dict[str, dict[str, Any]] = {}
    unnoted: set[str] = set()
    rows = DeltaTable(promotions).to_pyarrow_table().to_pylist()
    for row in sorted(rows, key=lambda verdict: int(verdict["number"])):
        last[row["model"]] = row
        if row["verdict"] != REFUSE:
            unnoted = unnoted - {row["model"]} if row.get("artifacts") else unnoted | {row["model"]}
    for model in sorted(unnoted):
        wrong = "an earlier release promoted it and noted no digest of its files, so it does not score"
        yield Finding(f"files of {model}", wrong, "make upgrade")
    for model, verdict in sorted(last.items()):
        wanted = verdict["champion_after"]
        try:
            current = alias_version(model, CHAMPION)
        except Exception as error:  # MLflow's client raises many kinds; the registry's own finding says more
            yield Finding(f"champion of {model}", f"the registry cannot tell ({type(error).__name__})", "make run")
            continue
        wrong = (
            ""
            if current == wanted
            else f"the alias is at {current or 'none'}, the last verdict said {wanted or 'none'}"
        )
        yield Finding(f"champion of {model}", wrong, "trigger the DAG model_rollback to the version that should score")
