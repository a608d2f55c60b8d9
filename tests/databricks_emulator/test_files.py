"""The Files API of volumes as databricks-sdk sees it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import AlreadyExists, DatabricksError, NotFound

from tests.databricks_emulator.emulator import DatabricksEmulator

FEED = "/Volumes/demo/landing/files/order_lines"


def landing(emulator: DatabricksEmulator) -> Path:
    """Where the jobs look for the feed's files."""
    return emulator.home / "landing" / "demo" / "order_lines"


def test_upload_lands_where_jobs_look(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """A file put into the volume is in the feed's landing folder, and comes back as it was."""
    client.files.upload(f"{FEED}/orders 1.csv", io.BytesIO(b"a,b\n1,2\n"))
    assert (landing(emulator) / "orders 1.csv").read_bytes() == b"a,b\n1,2\n"
    assert client.files.download(f"{FEED}/orders 1.csv").contents.read() == b"a,b\n1,2\n"
    assert client.files.get_metadata(f"{FEED}/orders 1.csv").content_length == 8


def test_listing_pages_through_a_folder(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """Pages of two show five files once each, with path, size and time."""
    landing(emulator).mkdir(parents=True)
    for number in range(5):
        (landing(emulator) / f"{number}.csv").write_bytes(bytes(number))
    entries = list(client.files.list_directory_contents(FEED, page_size=2))
    assert [(entry.path, entry.file_size) for entry in entries] == [(f"{FEED}/{n}.csv", n) for n in range(5)]
    assert all(entry.last_modified > 1_500_000_000_000 and not entry.is_directory for entry in entries)


def test_existing_file_is_kept_unless_told(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """overwrite=False on an existing file is a conflict."""
    client.files.upload(f"{FEED}/a.csv", io.BytesIO(b"old"))
    with pytest.raises(AlreadyExists):
        client.files.upload(f"{FEED}/a.csv", io.BytesIO(b"new"), overwrite=False)
    assert (landing(emulator) / "a.csv").read_bytes() == b"old"


def test_missing_folder_and_file_are_not_found(client: WorkspaceClient) -> None:
    """What is not there is 404, for listing, downloading and asking."""
    with pytest.raises(NotFound):
        list(client.files.list_directory_contents(FEED))
    with pytest.raises(NotFound):
        client.files.download(f"{FEED}/absent.csv")
    with pytest.raises(NotFound):
        client.files.get_metadata(f"{FEED}/absent.csv")


@pytest.mark.parametrize(
    "path", ["/Volumes/demo/landing/files/../../secret", "/Volumes/demo/other/files/a", "/etc/passwd"]
)
def test_nothing_outside_landing_volumes_is_reachable(client: WorkspaceClient, path: str) -> None:
    """A path that leaves the landing volumes is refused."""
    with pytest.raises(DatabricksError):
        client.api_client.do("GET", f"/api/2.0/fs/files{path.replace('..', '%2E%2E')}", raw=True)
