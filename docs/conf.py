"""Configuration of Sphinx: `make docs` writes the documents to `docs/_build/html`, and fails at the first warning."""

import sys
from pathlib import Path

_HERE = Path(__file__).parent
# The documents are those of this checkout, whatever is installed.
sys.path[:0] = [str(_HERE.parent), str(_HERE / "_extensions")]

from mh_batch import __version__  # noqa: E402 - found where the line above says

project = "mh-batch"
author = "The mh-batch developers"
project_copyright = f"2026, {author}"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "command_pages",
    "contract_pages",
    "signature_types",
    "source_links",
]
exclude_patterns = ["_build"]
# Two hyphens are the beginning of a flag.
smartquotes = False

myst_enable_extensions = ["deflist", "colon_fence"]
# Headings can be linked to, as on the pages of a repository's host.
myst_heading_anchors = 3

autodoc_default_options = {"members": True}
autodoc_class_signature = "separated"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring, napoleon_numpy_docstring = True, False

# A reference that leads nowhere is a warning, and a warning ends the build.
nitpicky = True

html_theme = "pydata_sphinx_theme"
html_title = "mh-batch"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_theme_options = {
    "navbar_align": "left",
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_show_sourcelink = False
