"""How the pages of this folder become a site: `make docs`."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]

project = "Basketry"
copyright = "the Basketry contributors"  # noqa: A001  Sphinx's own name for it
extensions = ["myst_parser", "autoapi.extension", "sphinx.ext.napoleon", "sphinxcontrib.mermaid"]
exclude_patterns = ["_build"]
root_doc = "index"
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
suppress_warnings = ["autoapi.python_import_resolution", "ref.python", "myst.header"]
"""Constants that are assigned together and names that stand in several packages, which autoapi does not resolve; runbooks,
which begin at the second level because they are shown within Airflow's pages too."""

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]

autoapi_dirs = [str(CHECKOUT / "spark_jobs" / "basketry"), str(CHECKOUT / "plugins" / "basketry_airflow")]
autoapi_root = "api"
autoapi_options = ["members", "show-module-summary"]
autoapi_python_class_content = "class"
autoapi_member_order = "bysource"
autoapi_keep_files = False
autoapi_add_toctree_entry = False

napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
"""A field of a dataclass is described once, where its class is."""

html_theme = "furo"
html_title = "Basketry"


ON_THE_SITE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security-policy.md",
}
"""Pages that stand beside this folder, where a forge looks for them, and their place on the site."""


def lead_to_the_site(app: object, page: str, source: list[str]) -> None:
    """Links to pages beside the folder become links to where the site has them."""
    for name, place in ON_THE_SITE.items():
        source[0] = source[0].replace(f"](../{name})", f"]({place})")


def setup(app: object) -> None:
    """Sphinx calls this: have every page read by `lead_to_the_site`."""
    app.connect("source-read", lead_to_the_site)  # type: ignore[attr-defined]
