"""Which tests run in one process: those of a file, and those of a folder whose Airflow or lake takes long to set up."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

SHARED = (
    "tests/basketry/ask/",
    "tests/basketry/domains/marketing/",
    "tests/dags/",
    "tests/plugins/console/",
    "tests/tools/demo/",
)
"""Folders with one Airflow, one lake or one delivery for all their files: two processes would each set it up."""


def together(test: str) -> str:
    """The file or folder whose tests one process runs, this one among them."""
    file = test.partition("::")[0]
    return next((folder for folder in SHARED if file.startswith(folder)), file)


class SharedFolders(LoadFileScheduling):  # type: ignore[misc]
    """Hands out files, and the shared folders whole."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)
