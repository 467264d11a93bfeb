"""Provenance: hashes of everything that determines the bytes of a result.

A result is written again when its recipe changes, and only then. A recipe holds the code that
computes, parameters, seed, hashes of the inputs and the versions of the libraries that write
pixels. The code of a stage is its module and every file of the project that it imports, directly or
through others (the import closure), so that no list of files is kept by hand. The hash of a file
depends on its statements: its name, imports, comments, docstrings and layout change no hash.

The recipes stage writes these hashes to `data/recipes`, where DVC sees which of them changed.
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
from corruptions.registry import Corruption

from .media import ffmpeg

PACKAGE = Path(corruptions.__file__).parent
PIPELINE = Path(__file__).parent

LIBRARIES = ("av", "numpy", "opencv-python-headless", "simplejpeg", "scipy")
"""Packages whose version can change a pixel or a byte of a shard."""

NO_EFFECT = (
    "pipeline/__init__.py",
    "pipeline/cli",
    "pipeline/execution",
    "pipeline/errors.py",
    "pipeline/messages.py",
    "pipeline/resources.py",
    "pipeline/params.py",
    "pipeline/settings.py",
    "pipeline/provenance.py",
    "pipeline/io/atomic.py",
    "pipeline/io/locks.py",
    "pipeline/storage/paths.py",
)
"""Rooms and files without effect on the content of a result: where work runs, where files are, how
messages read and how parameters are validated (their values are in the recipes)."""

CALLERS = (PACKAGE / "__init__.py", PACKAGE / "registry.py")
"""Code that looks up levels and calls a corruption: part of every corruption. It imports all of
them, so that its own imports do not count."""

DATA_SUFFIXES = frozenset({".html", ".css", ".js", ".txt"})
"""Files beside a module that are part of its code."""


def recipe_hash(parts: Mapping[str, Any]) -> str:
    """Return the hash of a recipe's parts, independent of the order of their keys."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return sha256(text.encode()).hexdigest()[:32]


@cache
def library_versions() -> dict[str, str]:
    """Return the versions of libraries and ffmpeg that belong to every recipe."""
    return {name: version(name) for name in LIBRARIES} | {"ffmpeg": ffmpeg.version()}


def code_of(*entries: Path) -> str:
    """Return one hash of some modules and everything of the project that they import."""
    return _combined(import_closure(entries))


@cache
def stage_code(stage: str) -> str:
    """Return the hash of the code of a stage, without corruptions and models of the zoo."""
    return _combined(
        file for file in import_closure([stage_file(stage)]) if not _is_inside(file, PACKAGE)
    )


def stage_file(stage: str) -> Path:
    """Return the module of a stage: `stages/<stage>.py` or `stages/<stage>/<stage>.py`."""
    file = PIPELINE / "stages" / f"{stage}.py"
    return file if file.is_file() else PIPELINE / "stages" / stage / f"{stage}.py"


def corruption_code(corruption: Corruption) -> str:
    """Return the hash of a corruption's file, of what it imports and of the code that calls it."""
    entries = [corruption.file]
    if corruption.acts_on != "pixels":
        entries += sorted((PACKAGE / "codec").glob("*.py"))
    if corruption.dialect == "original":
        entries.append(PACKAGE / "original.py")
    return _combined(import_closure([*entries, *CALLERS]))


def describe(corruption: Corruption) -> dict[str, Any]:
    """Return what identifies a corruption in recipes: name, family, dialect, levels and code."""
    return {
        "name": corruption.name,
        "family": corruption.family,
        "dialect": corruption.dialect,
        "levels": corruption.levels,
        "code": corruption_code(corruption),
    }


def import_closure(entries: Iterable[Path]) -> set[Path]:
    """Return the entries and all files of the project that they import, except NO_EFFECT."""
    found = set(entries)
    waiting = list(found)
    while waiting:
        file = waiting.pop()
        for imported in imported_files(file) - found if file not in CALLERS else ():
            if not has_no_effect(imported):
                found.add(imported)
                waiting.append(imported)
    return found


def has_no_effect(file: Path) -> bool:
    """Return True if a file of the project has no effect on the content of a result."""
    name = project_name(file)
    return any(name == one or name.startswith(f"{one}/") for one in NO_EFFECT)


def project_name(file: Path) -> str:
    """Return the name of a file in the checkout, such as `pipeline/io/text.py`, also installed."""
    for folder, name in ((PIPELINE, "pipeline"), (PACKAGE, "corruptions")):
        if _is_inside(file, folder):
            return f"{name}/{file.relative_to(folder).as_posix()}"
    return file.as_posix()


@cache
def imported_files(file: Path) -> frozenset[Path]:
    """Return the files of the project that a file imports, also inside functions.

    Imports for type checkers only (`if TYPE_CHECKING:`) do not count.
    """
    found: set[Path] = set()
    for node in ast.walk(_without_type_imports(ast.parse(file.read_text()))):
        if isinstance(node, ast.ImportFrom):
            base = _base(file, node)
            if base is not None:
                for item in node.names:
                    found.add(_module(base / item.name) or _module(base) or file)
        elif isinstance(node, ast.Import):
            for item in node.names:
                if item.name.split(".")[0] == PACKAGE.name:
                    found.add(_module(PACKAGE.parent / item.name.replace(".", "/")) or file)
    return frozenset(found - {file})


def _base(file: Path, node: ast.ImportFrom) -> Path | None:
    """Return the path that an import names, without suffix; None outside the project."""
    module = (node.module or "").replace(".", "/")
    if node.level:
        return file.parents[node.level - 1] / module
    if module.split("/")[0] == PACKAGE.name:
        return PACKAGE.parent / module
    return None


def _module(path: Path) -> Path | None:
    """Return the file of a module or package, given its path without suffix."""
    for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


def _combined(files: Iterable[Path]) -> str:
    files = set(files)
    data = {
        beside
        for file in files
        for beside in file.parent.iterdir()
        if beside.suffix in DATA_SUFFIXES
    }
    hashes = {code_hash(file) for file in files} - {""} | {_data_hash(file) for file in data}
    return sha256("\n".join(sorted(hashes)).encode()).hexdigest()[:16]


@cache
def code_hash(file: Path) -> str:
    """Return the hash of what a Python file computes; empty if it only imports.

    The hash is of the syntax tree without imports and docstrings.
    """
    tree = _without_type_imports(ast.parse(file.read_text()))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [item for item in body if not _says_nothing(item)]  # type: ignore[attr-defined]
    return sha256(ast.dump(tree).encode()).hexdigest()[:16] if tree.body else ""


def _says_nothing(node: ast.stmt) -> bool:
    """Return True for an import and for a docstring."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or isinstance(node, ast.Import | ast.ImportFrom)


def _without_type_imports(tree: ast.Module) -> ast.Module:
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return tree


@cache
def _data_hash(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()[:16]


def _is_inside(file: Path, folder: Path) -> bool:
    """Return True if a file belongs to a package, even where one package is inside the other."""
    inner = PIPELINE if folder == PACKAGE and PIPELINE.is_relative_to(PACKAGE) else None
    return file.is_relative_to(folder) and not (inner and file.is_relative_to(inner))
