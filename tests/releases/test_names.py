"""What the stored models of earlier releases name is still there, under whatever name it has now."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from tests.releases.opened import pickled_names, pickles, releases
from tools.upgrade.old_names import OLD_NAMES


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
def test_what_reads_pickles_finds_it(release: str) -> None:
    """A process that has imported nothing yet but the upgrade's reader."""
    reads = """import pickle, sys
import tools.upgrade.unpickle
while sys.stdin.buffer.peek(1):
    print(type(pickle.load(sys.stdin.buffer)).__name__)"""
    content = b"".join(pickles(release).values())
    done = subprocess.run([sys.executable, "-c", reads], input=content, capture_output=True, check=True)
    kinds = done.stdout.decode().split()
    assert len(kinds) >= 6 and {new.partition(":")[2] for new in OLD_NAMES.values()} <= set(kinds)
