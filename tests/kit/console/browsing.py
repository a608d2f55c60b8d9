"""A person before the console in a real browser: logged in, going from page to page."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Page

LOADED = (
    "() => document.readyState === 'complete' || new Promise(done => addEventListener('load', done, { once: true }))"
)


@dataclass
class Seen:
    """One logged-in page and all that its console complained about."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    @property
    def console(self) -> FrameLocator:
        """Our pages within Airflow's."""
        return self.page.frame_locator("iframe")

    def open_console(self) -> None:
        """By the menu entry, as a person does."""
        self.page.goto(f"{self.address}/")
        self.page.get_by_role("link", name="Basketry").first.click()
        self.console.get_by_role("heading", name="Today", exact=True).wait_for()

    def go(self, name: str) -> None:
        """To a page by its tab; it is there when it is another document than before and its scripts have run."""
        self.console.locator(":root").evaluate("root => root.setAttribute('data-left', '')")
        self.console.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click()
        self.console.locator(f":root:not([data-left]) nav a[aria-current=page]:text-is('{name}')").wait_for()
        self.console.locator(":root").evaluate(LOADED)

    def picture(self, name: str) -> None:
        """Keep a picture for the documentation, where one is wanted."""
        folder = os.environ.get("BASKETRY_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.wait_for_timeout(300)
            self.page.screenshot(path=Path(folder) / f"console-{name}.png")

    def note_error(self, message: Any) -> None:
        """Keep an error of our pages.

        Only errors: Chromium warns of every frame whose sandbox allows what Airflow's allows.
        """
        if message.type == "error" and "/basketry/" in (message.location or {}).get("url", ""):
            self.complaints.append(message.text)
