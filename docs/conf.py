"""Sphinx: `make docs`."""

import json
import logging
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

project = "secretballot"
author = "the secretballot contributors"
copyright = author
release = installed_version("secretballot")

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
extensions = ["myst_parser", "sphinx.ext.autodoc", "generated"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True
myst_heading_anchors = 3
# Docstrings name what is inside the package, and what others document; pages have links to pages alone.
nitpick_ignore_regex = [("py:.*", ".*")]
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = f"secretballot {release}"

# A section of the table of contents may have no page yet. This warning of Sphinx has no type, so that
# suppress_warnings cannot name it.
logging.getLogger("sphinx.sphinx.directives.other").addFilter(
    lambda record: getattr(record, "subtype", None) != "empty_glob"
)


def write_schemas(app: Any) -> None:
    """Writes the JSON Schemas of the records beside the built specification, which names them."""
    from secretballot.report.schemas import schemas

    folder = Path(app.outdir) / "spec" / "schemas"
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        (folder / name).write_text(text, encoding="utf-8")


def setup(app: Any) -> None:
    app.connect("builder-inited", write_schemas)
