"""Champions of releases that stored pickles: which there are, what speaks for them, and how they become plain values."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlparse

import yaml
from deltalake import DeltaTable

from basketry import registry
from basketry.config.clock import now
from basketry.registry import ledger
from basketry.registry.artifacts import read_state
from basketry.registry.ledger import CONVERSION, PromotionDecision
from basketry.registry.loading import log_plain_values, register_version
from basketry.registry.models import LOADERS, ModelSpec
from basketry.tables import PROMOTIONS
from basketry.warehouse import local_delta
from basketry.warehouse.rows import RowStore
from tools.problem import Problem
from tools.upgrade.sandbox import read_pickle

PICKLES = ("model.pkl", "python_model.pkl")
"""What a model of an earlier release is stored in."""

_SERVED_BY_MLFLOW = "registered_model_meta"
"""A file that MLflow adds to what is read: not the training's."""

_METADATA = "basketry"
"""The entry of a version's metadata that held what is beside the estimator, as one JSON text."""


@dataclass(frozen=True, kw_only=True)
class OldChampion:
    """A champion whose promotion noted no digest.

    Attributes:
        spec: The kind of model.
        name: The registered model.
        version: The version.
        run_id: The run that trained it.
        trained: When that run ended.
        written: When the newest of its files was written.
        promoted: When its first promotion was committed to ops.promotions.
        files: The folder of its files.
    """

    spec: ModelSpec
    name: str
    version: str
    run_id: str
    trained: datetime
    written: datetime
    promoted: datetime
    files: Path

    def describe(self) -> Iterator[str]:
        """Say what a person needs to recognise it."""
        yield f"version {self.version} is a pickle of an earlier release"
        yield f"trained by run {self.run_id}, which ended {_text(self.trained)}"
        yield f"its newest file is of {_text(self.written)}, its promotion of {_text(self.promoted)}"


def old_champion(rows: RowStore, spec: ModelSpec, lake: Path, home: Path) -> OldChampion | None:
    """Find the champion of a kind of model that must be converted; None when there is nothing to do.

    Args:
        rows: The tables of the catalog.
        spec: The kind of model.
        lake: The folder of the catalog's tables.
        home: The home, which holds the registry's files.

    Raises:
        Problem: The alias is not where the ledger put it, or the files are younger than the promotion.
    """
    name = registry.registered_name(rows.catalog, spec.name)
    decisions = ledger.load_promotion_decisions(rows, name)
    newest = ledger.last_champion_change(decisions)
    if newest is None:
        return None
    alias, version = registry.alias_version(name, registry.CHAMPION), str(newest.champion_after)
    if newest.run_id == CONVERSION and alias == newest.champion_before:  # it was cut off between its last two steps
        registry.move_champion(name, version, newest.champion_before)
        return None
    if newest.artifacts is not None:
        return None
    if alias != version:
        raise Problem(
            f"the alias champion of {name} names version {alias or 'none'} and ops.promotions says {version}: nothing is read"
            " until a person has found out who moved it; train and promote a version instead."
        )
    first = next(decision for decision in decisions if decision.changes_champion and decision.champion_after == version)
    return _checked(_facts(spec, name, first, lake, home))


def _facts(spec: ModelSpec, name: str, first: PromotionDecision, lake: Path, home: Path) -> OldChampion:
    """Gather what speaks for a version, from the verdict that first made it the champion."""
    import mlflow

    version = str(first.champion_after)
    client = mlflow.MlflowClient()
    run = client.get_run(registry.version_run(name, version).run_id)
    files = _local_files(client.get_model_version_download_uri(name, version), home)
    times = [path.stat().st_mtime for path in files.rglob("*") if path.is_file() and path.name != _SERVED_BY_MLFLOW]
    if not times:
        raise Problem(
            f"the files of version {version} of {name} are not in {files}: train and promote a version instead."
        )
    return OldChampion(
        spec=spec,
        name=name,
        version=version,
        run_id=run.info.run_id,
        trained=datetime.fromtimestamp((run.info.end_time or run.info.start_time) / 1000, UTC),
        written=datetime.fromtimestamp(max(times), UTC),
        promoted=promoted_at(lake / PROMOTIONS.schema / PROMOTIONS.name, name, first.number),
        files=files,
    )


def _checked(champion: OldChampion) -> OldChampion:
    if champion.written > champion.promoted:
        raise Problem(
            f"a file of version {champion.version} of {champion.name} was written {_text(champion.written)}, after its"
            f" promotion of {_text(champion.promoted)}: nothing is read; train and promote a version instead."
        )
    return champion


