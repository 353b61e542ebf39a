"""Sphinx: `make docs`."""

import logging
from importlib.metadata import version as installed_version

project = "secretballot"
author = "the secretballot contributors"
copyright = author
release = installed_version("secretballot")

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"secretballot {release}"

# A section of the table of contents may have no page yet. This warning of Sphinx has no type, so that
# suppress_warnings cannot name it.
logging.getLogger("sphinx.sphinx.directives.other").addFilter(
    lambda record: getattr(record, "subtype", None) != "empty_glob"
)
