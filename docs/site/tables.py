"""Table pages: parameters, from the models that validate them, and columns of the manifests."""

import ast
import inspect
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from corruptions import timing
from pipeline import model_settings, params, settings
from pipeline.storage import schemas
from pipeline.storage.columns import TABLES

ROOT = Path(params.__file__).parent.parent
MAPS = ("", ".<dataset>", ".<dataset>.<model>")

PARAMETERS = """# Parameters

`params.yaml` holds every number of a run. Unknown keys and impossible values stop a run before it
starts, with the key, the value and a hint. There are three groups: what is computed (`datasets`,
`corruptions`, `severities`, `models`), what determines bytes (one section per stage; DVC runs a
stage again when its section changes), and what determines speed (`machine`, which DVC does not
track).

The last column is the value in the project's `params.yaml`, or the default of an optional key.
"""

MANIFESTS = """# Manifests

Parquet files in `manifests/<dataset>/`, each with a fixed schema. [](../reading.md) shows how to
query them. To find out whether two copies of a dataset are identical, compare `recipe_hash`,
`sha256` and `frames_sha256`.
"""


def parameters() -> str:
    """Return the page of params.yaml."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    schema = params.Params.model_json_schema()
    return "\n".join([PARAMETERS, *_section("", schema, schema["$defs"], values)]) + "\n"


def _section(path: str, model: Any, models: Any, values: Any) -> Iterator[str]:
    """Yield a table of the keys at `path`, then the sections below it."""
    described = {}
    for module in (params, settings, model_settings, timing):
        described |= attribute_docstrings(module)
    rows, below = [], []
    for name, field in model["properties"].items():
        inner, maps = _inside(field)
        here = f"{path}.{name}".lstrip(".")
        value = values.get(name) if isinstance(values, dict) else field.get("default")
        if inner is not None:
            below.append((here + MAPS[maps], models[inner], None if maps else value))
        if inner is None or path:
            meaning = described.get((model["title"], name), "")
            text = value if isinstance(value, str) else json.dumps(value)
            shown = "" if inner or value is None else f"`{text}`"
            rows.append((f"`{name}`", meaning, _kind(field, inner), shown))
    yield from table(("key", "meaning", "values", "set to"), rows)
    for here, one, value in below:
        title = here.replace("timing.<dataset>", "timing.<corruption>")
        yield f"\n## `{title}`\n\n{one['description']}\n"
        yield from _section(here, one, models, value)


def _inside(field: Any) -> tuple[str | None, int]:
    """Return the name of the settings in a field, if any, and the number of maps around them."""
    if "$ref" in field:
        return field["$ref"].split("/")[-1], 0
    for one in field.get("anyOf", ()):
        if "$ref" in one:
            return _inside(one)
    values = [*field.get("patternProperties", {}).values(), field.get("additionalProperties")]
    for one in values:
        if isinstance(one, dict):
            inner, maps = _inside(one)
            return inner, maps + 1
    return None, 0


def _kind(field: Any, inner: str | None) -> str:
    """Return the values that a field accepts, in words."""
    if inner is not None:
        return "a section, see below"
    if "anyOf" in field:
        kinds = [_kind(one, None) for one in field["anyOf"] if one.get("type") != "null"]
        return " or ".join(kinds) + (", optional" if len(kinds) < len(field["anyOf"]) else "")
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if field["type"] == "array":
        items = field.get("prefixItems") or [field["items"]]
        return f"{len(items)} numbers" if len(items) > 1 else f"list: {_kind(items[0], None)}"
    words = {
        "integer": "whole number",
        "number": "number",
        "boolean": "`true`, `false`",
        "object": "`name: value`",
        "string": "path" if field.get("format") == "path" else "text",
    }[field["type"]]
    bounds = {
        "minimum": "at least {}",
        "exclusiveMinimum": "above {}",
        "maximum": "at most {}",
        "exclusiveMaximum": "below {}",
    }
    limits = [text.format(f"{field[key]:g}") for key, text in bounds.items() if key in field]
    return f"{words} {' and '.join(limits)}".rstrip()


def attribute_docstrings(module: ModuleType) -> dict[tuple[str, str], str]:
    """Return the docstring below each attribute of each class of a module."""
    found = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            for field, after in zip(node.body, node.body[1:], strict=False):
                match field, after:
                    case (
                        ast.AnnAssign(target=ast.Name(id=name)),
                        ast.Expr(value=ast.Constant(value=str(words))),
                    ):
                        found[node.name, name] = " ".join(words.split())
    return found


def manifests() -> str:
    """Return the page of the manifests' columns; raise KeyError if one has no description."""
    parts = [MANIFESTS]
    for name, (files, sentence, descriptions) in TABLES.items():
        schema = getattr(schemas, name)
        if sorted(schema.names) != sorted(descriptions):
            odd = sorted(set(schema.names) ^ set(descriptions))
            raise KeyError(f"pipeline/storage/columns.py: differs from schemas.{name} (in {odd}).")
        rows = [(f"`{one.name}`", str(one.type), descriptions[one.name]) for one in schema]
        titles = ", ".join(f"`{file}`" for file in files.split(", "))
        parts += [
            f"## {titles}\n",
            f"{sentence}\n",
            *table(("column", "type", "meaning"), rows),
            "",
        ]
    return "\n".join(parts)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    if rows:
        yield "| " + " | ".join(head) + " |"
        yield "|" + "---|" * len(head)
        for row in rows:
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
