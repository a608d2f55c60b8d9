"""This library as a wheel, for executors of a cluster: they import what a job's Python functions name.

The name carries a hash of the sources, so that a cluster never takes yesterday's wheel for today's, and whoever submits a
job from another checkout than the deployed one learns that the wheel is missing, instead of mixing two editions.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
_VERSION = "0.1.0"
_OLDEST = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the wheel, so that the same sources give the same bytes."""


def wheel_name(package: Path = PACKAGE) -> str:
    """Return the file name of the wheel; it changes with any source."""
    return f"{package.name}-{_version(package)}-py3-none-any.whl"


def wheel_bytes(package: Path = PACKAGE) -> bytes:
    """Build the wheel, after the binary distribution format 1.0 (packaging.python.org)."""
    info = f"{package.name}-{_version(package)}.dist-info"
    files = {f"{package.name}/{path.relative_to(package).as_posix()}": path.read_bytes() for path in _sources(package)}
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {_version(package)}\n".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: basketry\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in files.items():
            wheel.writestr(zipfile.ZipInfo(name, _OLDEST), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _version(package: Path) -> str:
    state = hashlib.sha256()
    for path in _sources(package):
        state.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{_VERSION}+{state.hexdigest()[:12]}"


def _sources(package: Path) -> Iterator[Path]:
    yield from sorted(package.rglob("*.py"))


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
