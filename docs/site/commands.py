"""Command reference: every command with its arguments and options, from the application itself."""

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from docs.site.tables import table
from pipeline.__main__ import app

HEAD = """# Commands

In a clone a command is called as `python -m pipeline COMMAND`, after an installation as
`video-corruptions COMMAND`. `--help` prints what this page says; `--verbose` before the command
logs more. Exit codes: 0 when the work is done, 1 when it failed, 2 for wrong settings, 130 after
Ctrl-C and 143 after SIGTERM.
"""


def commands() -> dict[str, TyperCommand]:
    """Return the commands by name, in the order of `--help`."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)  # noqa: S101 - the application has several commands
    return {
        name: command
        for name, command in group.commands.items()
        if isinstance(command, TyperCommand) and not command.hidden
    }


def page() -> str:
    """Return the page of all commands, by panel."""
    panels: dict[str, list[TyperCommand]] = {}
    for command in commands().values():
        panels.setdefault(str(command.rich_help_panel), []).append(command)
    parts = [HEAD]
    for panel, some in panels.items():
        parts.append(f"## {panel}")
        for command in some:
            parts += _command(command)
    return "\n\n".join(parts) + "\n"


def _command(command: TyperCommand) -> Iterator[str]:
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    options = [one for one in command.params if isinstance(one, TyperOption)]
    words = [command.name, *(_metavar(one) for one in arguments), *map(_required, options)]
    yield f"### {command.name}"
    yield inspect.cleandoc(command.help or "")
    yield f"```\npython -m pipeline {' '.join(filter(None, words))} [options]\n```"
    parameters: list[Any] = [*arguments, *options]
    rows = [
        (_name(one), one.help or "", _values(one), _default(one))
        for one in parameters
        if one.name != "help"
    ]
    yield "\n".join(table(("argument or option", "meaning", "values", "default"), rows))


def _metavar(parameter: TyperArgument) -> str:
    return parameter.metavar or str(parameter.name).rstrip("_").upper()


def _required(option: TyperOption) -> str:
    return f"{option.opts[0]} {option.opts[0].lstrip('-').upper()}" if option.required else ""


def _name(parameter: Any) -> str:
    if isinstance(parameter, TyperArgument):
        return f"`{_metavar(parameter)}`"
    return ", ".join(f"`{one}`" for one in (*parameter.opts, *parameter.secondary_opts))


def _values(parameter: Any) -> str:
    """Return the values of a parameter in words."""
    kind = parameter.type_descriptor.annotation
    if get_origin(kind) is list:
        (kind,) = get_args(kind)
    if get_origin(kind) is Literal:
        return ", ".join(f"`{one}`" for one in get_args(kind))
    if kind is bool:
        return ""
    words = {int: "whole number", float: "number", Path: "path", str: "text"}[kind]
    limits = (("at least", parameter.min), ("at most", parameter.max))
    bounds = " and ".join(f"{said} {limit:g}" for said, limit in limits if limit is not None)
    return f"{words} {bounds}".rstrip()


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    value = parameter.default
    if value is None or value is False or value == ():
        return ""
    return f"`{value}`" if isinstance(value, str | Path) else f"`{json.dumps(value, default=str)}`"
