"""Recipes: what made some bytes, as one hash.

A shard is made again when its recipe changes, and only then. A recipe holds the code that computes
(as syntax trees: comments, docstrings and layout do not count), parameters, seed, inputs' hashes
and the versions of the libraries that write pixels. `manifests/recipes/<corruption>.json` shows
DVC which corruption changed, so that an edit of one re-runs that one only.
"""

import ast
import json
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import corruptions
from corruptions.registry import Corruption, load
from pipeline.io import atomic, ffmpeg

PACKAGE = Path(corruptions.__file__).parent
PIPELINE = Path(__file__).parent

LIBRARIES = ("av", "numpy", "opencv-python-headless", "simplejpeg", "scipy")
"""Packages whose version can change a pixel or a byte of a shard."""

WRITERS = ("io/video.py", "io/payload.py", "io/shards.py")
"""Code of ours that every stored clip goes through."""


def recipe_hash(parts: Mapping[str, Any]) -> str:
    """Hash of a recipe's parts, order of keys aside."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return sha256(text.encode()).hexdigest()[:32]


@cache
def library_versions() -> dict[str, str]:
    """Versions that belong to every recipe."""
    return {name: version(name) for name in LIBRARIES} | {"ffmpeg": ffmpeg.version()}


@cache
def code_hash(file: Path) -> str:
    """Hash of what a Python file does: its syntax tree without docstrings."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [item for item in node.body if not _is_text(item)]
    return sha256(ast.dump(tree).encode()).hexdigest()[:16]


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def pipeline_code(names: Iterable[str]) -> dict[str, str]:
    """Hashes of files of the pipeline."""
    return {name: code_hash(PIPELINE / name) for name in sorted(names)}


def corruption_code(corruption: Corruption) -> dict[str, str]:
    """Hashes of a corruption's file and of all files of the package that it imports."""
    found = {corruption.file}
    if corruption.acts_on != "pixels":
        found.add(PACKAGE / "codec.py")
    if corruption.dialect == "original":
        found.add(PACKAGE / "dialect.py")
    waiting = list(found)
    while waiting:
        for imported in _imports(waiting.pop()):
            if imported not in found:
                found.add(imported)
                waiting.append(imported)
    return {file.relative_to(PACKAGE).as_posix(): code_hash(file) for file in sorted(found)}


@cache
def _imports(file: Path) -> frozenset[Path]:
    """Files of the package that a file imports; the registry and the API are not computation."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{item.name}" for item in node.names)
        elif isinstance(node, ast.Import):
            names.update(item.name for item in node.names)
    files = {
        PACKAGE.parent / (name.replace(".", "/") + ".py")
        for name in names
        if name.startswith("corruptions.") and name != "corruptions.registry"
    }
    return frozenset(file for file in files if file.is_file())


def describe(corruption: Corruption) -> dict[str, Any]:
    """A corruption as the recipes know it."""
    return {
        "name": corruption.name,
        "family": corruption.family,
        "dialect": corruption.dialect,
        "levels": corruption.levels,
        "code": corruption_code(corruption),
    }


def write_recipes(folder: Path) -> None:
    """Write one JSON per corruption, in both dialects; unchanged files stay untouched."""
    for name in corruptions.names():
        dialects = {dialect: describe(load(name, dialect)) for dialect in ("ours", "original")}
        text = json.dumps(dialects, indent=2, sort_keys=True, default=str) + "\n"
        atomic.write_text(folder / f"{name}.json", text)
    known = {f"{name}.json" for name in corruptions.names()}
    for file in folder.iterdir():
        if file.name not in known:
            file.unlink()
