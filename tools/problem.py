"""The one error that a person at the terminal meets."""

from __future__ import annotations

import errno


class Problem(Exception):
    """Something a person can fix: one sentence that names the thing and what to do."""


NO_SPACE = "no space is left on the disk: free some (`make clean` deletes Basketry's own data), then run again."

NETWORK_SIGNS = (
    "dns error",
    "name resolution",
    "could not connect",
    "connection refused",
    "network is unreachable",
    "unknownhost",
    "error sending request",
    "failed to establish a new connection",
    "nodename nor servname",
    "connect timeout",
    "timed out",
    "server access error",
)


def network_failed(output: str) -> bool:
    """Whether a tool's output says that it could not reach the network."""
    return any(sign in output.lower() for sign in NETWORK_SIGNS)


def disk_full(error: OSError | str) -> bool:
    """Whether an error, or a tool's output, says that the disk is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "no space left on device" in error.lower() or "disk quota exceeded" in error.lower()
