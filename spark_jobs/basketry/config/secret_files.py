"""A secret of this instance as a file that only its user reads; it is made the first time it is asked for."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_BYTES = 32


def file_secret(path: Path) -> bytes:
    """Return the secret of a file; of two who make it at once, both get the one that was there first."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
