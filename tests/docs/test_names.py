"""Names in the text of the documentation exist: commands, options, parameters, columns, files."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from docs.site.commands import commands
from docs.site.commands import page as commands_page
from pipeline.params import Params
from pipeline.storage import schemas
from pipeline.storage.mirror_manifest import MIRRORED
from tests.support.project import REPOSITORY

PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((REPOSITORY / "docs").glob("*.md")),
    *sorted((REPOSITORY / "docs/tutorials").glob("*.md")),
]
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
FOREIGN = {
    "--address", "--cpus", "--cpuset-cpus", "--editable", "--log_samples", "--memory-limit",
    "--num-cpus", "--nworkers", "--shm-size", "--single-item", "--smallest", "--strict", "--user",
    "--wait-for-lock", "--workspace", "--all", "--all-experiments", "--collapse-foreach-matrix",
    "--csv", "--drop", "--md", "--only-changed", "--queue", "--temp",
}  # fmt: skip
"""Options of other programs: docker, pip, dvc, mypy, dask, ray, lmms-eval, and of benchmarks."""

SCHEMA = Params.model_json_schema()
PARAMETER = re.compile(r"([a-z_]+(?:\.[\w*<>]+)+)(?:: .*)?")
PACKAGES = ("corruptions.pipeline",)
COLUMNS = re.compile(r"\bcolumns? ((?:`\w+`(?:,? and |, )?)+)")
KNOWN_COLUMNS = {
    name
    for schema in (
        schemas.CLIPS,
        schemas.CELLS,
        schemas.PREDICTIONS,
        schemas.EVALUATED,
        MIRRORED,
    )  # fmt: skip
    for name in schema.names
} | {"class_id", "class_name", "video", "label", "path"}
"""Of the manifests, of class lists of the Parquet export and of lists."""


def options() -> set[str]:
    declared = {
        one
        for command in commands().values()
        for parameter in command.params
        for one in (*parameter.opts, *parameter.secondary_opts)
    }
    return declared | {"--help", "--verbose", "--version"}


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return FENCE.sub("", page.read_text())


def codes(page: Path) -> Iterator[str]:
    """Yield what a page prints as code inside its sentences."""
    yield from re.findall(r"`([^`\n]+)`", prose(page))


def is_parameter(path: list[str]) -> bool:
    """Whether a path of keys leads to a value or a section of params.yaml."""
    node: Mapping[str, Any] = SCHEMA
    for key in path:
        node = resolved(node)
        inner = node.get("additionalProperties") or None
        if key in node.get("properties", {}):
            node = node["properties"][key]
        elif isinstance(inner, dict):
            node = inner
        elif node.get("patternProperties"):
            node = next(iter(node["patternProperties"].values()))
        else:
            return False
    return True


def resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema behind its reference, also an optional one."""
    for one in (node, *node.get("anyOf", ())):
        if "$ref" in one:
            found: Mapping[str, Any] = SCHEMA["$defs"][one["$ref"].split("/")[-1]]
            return found
    return node


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_options_parameters_and_columns_exist(page: Path) -> None:
    known = options() | FOREIGN
    for code in codes(page):
        assert set(OPTION.findall(code)) <= known, code
        found = PARAMETER.fullmatch(code)
        if found and not found[1].startswith(PACKAGES):
            path = found[1].split(".")
            assert path[0] not in SCHEMA["properties"] or is_parameter(path), code
        command = re.match(r"(?:python -m pipeline|video-corruptions) ([a-z-]+)", code)
        assert command is None or command[1] in commands(), code
    for names in COLUMNS.findall(prose(page)):
        assert set(re.findall(r"`(\w+)`", names)) <= KNOWN_COLUMNS, names


def test_wrong_names_are_found() -> None:
    assert is_parameter(["filter", "sources", "any", "videos"])
    assert not is_parameter(["filter", "sources", "any", "video"])
    assert not is_parameter(["machine", "gpus"])
    assert OPTION.findall("verify --agianst x") == ["--agianst"]
    assert "--agianst" not in options() | FOREIGN


def test_no_option_of_the_project_is_taken_for_a_foreign_one() -> None:
    assert not options() & FOREIGN


def test_the_page_of_commands_shows_computed_defaults_in_words() -> None:
    """As `--help` does, not as the address of a function, which differs between builds."""
    assert "required; DVC names it" in commands_page()
    assert " at 0x" not in commands_page()
