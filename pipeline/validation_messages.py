"""Messages for values of YAML and JSON files that pydantic refuses, in the words of such files."""

import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from .messages import did_you_mean, one_line, quoted

MAPPING = "must be a mapping of keys to values"
WORDS = {
    "missing": "is missing; add it",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": MAPPING,
    "model_type": MAPPING,
    "dataclass_type": MAPPING,
    "string_type": "must be text",
    "path_type": "must be a path",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
}
"""Problem by pydantic's type of the error; other errors have pydantic's own words."""

UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")

ALTERNATIVE = re.compile(r"(literal|tuple|list|constrained-\w+|function-\w+|int|float|str)(\[.+)?")
"""Part of a location that names an alternative of a union, and not a key of the file."""


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Return one line per wrong key, `key: problem (got value)`; the whole file has no key."""
    problems: dict[str, list[str]] = {}
    values: dict[str, str] = {}
    for one in error.errors():
        keys = [str(part) for part in one["loc"]]
        if one["type"] not in UNKNOWN_KEY:
            keys = [part for part in keys if not ALTERNATIVE.fullmatch(part)]
        key = one_line(".".join(keys)) if keys else ""
        words = WORDS.get(one["type"]) or _reworded(one["msg"])
        if one["type"] in UNKNOWN_KEY:
            hint = did_you_mean(keys[-1], _keys(model, keys[:-1]))
            words = f"unknown key{hint}; remove it or correct its spelling"
        elif one["type"] == "literal_error":
            values[key] = _got(one["input"], re.findall("'(.*?)'", words))
        else:
            values.setdefault(key, _got(one["input"]))
        problems.setdefault(key, []).append(words)
    return [
        f"{f'{key}: ' if key else ''}{_alternatives(words)}{values.get(key, '')}"
        for key, words in problems.items()
    ]


def _reworded(message: str) -> str:
    words = message.removeprefix("Value error, ").replace(" after validation", "")
    return re.sub(r"^(Input|String|Tuple|List|Dictionary) should ", "must ", words)


def _alternatives(words: Sequence[str]) -> str:
    first, *others = words
    return " or ".join([first, *(one.removeprefix("must be ") for one in others)])


def _got(value: object, choices: Sequence[str] = ()) -> str:
    if value is None:
        return " (got nothing)"
    if not isinstance(value, str | int | float):
        return ""
    shown = quoted(value)
    hint = did_you_mean(shown.strip("'"), choices).strip(" ()")
    return f" (got {shown}{f'; {hint}' if hint else ''})"


def _keys(kind: Any, path: Sequence[str]) -> set[str]:
    """Return the keys that the file may have at a path below a type."""
    if is_dataclass(kind) and not path:
        return {one.name for one in fields(kind)}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if not path:
            return set(kind.model_fields)
        field = kind.model_fields.get(path[0])
        return set() if field is None else _keys(field.annotation, path[1:])
    if get_origin(kind) is dict:
        return _keys(get_args(kind)[1], path[1:]) if path else set()
    return {key for one in get_args(kind) for key in _keys(one, path)}
