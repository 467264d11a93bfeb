"""The command `export`."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingsError
from ..tools.export.registry import describe, names
from .app import DEFAULT, Dataset, ParamsFile, console, load, tool


def _list_formats(wanted: bool) -> None:
    if wanted:
        from rich.table import Table

        table = Table("format", "what it writes", title="Export formats")
        for name in names():
            table.add_row(name, describe(name))
        console.print(table)
        raise typer.Exit


@tool
def export(
    format_: Annotated[
        str, typer.Argument(metavar="FORMAT", help=f"One of: {', '.join(names())}.")
    ],
    dataset: Dataset,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of exports; several formats share it.")
    ],
    corruption: Annotated[
        list[str] | None,
        typer.Option(
            "--corruption",
            "-c",
            help="A corruption, a named set or clean; repeat for several. Default: all.",
        ),
    ] = None,
    severity: Annotated[
        list[int] | None,
        typer.Option("--severity", "-s", help="1 to 5; repeat for several. Default: all."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Default: the one that is corrupted (corrupt.split).")
    ] = None,
    clean: Annotated[bool, typer.Option(help="The clean set beside the corrupted ones.")] = True,
    paired: Annotated[
        bool, typer.Option("--paired", help="Only clips that exist in every chosen cell.")
    ] = False,
    link: Annotated[
        str, typer.Option(help="webdataset: hard, symbolic or copy of the shards.")
    ] = "hard",
    list_: Annotated[
        bool,
        typer.Option("--list", is_eager=True, callback=_list_formats, help="Say what formats are."),
    ] = False,
    params: ParamsFile = DEFAULT,
) -> None:
    """Write a dataset, or a part of its grid, as the files that other trainers read."""
    from ..tools.export import export

    if link not in ("hard", "symbolic", "copy"):
        raise SettingsError(f"--link {link!r}: there are hard, symbolic and copy.")
    values, root = load(params)
    chosen = export.prepare(
        format_,
        dataset,
        output,
        values,
        root,
        names=corruption or (),
        severities=severity or (),
        split=split,
        clean=clean,
        paired=paired,
        link=link,  # type: ignore[arg-type] # checked above
    )
    console.print(chosen.words(), soft_wrap=True, highlight=False)
    paths = export.write(chosen, values.machine)
    console.print(f"{chosen.folder}: lists {paths[-1]} and {len(paths) - 1} more.", soft_wrap=True)
