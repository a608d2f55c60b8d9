"""What the stored models of earlier releases name is still there, under whatever name it has now."""

from __future__ import annotations

import pickle
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from basketry import OLD_NAMES
from tests.releases.opened import pickled_names, pickles, releases

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def resolved(name: str) -> object:
    """What `module:name` is now."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


@pytest.mark.parametrize("release", releases())
def test_everything_that_a_stored_model_names_is_there(release: str) -> None:
    """By its old name, or by the one that the table of old names says: whoever renames it adds a line there."""
    named = set().union(*pickled_names(release).values())
    assert named, "models without a name of the library would make this test prove nothing"
    moved = {name for name in named if name in OLD_NAMES}
    assert all(resolved(name) is resolved(OLD_NAMES[name]) for name in moved)
    assert all(callable(resolved(name)) for name in named - moved)


def test_the_table_of_old_names_holds_nothing_else() -> None:
    """A line for a name that no stored model uses would be kept for ever."""
    assert set(OLD_NAMES) <= {
        name for release in releases() for names in pickled_names(release).values() for name in names
    }


def test_an_old_module_holds_its_old_names_alone() -> None:
    """Nothing is loaded a second time under an old name, so a class is never two."""
    for module in {old.partition(":")[0] for old in OLD_NAMES}:
        assert not hasattr(import_module(module), "__file__")
        with pytest.raises(ModuleNotFoundError):
            import_module(f"{module.rpartition('.')[0]}.core")


@pytest.mark.parametrize("release", releases())
def test_a_worker_of_spark_loads_stored_models(spark: SparkSession, release: str) -> None:
    """A process that has imported nothing yet but what the pickle asks for."""
    stored = list(pickles(release).values())

    def kinds(content: bytes) -> str:
        """The kind of object in a pickle."""
        return type(pickle.loads(content)).__name__  # noqa: S301 (the release's own)

    loaded = spark.sparkContext.parallelize(stored, 1).map(kinds).collect()
    assert len(loaded) >= 6 and {new.partition(":")[2] for new in OLD_NAMES.values()} <= set(loaded)
