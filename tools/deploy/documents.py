"""Things with content that a person could edit by hand: workspace files, dashboards, Genie spaces."""

from __future__ import annotations

import json
from typing import ClassVar

from tools.deploy.deployed_resource import Existing, Resource
from tools.deploy.workspace import Site


class File(Resource):
    """A workspace file. name: its path."""

    kind: ClassVar[str] = "file"

    def find(self, site: Site, known_id: str = "") -> Existing | None:
        """Find it by path; an edit changes the time of its last change."""
        info = site.objects.get(self.name)
        return Existing(str(info.object_id), str(info.modified_at)) if info else None

    def create(self, site: Site) -> None:
        """Write it into a folder that is there."""
        self._upload(site)

    def update(self, site: Site, existing: Existing) -> None:
        """Write over it."""
        self._upload(site)

    def _upload(self, site: Site) -> None:
        from databricks.sdk.service.workspace import ImportFormat

        # RAW, because a script must not be taken for a notebook.
        site.client.workspace.upload(self.name, self.content or b"", format=ImportFormat.RAW, overwrite=True)

    def delete(self, site: Site, existing: Existing) -> None:
        """Remove the file alone."""
        site.client.workspace.delete(self.name)

    def is_up_to_date(self, site: Site, existing: Existing) -> bool:
        """Compare byte by byte."""
        with site.client.workspace.download(self.name) as stored:
            return bool(stored.read() == self.content)


class Dashboard(Resource):
    """An AI/BI dashboard, published with the viewer's own rights. name: its file's name in include/dashboards."""

    kind: ClassVar[str] = "dashboard"

    def _path(self, site: Site) -> str:
        return f"{site.folder}/{self.name}.lvdash.json"

    def find(self, site: Site, known_id: str = "") -> Existing | None:
        """Find it by path; the etag is Lakeview's own and changes with every edit of the draft."""
        info = site.objects.get(self._path(site))
        if info is None:
            return None
        etag = str(site.client.lakeview.get(str(info.resource_id)).etag)
        return Existing(str(info.resource_id), etag)

    def create(self, site: Site) -> None:
        """Make a draft, then publish it."""
        made = site.client.lakeview.create(self._body(site, parent_path=site.folder), **self._data(site))
        self._publish(site, str(made.dashboard_id))

    def update(self, site: Site, existing: Existing) -> None:
        """Write only over the very edition that was compared: Lakeview refuses another etag."""
        site.client.lakeview.update(existing.id, self._body(site, etag=existing.etag or None), **self._data(site))
        self._publish(site, existing.id)

    def _body(self, site: Site, **more: str | None) -> object:
        from databricks.sdk.service import dashboards

        text = (self.content or b"").decode()
        return dashboards.Dashboard(
            display_name=self.name, serialized_dashboard=text, warehouse_id=site.warehouse_id, **more
        )

    def _data(self, site: Site) -> dict[str, str]:
        return {"dataset_catalog": site.target.catalog, "dataset_schema": "gold"}

    def _publish(self, site: Site, dashboard_id: str) -> None:
        # Without embedded credentials, else every viewer would read with the publisher's rights.
        site.client.lakeview.publish(dashboard_id, embed_credentials=False, warehouse_id=site.warehouse_id)

    def delete(self, site: Site, existing: Existing) -> None:
        """Move it into the trash."""
        site.client.lakeview.trash(existing.id)

    def is_up_to_date(self, site: Site, existing: Existing) -> bool:
        """Compare as JSON: Lakeview may write it in another way."""
        return _same_json(site.client.lakeview.get(existing.id).serialized_dashboard, self.content)


class GenieSpace(Resource):
    """A Genie space. name: its title, from its file's name in include/genie."""

    kind: ClassVar[str] = "Genie space"

    def find(self, site: Site, known_id: str = "") -> Existing | None:
        """Find it by the id in the manifest, else by title: spaces have no path of their own."""
        from databricks.sdk.errors import NotFound

        wanted = known_id or self._by_title(site)
        if not wanted:
            return None
        try:
            space = site.client.genie.get_space(wanted)
        except NotFound:
            return None
        return Existing(wanted, str(space.etag))

    def _by_title(self, site: Site) -> str:
        token = None
        while True:
            page = site.client.genie.list_spaces(page_token=token)
            for space in page.spaces or []:
                if space.title == self.name:
                    return str(space.space_id)
            token = page.next_page_token
            if not token:
                return ""

    def create(self, site: Site) -> None:
        """Make it over the target's warehouse."""
        site.client.genie.create_space(
            str(site.warehouse_id), self._text(), title=self.name, parent_path=site.target.folder
        )

    def update(self, site: Site, existing: Existing) -> None:
        """Write only over the very edition that was compared."""
        site.client.genie.update_space(
            existing.id, etag=existing.etag or None, serialized_space=self._text(), warehouse_id=site.warehouse_id
        )

    def _text(self) -> str:
        return (self.content or b"").decode()

    def delete(self, site: Site, existing: Existing) -> None:
        """Move it into the trash."""
        site.client.genie.trash_space(existing.id)

    def is_up_to_date(self, site: Site, existing: Existing) -> bool:
        """Compare as JSON."""
        space = site.client.genie.get_space(existing.id, include_serialized_space=True)
        return _same_json(space.serialized_space, self.content)


def _same_json(stored: str | None, wanted: bytes | None) -> bool:
    try:
        return bool(json.loads(stored or "null") == json.loads(wanted or b"null"))
    except ValueError:
        return False
