"""Hash of the code of a user's model factory, so that an edit of it is noticed.

The hash covers the file of `package.module:factory` and the files that it imports from the same
folder tree, by their statements: comments and docstrings change nothing. Of an installed package
the version counts instead of its files.
"""

import ast
import importlib.metadata
import importlib.util
import re
import site
import sysconfig
from hashlib import sha256
from pathlib import Path

FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def factory_code(name: str) -> str | None:
    """Return the hash of a factory's code; None if `name` is not a factory or is not found."""
    if FACTORY.fullmatch(name) is None:
        return None
    module = name.partition(":")[0]
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        return None
    file = Path(spec.origin).resolve()
    if _is_installed(file):
        return _installed(module, file)
    root = file.parents[module.count(".") + (file.name == "__init__.py")]
    hashes = sorted(_statements(path) for path in _closure(file, root))
    return sha256("\n".join(hashes).encode()).hexdigest()[:16]


def _is_installed(file: Path) -> bool:
    folders = {*site.getsitepackages(), *sysconfig.get_paths().values()}
    return any(file.is_relative_to(Path(folder).resolve()) for folder in folders)


def _installed(module: str, file: Path) -> str:
    package = module.partition(".")[0]
    found = importlib.metadata.packages_distributions().get(package, [package])[0]
    try:
        version = importlib.metadata.version(found)
    except importlib.metadata.PackageNotFoundError:
        version = ""
    return sha256(f"{found} {version} {_statements(file)}".encode()).hexdigest()[:16]


def _closure(file: Path, root: Path) -> set[Path]:
    """Return a file and all files below `root` that it imports, directly or through others."""
    found, waiting = {file}, [file]
    while waiting:
        new = _imported(waiting.pop(), root) - found
        found |= new
        waiting.extend(new)
    return found


def _imported(file: Path, root: Path) -> set[Path]:
    candidates: list[Path] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = file.parents[node.level - 1] if node.level else root
            base = base.joinpath(*(node.module or "").split("."))
            candidates += [base, *(base / item.name for item in node.names)]
        elif isinstance(node, ast.Import):
            candidates += [root.joinpath(*item.name.split(".")) for item in node.names]
    files = (
        path
        for one in candidates
        for path in (one.with_suffix(".py"), one / "__init__.py")
        if path.is_file()
    )
    return {path.resolve() for path in files if path.resolve().is_relative_to(root)}


def _statements(file: Path) -> str:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                body[0] = ast.Pass()  # a docstring
    return ast.dump(tree)
