"""Reference of the Python API: the modules of each page and their public members.

A module's docstring is Markdown and is printed unchanged; its public functions, classes and
documented values follow in the order of the file, through Sphinx's autodoc.
"""

import ast
import inspect
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

from sphinx.application import Sphinx

import corruptions
import pipeline
from pipeline import provenance
from pipeline.models import registry
from pipeline.stages.recipes import STAGES

ATTRIBUTES = ("attribute", "data", "property")

COLON = "\ue000"
"""Stands for a colon while napoleon reads the docstring of an attribute, which takes what is
before the first one for a type."""


@dataclass(frozen=True)
class ReferencePage:
    """A page of the reference."""

    title: str
    introduction: str
    modules: tuple[str, ...]


def modules_of(package: ModuleType, *rooms: str) -> tuple[str, ...]:
    """Return the names of a package's folders and of their public modules, by folder."""
    root = Path(package.__path__[0])
    found = []
    for room in rooms:
        for file in sorted((root / room).rglob("*.py")):
            parts = file.relative_to(root).with_suffix("").parts
            if parts[-1] == "__init__":
                found.append(".".join((package.__name__, *parts[:-1])))
            elif not parts[-1].startswith("_"):
                found.append(".".join((package.__name__, *parts)))
    return tuple(found)


def module_of(file: Path) -> str:
    """Return the module name of a file of the project."""
    return provenance.project_name(file).removesuffix(".py").replace("/", ".")


PAGES = {
    "corruptions": ReferencePage(
        "Corruptions in Python",
        "The package `corruptions` depends on no other part of the project.",
        (
            *("corruptions", "corruptions.timing", "corruptions.types", "corruptions.registry"),
            "corruptions.sets",
            *("corruptions.original", *modules_of(corruptions, "codec")),
        ),
    ),
    "datasets": ReferencePage(
        "Datasets in Python",
        "Datasets for PyTorch, and the clips that they are made of: listed, source, corrupted.",
        modules_of(pipeline, "datasets"),
    ),
    "stages": ReferencePage(
        "Stages in Python",
        "The functions behind `python -m pipeline STAGE`, the parameters and the exceptions.",
        (
            *(module_of(provenance.stage_file(stage)) for stage in STAGES),
            *(
                f"pipeline.{name}"
                for name in ("params", "settings", "model_settings", "provenance", "errors")
            ),
        ),
    ),
    "storage": ReferencePage(
        "Storage and media in Python",
        "Manifests, shards, payloads and paths; videos; files that are written atomically.",
        modules_of(pipeline, "storage", "media", "io"),
    ),
    "metrics": ReferencePage(
        "Metrics in Python",
        "Functions of arrays of numbers, which accept predictions made elsewhere too.",
        modules_of(pipeline, "metrics"),
    ),
    "models": ReferencePage(
        "Models in Python",
        "The model zoo of the leaderboard, and loading of user-supplied models.",
        modules_of(pipeline, "models"),
    ),
    "adaptation": ReferencePage(
        "Test-time adaptation in Python",
        "Methods, their evaluation, and statistics of the training clips.",
        modules_of(pipeline, "tools/adapt"),
    ),
}
"""Pages of the reference, by file name."""


def page(name: str) -> str:
    """Return one page of the reference as Markdown."""
    content = PAGES[name]
    parts = [f"# {content.title}", content.introduction]
    for module in content.modules:
        parts += section(import_module(module))
    return "\n\n".join(parts) + "\n"


def section(module: ModuleType) -> list[str]:
    """Return the docstring and the public members of a module; of a network only `build`."""
    listed = public(module)
    if module.__name__.removeprefix("pipeline.models.zoo.") in registry.names():
        listed = [("autofunction", "build")]
    members = "\n".join(f".. {kind}:: {name}" for kind, name in listed)
    directives = f".. py:currentmodule:: {module.__name__}\n\n{members}"
    source = f"Source: {module.SOURCE}" if hasattr(module, "SOURCE") else ""
    return [
        f"(module-{module.__name__.replace('.', '-')})=\n## `{module.__name__}`",
        re.sub(r"(?<!`)<(\w+)>(?!`)", r"\\<\1>", inspect.getdoc(module) or ""),
        source,
        f"```{{eval-rst}}\n{directives}\n```",
    ]


def public(module: ModuleType) -> list[tuple[str, str]]:
    """Return directive and name of each public definition of a module."""
    found = []
    body = ast.parse(Path(inspect.getfile(module)).read_text()).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        documented = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        match node:
            case ast.FunctionDef(name=name):
                found.append(("autofunction", name))
            case ast.ClassDef(name=name):
                found.append(("autoclass", name))
            case ast.Assign(targets=[ast.Name(id=name)]) if documented:
                found.append(("autodata", name))
            case ast.AnnAssign(target=ast.Name(id=name)) if documented:
                found.append(("autodata", name))
    return [(kind, name) for kind, name in found if not name.startswith("_")]


def signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, arguments: str | None, returns: str
) -> tuple[str, str] | None:
    """Return a signature as written in the code: `clip: Clip`, not the type behind the alias."""
    if arguments is None:
        return None
    if not inspect.isfunction(obj) or obj.__name__ == "<lambda>":  # a lambda: default of a field
        return "", ""
    node = ast.parse(dedent(inspect.getsource(obj))).body[0]
    assert isinstance(node, ast.FunctionDef)  # noqa: S101 - isfunction, and no lambda
    given = node.args
    if what == "method" and given.args and given.args[0].arg in ("self", "cls"):
        given.args.pop(0)
    return f"({ast.unparse(given)})", ast.unparse(node.returns) if node.returns else ""


def docstring(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape characters that docstrings use literally and reStructuredText does not."""
    parts = re.split(r"(`[^`]+`)", "\n".join(lines))
    text = "".join(
        f"`{part}`" if part.startswith("`") else re.sub(r"([*|]|_(?!\w))", r"\\\1", part)
        for part in parts
    )
    if what in ATTRIBUTES:
        text = text.replace(":", COLON)
    lines[:] = text.split("\n")


def restore_colons(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Undo what `docstring` did to the colons of attributes."""
    lines[:] = [line.replace(COLON, ":") for line in lines]
