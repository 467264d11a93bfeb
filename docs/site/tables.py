"""Pages that are tables: parameters, from the models that check them, and manifest columns."""

import ast
import inspect
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from docs.site.columns import TABLES
from pipeline import params
from pipeline.storage import manifest

ROOT = Path(params.__file__).parent.parent
MAPS = ("", ".<dataset>", ".<dataset>.<model>")

PARAMETERS = """# Parameters

`params.yaml` holds every number of a run. Unknown keys and impossible values stop a run before it
starts, with the key, the value and the way out. Numbers lie in three places: what is computed
(`datasets`, `corruptions`, `severities`, `models`), what bytes come out (a section for each stage;
DVC runs a stage again when its section changes), and how fast (`machine`; nothing tracks it).

The last column is what the project's own `params.yaml` says, or the default of a key that may be
left out.
"""

MANIFESTS = """# Manifests

Parquet files in `manifests/<dataset>/`, each with a fixed schema. [](../reading.md) shows how to
ask them questions. `recipe_hash`, `sha256` and `frames_sha256` are what two people compare to know
that they have the same data.
"""


def parameters() -> str:
    """The page of params.yaml."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    schema = params.Params.model_json_schema()
    return "\n".join([PARAMETERS, *_section("", schema, schema["$defs"], values)]) + "\n"


def _section(path: str, model: Any, models: Any, values: Any) -> Iterator[str]:
    """A table of the keys at `path`, then the sections below it."""
    described = attribute_docstrings(params)
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
    yield from table(("key", "what it is", "values", "set to"), rows)
    for here, one, value in below:
        yield f"\n## `{here}`\n\n{one['description']}\n"
        yield from _section(here, one, models, value)


def _inside(field: Any) -> tuple[str | None, int]:
    """Name of the settings that a field holds, if any, and in how many maps they are."""
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
    """What values a field takes, in words."""
    if inner is not None:
        return "a section of its own, below"
    if "anyOf" in field:
        kinds = [_kind(one, None) for one in field["anyOf"] if one.get("type") != "null"]
        return " or ".join(kinds) + (", or left out" if len(kinds) < len(field["anyOf"]) else "")
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
    """Docstring under each attribute of each class of a module."""
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
    """The page of the manifests' columns; each column must have its description."""
    parts = [MANIFESTS]
    for name, (files, sentence, descriptions) in TABLES.items():
        schema = getattr(manifest, name)
        if sorted(schema.names) != sorted(descriptions):
            odd = sorted(set(schema.names) ^ set(descriptions))
            raise KeyError(f"docs/site/columns.py and manifest.{name} differ in {odd}")
        rows = [(f"`{one.name}`", str(one.type), descriptions[one.name]) for one in schema]
        titles = ", ".join(f"`{file}`" for file in files.split(", "))
        parts += [f"## {titles}\n", f"{sentence}\n", *table(("column", "type", "what"), rows), ""]
    return "\n".join(parts)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table."""
    if rows:
        yield "| " + " | ".join(head) + " |"
        yield "|" + "---|" * len(head)
        for row in rows:
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
