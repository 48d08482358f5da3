"""How Sphinx builds the site: Markdown by MyST, the theme furo, nothing from the network."""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
sys.path.insert(0, str(ROOT))

with (ROOT / "pyproject.toml").open("rb") as described:
    release = tomllib.load(described)["project"]["version"]

project = "bordergate"
author = "The bordergate contributors"
copyright = author
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["files/**"]
default_role = "code"  # docstrings write `name` for code

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
smartquotes = False  # options keep their two hyphens

autodoc_typehints = "none"  # the signature has them
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
napoleon_google_docstring = False
python_use_unqualified_type_names = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types of other libraries have no page here

html_theme = "furo"
html_title = f"bordergate {release}"
html_static_path = ["style"]
html_css_files = ["style.css"]
html_show_sourcelink = False
html_copy_source = False
