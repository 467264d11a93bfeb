"""Code of a user's model: its module and what that imports of the user's own code."""

import ast
from hashlib import sha256
from pathlib import Path

from ...provenance import PACKAGE, PIPELINE, code_hash


def external_code(file: Path, root: Path) -> str:
    """Return the hash of a user's module and of everything that it imports of its own code.

    Parameters
    ----------
    file
        Source file of the module.
    root
        Folder in which its imports start. Of an installed package only the package itself counts,
        otherwise all modules below `root` except the project's.

    Returns
    -------
    str
        One hash of the code; comments, docstrings and layout do not count.

    """
    found = {file}
    waiting = [file]
    while waiting:
        for imported in _imported_below(waiting.pop(), root) - found:
            found.add(imported)
            waiting.append(imported)
    return sha256("\n".join(sorted({code_hash(one) for one in found})).encode()).hexdigest()[:16]


def _imported_below(file: Path, root: Path) -> set[Path]:
    """Return the files below `root` that a file outside the project imports."""
    top = file.relative_to(root).parts[0].removesuffix(".py")
    installed = {"site-packages", "dist-packages"} & set(root.parts)
    found: set[Path | None] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        bases: list[tuple[Path, list[str]]] = []
        if isinstance(node, ast.ImportFrom):
            start = file.parents[node.level - 1] if node.level else root
            bases = [
                (start.joinpath(*(node.module or "").split(".")), [n.name for n in node.names])
            ]
        elif isinstance(node, ast.Import):
            bases = [(root.joinpath(*item.name.split(".")), []) for item in node.names]
        for base, names in bases:
            if not base.is_relative_to(root) or base == root:
                continue
            if installed and base.relative_to(root).parts[0] != top:
                continue
            found.add(_module(base))
            found |= {_module(base / name) for name in names}
    return {one for one in found if one and not _of_project(one)}


def _module(path: Path) -> Path | None:
    """Return the file of a module or package, given its path without suffix."""
    for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


def _of_project(file: Path) -> bool:
    return file.is_relative_to(PIPELINE) or file.is_relative_to(PACKAGE)
