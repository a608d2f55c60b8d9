"""What every deployed thing has: a name, a way to find it, and to make, change and remove it."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from tools.deploy.workspace import Site


@dataclass(frozen=True)
class Existing:
    """What stands under a name.

    Attributes:
        id: Another one when it was made anew.
        etag: Another one when it was edited.
        marked: It says itself that a deployment of this target made it.
    """

    id: str
    etag: str = ""
    marked: bool = False


class Resource(ABC):
    """One thing in the workspace.

    Attributes:
        name: Unique among its kind.
        content: What it should hold, None for a thing that is only there or not.
    """

    kind: ClassVar[str]

    def __init__(self, name: str, content: bytes | None = None) -> None:
        """Name the resource, and say what it should hold."""
        self.name = name
        self.content = content

    @property
    def label(self) -> str:
        """What people and the manifest call it."""
        return f"{self.kind} {self.name}"

    @property
    def digest(self) -> str:
        """Names the wanted content; empty for a thing without."""
        return "" if self.content is None else hashlib.sha256(self.content).hexdigest()

    @abstractmethod
    def find(self, site: Site, known_id: str = "") -> Existing | None:
        """Find what is there now.

        Args:
            site: The workspace and the target.
            known_id: The id in the manifest, for kinds whose name leads nowhere.
        """

    @abstractmethod
    def create(self, site: Site) -> None:
        """Make it."""

    def update(self, site: Site, existing: Existing) -> None:
        """Give it the wanted content."""
        raise NotImplementedError(self.label)

    @abstractmethod
    def delete(self, site: Site, existing: Existing) -> None:
        """Remove it."""

    def in_use(self, site: Site) -> str:
        """Say what it holds that was not deployed and would go with it; empty when nothing does."""
        return ""

    def is_up_to_date(self, site: Site, existing: Existing) -> bool:
        """Whether its content is the wanted one, asked where the manifest does not know it."""
        return True


def marker(target: str) -> str:
    """Return the text by which a resource says who made it."""
    return f"Made by Basketry's deployment '{target}'."
