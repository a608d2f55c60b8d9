"""How the pages of this folder become a site: `make docs`."""

from __future__ import annotations

import re
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


BESIDE = {
    "changelog": "CHANGELOG.md",
    "code-of-conduct": "CODE_OF_CONDUCT.md",
    "contributing": "CONTRIBUTING.md",
    "security-policy": "SECURITY.md",
}
"""Pages of the site whose text stands beside this folder, where a forge looks for it."""


def put_on_the_site(app: object, page: str, source: list[str]) -> None:
    """Give the pages of BESIDE their text, and lead links to where the site has them."""
    text = source[0]
    if page in BESIDE:
        text = (CHECKOUT / BESIDE[page]).read_text(encoding="utf-8").replace("](docs/", "](")
    for name, file in BESIDE.items():
        text = text.replace(f"](../{file})", f"]({name}.md)").replace(f"]({file})", f"]({name}.md)")
    source[0] = re.sub(r"\[([^\]]*)\]\((?:\.\./)?LICENSE\)", r"\1", text)


def setup(app: object) -> None:
    """Sphinx calls this: have every page read by `put_on_the_site`."""
    app.connect("source-read", put_on_the_site)  # type: ignore[attr-defined]
