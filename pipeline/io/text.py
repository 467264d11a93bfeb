"""Text, JSON and YAML files from users: annotations, class lists, settings, results.

A file that cannot be read or parsed (another encoding, a pipe, gigabytes, unbounded nesting) is a
SettingsError that names it.
"""

import json
import stat
from pathlib import Path
from typing import Any

import yaml

from ..errors import SettingsError
from ..messages import one_line, quoted

MAX_BYTES = 1 << 29
"""Size limit of a file in bytes; the largest official annotation file has 30 MB."""

MAX_NODES = 100_000
"""Limit on the values of a YAML file after aliases are expanded: a few lines can mean billions."""


def read_text(path: Path, hint: str = "correct the path or the file") -> str:
    """Read a regular file as UTF-8 text.

    `hint` ends the SettingsError of a file that cannot be read: what the user should do.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SettingsError(f"{path}: not a regular file; {hint}.")
        if status.st_size > MAX_BYTES:
            raise SettingsError(
                f"{path}: has {status.st_size} bytes, more than {MAX_BYTES}; {hint}."
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; {hint}.") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); {hint}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not valid UTF-8: {error}.") from error
    except ValueError as error:  # a path that no file can have
        raise SettingsError(f"{str(path)!r}: {error}; {hint}.") from error


def read_json(path: Path, hint: str = "correct the path or the file") -> Any:
    """Read a JSON file; a duplicate key is a SettingsError."""
    text = read_text(path, hint)
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise SettingsError(f"{path}: JSON nested too deeply; {hint}.") from None
    except ValueError as error:
        raise SettingsError(f"{path}: invalid JSON: {one_line(error)}; {hint}.") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twin = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"duplicate key {quoted(twin)}")
    return made


def read_yaml(path: Path, hint: str) -> Any:
    """Read a YAML file of plain values; a duplicate key is a SettingsError."""
    text = read_text(path, hint)
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        if root is not None and _count(root, {}) > MAX_NODES:
            raise SettingsError(f"{path}: has more than {MAX_NODES} values; {hint}.")
        return yaml.safe_load(text)
    except RecursionError:
        raise SettingsError(f"{path}: YAML nested too deeply; {hint}.") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        # ValueError and TypeError: impossible dates and numbers.
        raise SettingsError(f"{path}: invalid YAML: {one_line(error)}; {hint}.") from error


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Return the number of values below a node, counting every alias in full."""
    if id(node) in known:
        if known[id(node)] == 0:
            raise ValueError(f"a value that contains itself{node.start_mark}")
        return known[id(node)]
    known[id(node)] = 0  # being counted
    total = 1
    if isinstance(node, yaml.SequenceNode):
        total += sum(_count(child, known) for child in node.value)
    elif isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twins := {key for key in keys if keys.count(key) > 1 and key != "<<"}:
            raise ValueError(f"duplicate key {quoted(min(twins))}{node.start_mark}")
        total += sum(_count(child, known) for pair in node.value for child in pair)
    known[id(node)] = total
    return total
