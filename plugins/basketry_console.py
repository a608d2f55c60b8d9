"""Put the console into Airflow: its pages under /basketry, and an entry in the menu. Loads nothing else: see `mount`."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from basketry_airflow.console.mount import PREFIX, LazyApp


class BasketryConsole(AirflowPlugin):
    """The menu entry "Basketry" and the application behind it."""

    name = "basketry_console"
    fastapi_apps = [{"app": LazyApp(), "url_prefix": PREFIX, "name": "Basketry"}]
    external_views = [
        {
            "name": "Basketry",
            "href": f"{PREFIX.strip('/')}/",
            "destination": "nav",
            "nav_top_level": True,
            "url_route": "basketry",
            "icon": f"{PREFIX.strip('/')}/static/basket.svg",
            "icon_dark_mode": f"{PREFIX.strip('/')}/static/basket-dark.svg",
        }
    ]
