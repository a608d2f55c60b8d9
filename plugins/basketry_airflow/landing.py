"""Delivered files, read the same way in both runtimes: a local folder, or a volume behind the Files API."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from basketry.config.settings import Settings
from basketry.errors import BadInputError, NothingDeliveredError
from basketry.files import search_files

if TYPE_CHECKING:
    from databricks.sdk.service.files import DirectoryEntry, FilesAPI

    from basketry.contracts import Contract


class Landing(Protocol):
    """Where the files of one feed are delivered."""

    def names(self, pattern: str) -> list[str]:
        """Return the names under the landing folder that match, sorted; BadInputError when none does.

        Files that may not be read are left out: the job refuses each, with its reason, and notes it in ops.files.
        """

    def file(self, name: str) -> AbstractContextManager[Path]:
        """Return the file of that name as a local path, for as long as the context lasts."""


def open_landing(contract: Contract) -> Landing:
    """Return the landing folder of the contract's feed, where BASKETRY_RUNTIME says."""
    settings = Settings.from_environment()
    folder = settings.landing_folder(contract.catalog, contract.feed)
    if settings.runtime == "local":
        return LocalLanding(folder, contract)
    from basketry_airflow.workspace import workspace

    return VolumeLanding(folder, contract, workspace().files)


class LocalLanding:
    """A folder on this machine."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        """Keep the folder of one feed."""
        self.folder = folder
        self.contract = contract

    def names(self, pattern: str) -> list[str]:
        """Return the matching names; see Landing."""
        paths = search_files(self.folder, pattern, self.contract).paths
        return [str(path.relative_to(self.folder)) for path in paths]

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """Return the path itself; see Landing."""
        yield self.folder / name


class VolumeLanding:
    """A folder of a Unity Catalog volume. A file is copied here to be read, because its checksum needs every byte."""

    def __init__(self, folder: Path, contract: Contract, files: FilesAPI) -> None:
        """Keep the folder of one feed.

        Args:
            folder: The volume's folder, /Volumes/….
            contract: The feed's contract.
            files: The workspace's Files API.
        """
        self.folder = folder
        self.contract = contract
        self.files = files

    def names(self, pattern: str) -> list[str]:
        """Return the matching names; see Landing. They are matched as empty local files, so that one rule decides everywhere."""
        with TemporaryDirectory(prefix="basketry-") as mirror:
            for name in self._delivered():
                placeholder = Path(mirror) / name
                placeholder.parent.mkdir(parents=True, exist_ok=True)
                placeholder.touch()
            try:
                paths = search_files(Path(mirror), pattern, self.contract).paths
            except BadInputError as error:
                raise type(error)(error.message.replace(mirror, str(self.folder))) from None
            return [str(path.relative_to(mirror)) for path in paths]

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """Copy the file; see Landing. The copy keeps the modification time, which may decide when the file was delivered."""
        with TemporaryDirectory(prefix="basketry-") as folder:
            copy = Path(folder) / Path(name).name
            answer = self.files.download(str(self.folder / name))
            if answer.contents is not None:
                with answer.contents as source, copy.open("wb") as target:
                    shutil.copyfileobj(source, target)
            if answer.last_modified:
                seconds = parsedate_to_datetime(answer.last_modified).timestamp()
                os.utime(copy, (seconds, seconds))
            yield copy

    def _delivered(self) -> Iterator[Path]:
        from databricks.sdk.errors import NotFound

        try:
            for entry in self._entries(str(self.folder)):
                yield Path(str(entry.path)).relative_to(self.folder)
        except NotFound:
            message = f"Landing folder '{self.folder}' does not exist; put the files of '{self.contract.feed}' there."
            raise NothingDeliveredError(message) from None

    def _entries(self, folder: str) -> Iterator[DirectoryEntry]:
        for entry in self.files.list_directory_contents(folder):
            if entry.is_directory:
                yield from self._entries(str(entry.path))
            else:
                yield entry
