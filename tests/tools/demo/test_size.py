"""The default demo has the size that was promised."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.tools.demo.conftest import END
from tools.demo import deliver

pytestmark = pytest.mark.slow


def test_default_size(tmp_path: Path) -> None:
    """300,000 to 400,000 lines of about 2,500 customers in at most 46 files, in seconds of this process's time."""
    began = time.process_time()
    manifest = deliver(tmp_path, END)
    seconds = time.process_time() - began
    assert 300_000 <= manifest.counts("order_lines").rows <= 400_000
    assert manifest.counts("events").rows <= 150_000
    assert len(manifest.files) <= 46
    numbers = [count for count in manifest.files if count.feed == "customers"]
    assert 2_300 <= sum(count.rows for count in numbers) <= 3_300
    assert seconds < 40  # about 8 on two idle cores
