"""Sphinx configuration. Build, offline: ``sphinx-build -W --keep-going docs docs/_build``."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent / "_ext")]

import hconsist  # noqa: E402

project = "hconsist"
author = "the hconsist developers"
copyright = author  # noqa: A001 (Sphinx's name)
version = release = hconsist.__version__

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "generated_pages",
]
exclude_patterns = [
    "_build",
    "_ext",
    "gallery/**/*.ipynb",
    "gallery/**/*.py",
    "gallery/**/*.json",
    "gallery/**/*.zip",
]
suppress_warnings = ["config.cache"]  # sphinx-gallery puts functions into its configuration

html_theme = "furo"
html_title = f"hconsist {release}"
html_static_path = ["_static"]
html_css_files = ["hconsist.css"]
html_math_renderer = "mathml"
html_show_sphinx = False
html_copy_source = False

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "show-inheritance": True}
numpydoc_show_class_members = False
numpydoc_validation_checks: set[str] = set()

warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
sphinx_gallery_conf = {
    "examples_dirs": str(ROOT / "examples"),
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "abort_on_example_error": True,
    "show_memory": False,
    "write_computation_times": False,
    "remove_config_comments": True,
    "reset_modules": ("matplotlib", "generated_pages.house_style"),
}


def _left_out(app: object, what: str, name: str, *rest: object) -> bool | None:
    """Methods that scikit-learn puts on every estimator are documented there."""
    del app, what, rest
    return True if name.startswith("set_") and name.endswith("_request") else None


def setup(app: object) -> None:
    """Sphinx asks for this name."""
    app.connect("autodoc-skip-member", _left_out)  # type: ignore[attr-defined]
