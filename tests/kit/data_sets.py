"""The real data sets that some tests read: public, too large and not ours to ship, so they are looked for beside the checkout.

Without them their tests are skipped, each with a line that names the data set and its publisher. Where they have to be
there, `BASKETRY_REQUIRE_DATA=1` turns every such skip into a failure.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

PUBLISHERS = {
    "online_retail": "Online Retail, UCI Machine Learning Repository no. 352",
    "complete_journey": "The Complete Journey, dunnhumby Source Files",
    "open_bandit": "Open Bandit Dataset (small version), ZOZO Research",
}
"""Where each data set comes from, by the name of its folder."""


def data_folder(name: str, environment: Mapping[str, str] | None = None) -> Path:
    """The folder of a data set; skips the test where it is not, or fails it where data are required.

    The folder is looked for in `BASKETRY_DATA`, else in `shared/data` beside the checkout.
    """
    env = os.environ if environment is None else environment
    root = Path(env.get("BASKETRY_DATA") or CHECKOUT.parent / "shared" / "data")
    folder = root / name
    if folder.is_dir():
        return folder
    missing = f"the data set '{name}' ({PUBLISHERS[name]}) is not in {root}: put its files there, or set BASKETRY_DATA"
    if env.get("BASKETRY_REQUIRE_DATA") == "1":
        pytest.fail(f"{missing} (BASKETRY_REQUIRE_DATA=1 asks for it).", pytrace=False)
    pytest.skip(missing)
