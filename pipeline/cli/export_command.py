"""The command `export`."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingsError
from ..tools.export.registry import Link, describe, names
from .app import DEFAULT, Dataset, Force, ParamsFile, console, load, tool


def _list_formats(wanted: bool) -> None:
    if wanted:
        from rich.table import Table

        table = Table("format", "description", title="Export formats")
        for name in names():
            table.add_row(name, describe(name))
        console.print(table)
        raise typer.Exit


@tool
def export(
    format_: Annotated[
        str, typer.Argument(metavar="FORMAT", help=f"Export format: {', '.join(names())}.")
    ],
    dataset: Dataset,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Output folder; several formats can share it.")
    ],
    corruption: Annotated[
        list[str] | None,
        typer.Option(
            "--corruption",
            "-c",
            help="Corruption, named set or `clean`; may be repeated. Default: all in params.yaml.",
        ),
    ] = None,
    severity: Annotated[
        list[int] | None,
        typer.Option(
            "--severity",
            "-s",
            help="Severity, 1 to 5; may be repeated. Default: all.",
            min=1,
            max=5,
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Split to export. Default: corrupt.split.")
    ] = None,
    clean: Annotated[bool, typer.Option(help="Include the clean set.")] = True,
    paired: Annotated[
        bool, typer.Option("--paired", help="Only clips available in every selected cell.")
    ] = False,
    playable: Annotated[
        bool,
        typer.Option(
            "--playable", help="With plain: H.264 copies for players beside the exact files."
        ),
    ] = False,
    link: Annotated[Link, typer.Option(help="How webdataset shards are placed.")] = "hard",
    list_: Annotated[
        bool,
        typer.Option(
            "--list",
            is_eager=True,
            callback=_list_formats,
            help="List the export formats and exit.",
        ),
    ] = False,
    force: Force = False,
    params: ParamsFile = DEFAULT,
) -> None:
    """Export a dataset, or part of it, in the formats of other training frameworks."""
    from ..tools.export import export

    values, root = load(params)
    if playable and format_ != "plain":
        raise SettingsError(f"--playable: belongs to the format plain (got {format_!r}).")
    for name in (format_, "playable") if playable else (format_,):
        chosen = export.prepare(
            name,
            dataset,
            output,
            values,
            root,
            names=corruption or (),
            severities=severity or (),
            split=split,
            clean=clean,
            paired=paired,
            link=link,
            force=force,
        )
        console.print(chosen.summary(), soft_wrap=True, highlight=False)
        paths = export.write(chosen, values.machine)
        console.print(
            f"{chosen.folder}: lists {paths[-1]} and {len(paths) - 1} more.", soft_wrap=True
        )
