"""What stored models of earlier releases name: whoever imports this finds the modules and classes of the release that made them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

OLD_NAMES = {
    # release 0.1.0
    "basketry.forecast.serving:Served": "basketry.domains.forecast.serving:ServedForecaster",
    "basketry.offers.serving:Served": "basketry.domains.offers.serving:ServedPolicy",
    "basketry.offers.serving:ServedRecommender": "basketry.domains.offers.serving:ServedRecommender",
}
"""What models of earlier releases name, and what it is called now, as module:name. Tests of the stored releases miss none."""


class _OldModules(MetaPathFinder, Loader):
    """Asked last, for modules that are no more: finds those of OLD_NAMES, which hold nothing but the names there."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module that OLD_NAMES names, or a package above one."""
        if any(f"{old.partition(':')[0]}.".startswith(f"{fullname}.") for old in OLD_NAMES):
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module with what its names are called now."""
        for old, new in OLD_NAMES.items():
            in_module, _, name = old.partition(":")
            if in_module == module.__name__:
                now_in, _, now_called = new.partition(":")
                setattr(module, name, getattr(import_module(now_in), now_called))


sys.meta_path.append(_OldModules())
