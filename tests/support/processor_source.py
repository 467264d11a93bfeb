"""Functions of the installed transformers whose modules need torchvision, from their source."""

import ast
import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch


def function(file: str, name: str) -> Any:
    """Return a function or method of a file of `transformers/models`, without its annotations."""
    spec = find_spec("transformers")
    assert spec is not None and spec.origin is not None
    path = Path(spec.origin).parent / "models" / file
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    assert len(found) == 1, f"{path} has {len(found)} functions {name}"
    found[0].decorator_list = []
    found[0].returns = None
    for argument in found[0].args.args:
        argument.annotation = None
    names: dict[str, Any] = {"math": math, "torch": torch}
    code = compile(ast.Module([*found], []), str(path), "exec")
    exec(code, names)  # noqa: S102 - code of an installed package
    return names[name]
