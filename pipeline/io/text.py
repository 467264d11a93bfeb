"""Text files that people write or download: annotations, class lists, settings, results.

Whatever such a file holds (another encoding, a pipe, a gigabyte, lists in lists without end), what
comes back is its content or a SettingsError that names it.
"""

import json
import stat
from pathlib import Path
from typing import Any

import yaml

from ..errors import SettingsError
from ..messages import one_line, quoted

MAX_BYTES = 1 << 29
"""Longest file that is read; the longest official annotation file has 30 MB."""

MAX_NODES = 100_000
"""Most values of a YAML file, aliases filled in: a few lines can stand for billions."""


def read_text(path: Path, way_out: str = "correct the path or the file") -> str:
    """Content of a plain file in UTF-8."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SettingsError(f"{path}: is no plain file; {way_out}.")
        if status.st_size > MAX_BYTES:
            raise SettingsError(
                f"{path}: has {status.st_size} bytes, more than {MAX_BYTES}; {way_out}."
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; {way_out}.") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); {way_out}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is no UTF-8 text: {error}.") from error
    except ValueError as error:  # a path that no file can have
        raise SettingsError(f"{str(path)!r}: {error}; {way_out}.") from error


def read_json(path: Path, way_out: str = "correct the path or the file") -> Any:
    """Content of a JSON file; an object that names a key twice is refused."""
    text = read_text(path, way_out)
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise SettingsError(f"{path}: no JSON that is read here: nested too deeply.") from None
    except ValueError as error:
        raise SettingsError(f"{path}: no valid JSON: {one_line(error)}.") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twin = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {quoted(twin)} stands twice in one object")
    return made


def read_yaml(path: Path, way_out: str) -> Any:
    """Content of a YAML file of plain values; a key that stands twice is refused."""
    text = read_text(path, way_out)
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        if root is not None and _count(root, {}) > MAX_NODES:
            raise SettingsError(f"{path}: has more than {MAX_NODES} values; {way_out}.")
        return yaml.safe_load(text)
    except RecursionError:
        raise SettingsError(f"{path}: no YAML that is read here: nested too deeply.") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        # Not YAMLError: dates and numbers that cannot be.
        raise SettingsError(f"{path}: no valid YAML: {one_line(error)}") from error


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Values below a node, each alias counted in full."""
    if id(node) in known:
        if known[id(node)] == 0:
            raise ValueError(f"a value that holds itself{node.start_mark}")
        return known[id(node)]
    known[id(node)] = 0  # being counted
    total = 1
    if isinstance(node, yaml.SequenceNode):
        total += sum(_count(child, known) for child in node.value)
    elif isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twins := {key for key in keys if keys.count(key) > 1 and key != "<<"}:
            raise ValueError(f"the key {quoted(min(twins))} stands twice{node.start_mark}")
        total += sum(_count(child, known) for pair in node.value for child in pair)
    known[id(node)] = total
    return total
