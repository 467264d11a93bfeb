"""The reference of the Python API: which modules stand on which page, and what of them is public.

A module's docstring is Markdown and is printed as it is; its public functions, classes and
documented values follow in the order of the file, by Sphinx's autodoc.
"""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

from sphinx.application import Sphinx

from pipeline.models import registry

STAGES = ("synthesize", "filter", "decode", "corrupt", "train", "evaluate", "report")

PAGES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "corruptions": (
        "Corruptions in Python",
        "For other codebases: `corruptions` needs no other part of the project.",
        ("", "types", "registry", "sets", "dialect", "codec"),
    ),
    "stages": (
        "Stages in Python",
        "What `python -m pipeline STAGE` calls. Each stage is one function of parameters and the "
        "project's folder.",
        (*STAGES, "params", "annotations", "cell", "page.evaluated", "layout", "results", "errors"),
    ),
    "disk": (
        "Files in Python",
        "Manifests, shards, payloads and videos: everything that touches the disk.",
        ("io.manifest", "io.shards", "io.clips", "io.payload", "io.video", "io.atomic"),
    ),
    "metrics": (
        "Metrics in Python",
        "Numbers in, numbers out: for predictions that were made elsewhere too.",
        ("metrics",),
    ),
    "models": (
        "Models in Python",
        "Models of the leaderboard and models of your own.",
        tuple(f"models{name}" for name in ("", ".opening", ".bring", ".spec", ".loaded"))
        + tuple(f"models.{name}" for name in ("registry", "checkpoints", *registry.names())),
    ),
}
"""Page to title, sentence and modules."""


def page(name: str) -> str:
    """One page of the reference."""
    title, sentence, modules = PAGES[name]
    package = "corruptions" if name == "corruptions" else "pipeline"
    parts = [f"# {title}", sentence]
    for module in modules:
        parts += section(import_module(f"{package}.{module}".rstrip(".")))
    return "\n\n".join(parts) + "\n"


def section(module: ModuleType) -> list[str]:
    """A module: its docstring, then its public members; of a network, how it is built."""
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
    """Directive and name of what a module defines for others."""
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
    """Arguments as the code has them: `clip: Clip`, not what the alias stands for."""
    if arguments is None:
        return None
    if not inspect.isfunction(obj):
        return "", ""
    node = ast.parse(dedent(inspect.getsource(obj))).body[0]
    assert isinstance(node, ast.FunctionDef)  # noqa: S101 - no lambda has a name of its own
    given = node.args
    if what == "method" and given.args and given.args[0].arg in ("self", "cls"):
        given.args.pop(0)
    return f"({ast.unparse(given)})", ast.unparse(node.returns) if node.returns else ""


def docstring(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Characters that docstrings mean as they are and reStructuredText does not."""
    parts = re.split(r"(`[^`]+`)", "\n".join(lines))
    text = "".join(
        f"`{part}`" if part.startswith("`") else re.sub(r"([*|]|_(?!\w))", r"\\\1", part)
        for part in parts
    )
    lines[:] = text.split("\n")