def _local_files(uri: str, home: Path) -> Path:
    """Return the folder of files that this home's MLflow holds.

    Raises:
        Problem: They are elsewhere, where nobody here knows when they were written.
    """
    parts = urlparse(uri)
    if parts.scheme in ("", "file"):
        return Path(unquote(parts.path))
    if parts.scheme == "mlflow-artifacts":
        return home / "mlflow" / "artifacts" / unquote(parts.path).lstrip("/")
    raise Problem(
        f"models are stored at {parts.scheme}, where it cannot be seen when a file was written: train and promote versions."
    )


def promoted_at(folder: Path, name: str, number: int) -> datetime:
    """Return when a verdict was committed to ops.promotions; of one that is older than Delta's log, when that begins.

    Args:
        folder: The table's folder.
        name: The registered model.
        number: The number of the verdict.
    """
    stored = DeltaTable(folder)
    condition = [("model", "=", name), ("number", "=", number)]
    for commit in sorted(commit["version"] for commit in stored.history()):
        stored.load_as_version(commit)
        if stored.to_pyarrow_table(columns=["model"], filters=condition).num_rows:
            return local_delta.written_at(folder, commit)
    raise Problem(
        f"{PROMOTIONS.full_name} does not say when version {number} was promoted: look at it with make doctor."
    )


def convert(rows: RowStore, champion: OldChampion, home: Path, person: str) -> str:
    """Store the champion as plain values in a new version, make that the champion, and say so.

    The digest is noted before the alias moves. Whatever is cut off before that leaves a version that nothing refers to.
    """
    with TemporaryDirectory(prefix="basketry-upgrade-") as folder:
        copied = Path(folder) / "old"
        shutil.copytree(champion.files, copied)
        state = _plain_values(champion.spec, copied, home)
        version = _register(rows, champion, copied, state)
    digest = registry.check_loadable(champion.name, version, LOADERS)
    decisions = ledger.load_promotion_decisions(rows, champion.name)
    decision = PromotionDecision(
        model=champion.name,
        number=decisions[-1].number + 1,
        version=version,
        champion_before=champion.version,
        champion_after=version,
        verdict=ledger.PROMOTE,
        decided_by=person,
        decided_at=now(),
        reason=f"Version {champion.version} of an earlier release, stored as plain values: it scores the same.",
        checks="[]",
        run_id=CONVERSION,
        artifacts=digest,
    )
    with ledger.promotion_lock(rows):
        if decision not in ledger.insert_decision(rows, decision):
            raise Problem(f"another verdict about {champion.name} was written meanwhile: make upgrade again.")
        registry.move_champion(champion.name, version, champion.version)
    return f"version {version} holds the same as plain values and is the champion"


def _plain_values(spec: ModelSpec, files: Path, home: Path) -> dict[str, Any]:
    """Return what a version of this release holds, from the files of an earlier one."""
    pickles = [files / name for name in PICKLES if (files / name).is_file()]
    if len(pickles) != 1:
        raise Problem(f"the champion of {spec.name} is no model of an earlier release: train and promote a version.")
    with TemporaryDirectory(prefix="basketry-pickle-") as folder:
        shutil.copyfile(pickles[0], Path(folder) / "model.pkl")
        read_pickle(Path(folder), spec.name, home)
        state = read_state(Path(folder) / "state", spec.name)
    described = yaml.safe_load((files / "MLmodel").read_text()).get("metadata") or {}
    return {**json.loads(described.get(_METADATA, "{}")), **state}


def _register(rows: RowStore, champion: OldChampion, files: Path, state: dict[str, Any]) -> str:
    """Register the values as a new version, whose run repeats what the training measured."""
    import mlflow
    from mlflow.models import Model

    client = mlflow.MlflowClient()
    old = client.get_run(champion.run_id)
    described = Model.load(str(files / "MLmodel"))
    lines = (files / "requirements.txt").read_text().split()
    requirements = [line for line in lines if not line.startswith(("cloudpickle", "mlflow"))]
    tags = {name: value for name, value in old.data.tags.items() if name.startswith("basketry.")}
    tags |= {"basketry.converted_from": champion.version}
    mlflow.set_experiment(experiment_id=old.info.experiment_id)
    with mlflow.start_run(run_name=f"{champion.spec.name}-converted", tags=tags):
        mlflow.log_params(old.data.params)
        names = list(old.data.metrics)
        for start in range(0, len(names), 500):  # MLflow takes a thousand at most
            mlflow.log_metrics({name: old.data.metrics[name] for name in names[start : start + 500]})
        return register_version(
            champion.name, log_plain_values(champion.spec, state, described.signature.inputs, requirements)
        )


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
