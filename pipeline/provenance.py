"""Provenance: hashes of everything that determines the bytes of a result.

A result is written again when its recipe changes, and only then. A recipe holds the code that
computes, parameters, seed, hashes of the inputs and the versions of the libraries that write
pixels. The code of a stage is its module and every file of the project that it imports, directly or
through others (the import closure), so that no list of files is kept by hand. The hash of a file
depends on its statements and on what its imported names refer to. File names, comments, docstrings,
layout, the place of an import and the version of Python do not change it.

The recipes stage writes these hashes to `data/recipes`, where DVC sees which of them changed.
"""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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
    "pipeline/validation_messages.py",
    "pipeline/resources.py",
    "pipeline/params.py",
    "pipeline/corrupt_checks.py",
    "pipeline/model_settings.py",
    "pipeline/settings.py",
    "pipeline/setting_types.py",
    "pipeline/provenance.py",
    "pipeline/io/atomic.py",
    "pipeline/io/locks.py",
    "pipeline/storage/paths.py",
    "pipeline/storage/inputs.py",
    "pipeline/storage/manifest_checks.py",
    "pipeline/datasets/accounting.py",
)
"""Rooms and files without effect on the content of a result: where work runs, where files are, how
messages read, and what is validated (the values of parameters are in the recipes)."""

CALLERS = (PACKAGE / "__init__.py", PACKAGE / "registry.py")
"""Code that looks up levels and calls a corruption: part of every corruption. It imports all of
them, so that its own imports do not count."""

BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""Fields of syntax trees that hold statements, or parts of a statement that hold them."""

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


def code_of(*entries: Path, library: bool = True) -> str:
    """Return one hash of some modules and everything of the project that they import.

    Without `library` the files of corruptions do not count: for recipes that hold
    `corruption_code` of the corruptions that they are about.
    """
    files = import_closure(entries)
    return _combined(file for file in files if library or not _is_inside(file, PACKAGE))


@cache
def stage_code(stage: str) -> str:
    """Return the hash of the code of a stage, without models of the zoo, which load by name.

    The code of the corrupt stage does not include the library of corruptions, see `code_of`.
    """
    return code_of(stage_file(stage), library=stage != "corrupt")


def stage_file(stage: str) -> Path:
    """Return the module of a stage: `stages/<stage>.py` or `stages/<stage>/<stage>.py`."""
    file = PIPELINE / "stages" / f"{stage}.py"
    return file if file.is_file() else PIPELINE / "stages" / stage / f"{stage}.py"


def corruption_code(corruption: Corruption) -> str:
    """Return the hash of the code of a corruption; see `corruption_files`."""
    return _combined(corruption_files(corruption))


def corruption_files(corruption: Corruption) -> set[Path]:
    """Return a corruption's file, the files that it imports, and those that call it."""
    entries = [corruption.file]
    if corruption.acts_on != "pixels":
        entries += sorted((PACKAGE / "codec").glob("*.py"))
    if corruption.dialect == "original":
        entries.append(PACKAGE / "original.py")
    return import_closure([*entries, *CALLERS])


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


@cache
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
    return frozenset(one.source for one in _parsed(file).imports if one.source) - {file}


@dataclass(frozen=True)
class _Import:
    """One name that an import statement binds."""

    module: str
    """Module as the statement names it."""
    name: str
    """Imported name, or module of a plain `import`."""
    alias: str
    source: Path | None
    """File of the project that the name comes from; None outside the project."""


@dataclass(frozen=True)
class _Parsed:
    """What a hash needs of a Python file."""

    imports: tuple[_Import, ...]
    statements: str
    """Hash of the statements, except imports and docstrings; empty if there are none."""


@cache
def _parsed(file: Path) -> _Parsed:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not _is_for_type_checkers(node)]
    statements = _canonical(tree)
    said = "" if statements == ("Module",) else sha256(repr(statements).encode()).hexdigest()[:16]
    return _Parsed(tuple(_imported(file, tree)), said)


def _imported(file: Path, tree: ast.AST) -> Iterator[_Import]:
    """Yield the imports of a file, also those inside functions and other statements."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        waiting += (inner for field in BLOCKS for inner in getattr(node, field, ()))
        if isinstance(node, ast.ImportFrom):
            base = _base(file, node)
            for item in node.names:
                source = None if base is None else _module(base / item.name) or _module(base)
                yield _Import(node.module or "", item.name, item.asname or item.name, source)
        elif isinstance(node, ast.Import):
            for item in node.names:
                ours = item.name.split(".")[0] == PACKAGE.name
                source = _module(PACKAGE.parent / item.name.replace(".", "/")) if ours else None
                yield _Import(item.name, item.name, item.asname or item.name, source)


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
    hashes = {code_hash(file) for file in files} - {""}
    hashes.update(*(_data_hashes(folder) for folder in {file.parent for file in files}))
    return sha256("\n".join(sorted(hashes)).encode()).hexdigest()[:16]


@cache
def code_hash(file: Path) -> str:
    """Return the hash of what a Python file computes; empty for a file without code.

    It covers the statements except imports and docstrings, and what imported names refer to: a name
    and alias, with the module for other packages and the module's code for the project.
    """
    said = sorted({_meaning(file, one) for one in _parsed(file).imports})
    statements = _parsed(file).statements
    if not statements and not said:
        return ""
    return sha256("\n".join([statements, *said]).encode()).hexdigest()[:16]


def _meaning(file: Path, one: _Import) -> str:
    """Return what an imported name refers to, independent of where files of the project are."""
    if one.source is None:
        return f"{one.module} {one.name} {one.alias}"
    # Not across packages and not of CALLERS: their imports are not part of every closure.
    own = file not in CALLERS and _is_inside(file, PACKAGE) == _is_inside(one.source, PACKAGE)
    code = _parsed(one.source).statements if own and not has_no_effect(one.source) else ""
    return f"{one.name} {one.alias} {code}"


def _canonical(value: object) -> object:
    """Return a syntax tree as nested tuples, the same for every version of Python.

    Without docstrings, imports, and empty fields (which versions add or leave out).
    """
    if isinstance(value, ast.AST):
        fields = [(name, _canonical(getattr(value, name, None))) for name in value._fields]
        return (type(value).__name__, *[one for one in fields if one[1] not in (None, ())])
    if isinstance(value, list):
        return tuple([_canonical(item) for item in value if not _says_nothing(item)])
    return value


def _is_for_type_checkers(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _says_nothing(node: object) -> bool:
    """Return True for an import and for a docstring."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or isinstance(node, ast.Import | ast.ImportFrom)


@cache
def _data_hashes(folder: Path) -> frozenset[str]:
    data = (file for file in folder.iterdir() if file.suffix in DATA_SUFFIXES)
    return frozenset(sha256(file.read_bytes()).hexdigest()[:16] for file in data)


def _is_inside(file: Path, folder: Path) -> bool:
    """Return True if a file belongs to a package, even where one package is inside the other."""
    inner = PIPELINE if folder == PACKAGE and PIPELINE.is_relative_to(PACKAGE) else None
    return file.is_relative_to(folder) and not (inner and file.is_relative_to(inner))
