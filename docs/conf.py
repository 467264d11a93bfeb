"""Sphinx configuration of the documentation, which `make docs` builds.

The pages of `corruptions/` and `reference/` are generated from the code before Sphinx reads them.
"""

from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.python import ObjectEntry
from sphinx.environment import BuildEnvironment

from corruptions import names
from docs.site import api, calibration, commands, mathml, pages, project_pages, tables
from pipeline import __title__, __version__
from pipeline.io.atomic import write_text

project = __title__
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "pictures"]
language = "en"

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
suppress_warnings: list[str] = []
default_role = "code"
smartquotes = False  # docstrings quote values and options as they are typed
nitpicky = True
nitpick_ignore_regex = [  # classes of other projects, and private names
    ("py:.*", r"(?!corruptions|pipeline).*"),
    ("py:.*", r".*\._\w+"),
]

napoleon_google_docstring = False  # a colon does not introduce a type
autodoc_default_options = {"members": True, "undoc-members": True, "member-order": "bysource"}
autodoc_default_options["exclude-members"] = "model_config"
autodoc_inherit_docstrings = False  # those of torch are not written for this project's settings
add_module_names = False
html_math_renderer = "mathml"

html_theme = "furo"
html_title = __title__
html_static_path = ["site/static", str(mathml.FONT)]
html_css_files = ["site.css"]
html_js_files = [("gallery.js", {"defer": "defer"})]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False

HERE = Path(__file__).parent


def write_pages(app: Sphinx) -> None:
    """Write the pages generated from the code, and delete those of code that was removed."""
    pictures, side = Path(app.outdir) / "pictures", app.config.picture_side
    written = {f"reference/{name}.md": api.page(name) for name in api.PAGES}
    written["reference/parameters.md"] = tables.parameters()
    written["reference/manifests.md"] = tables.manifests()
    written["reference/calibration.md"] = calibration.page(pictures)
    written["reference/commands.md"] = commands.page()
    written |= project_pages.pages()
    for name in names():
        written[f"corruptions/{name}.md"] = pages.corruption_page(name, pictures, side)
    written["corruptions/index.md"] = pages.overview()
    for path, text in written.items():
        write_text(HERE / path, text)
    for folder in ("corruptions", "reference"):
        for file in (HERE / folder).glob("*.md"):
            if f"{folder}/{file.name}" not in written:
                file.unlink()


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, inner: nodes.Node
) -> nodes.Node | None:
    """Resolve a name without its module in a signature: `Clip` is `corruptions.types.Clip`."""
    if node["refdomain"] != "py" or "." in node["reftarget"]:
        return None
    target = targets(env).get(node["reftarget"])
    if target is None:
        return None
    address = app.builder.get_relative_uri(node["refdoc"], target.docname)
    return nodes.reference("", "", inner, refuri=f"{address}#{target.node_id}", internal=True)


@cache
def targets(env: BuildEnvironment) -> dict[str, ObjectEntry]:
    """Return the documented objects by their last name; the shortest full name counts.

    References are resolved once all pages are read, so that the objects no longer change.
    """
    objects: dict[str, ObjectEntry] = env.get_domain("py").objects  # type: ignore[attr-defined]
    names = sorted(reversed(objects), key=len, reverse=True)
    return {name.split(".")[-1]: objects[name] for name in names}


def setup(app: Sphinx) -> None:
    """Register the project's extensions with Sphinx."""
    app.add_config_value("picture_side", pages.TILE, "env", int)
    app.add_html_math_renderer("mathml", (mathml.inline, None), (mathml.display, None))
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-signature", api.signature)
    app.connect("autodoc-process-docstring", api.docstring, priority=400)  # before napoleon
    app.connect("autodoc-process-docstring", api.restore_colons, priority=600)  # after it
    app.connect("missing-reference", resolve)
