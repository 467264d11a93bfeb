"""Commands that print tables: leaderboard, corruptions, models."""

from typing import Annotated

import typer

from ..errors import SettingsError
from ..messages import did_you_mean
from .app import DEFAULT, AsJson, ParamsFile, console, load, tool


@tool
def leaderboard(params: ParamsFile = DEFAULT) -> None:
    """Print the leaderboard and the path of the last report."""
    from ..stages.report.leaderboard import read_tables

    _, root = load(params)
    for table in read_tables(root):
        console.print(table)
    console.print(f"Report: {root / 'report' / 'index.html'}", soft_wrap=True)


@tool
def corruptions(
    set_: Annotated[str | None, typer.Option("--set", help="Only corruptions of this set.")] = None,
) -> None:
    """List the corruptions, their severities and the named sets."""
    from rich.table import Table

    from corruptions import SETS, load, names

    if set_ is not None and set_ not in SETS:
        raise SettingsError(
            f"--set: unknown set {set_!r}{did_you_mean(set_, SETS)}; choose from {', '.join(SETS)}."
        )
    table = Table(caption="Select corruptions under `corruptions:` in params.yaml.")
    for column in ("name", "family", "levels of severities 1 to 5", "sets"):
        table.add_column(column, no_wrap=column == "name")
    for name in SETS[set_] if set_ else names():
        one = load(name)
        levels = ", ".join(str(level) for level in one.levels["mini_kinetics"])
        members = [title for title, inside in SETS.items() if name in inside]
        table.add_row(name, one.family, levels, " ".join(members))
    console.print(table)


@tool
def models(json_: AsJson = False) -> None:
    """List the models of the leaderboard."""
    import json
    from dataclasses import asdict

    from rich.padding import Padding
    from rich.text import Text

    from ..models import catalog
    from ..models.families import FAMILIES

    def show(name: str, lines: dict[str, str]) -> None:
        console.print(Text(name, "bold"))
        for key, text in lines.items():
            console.print(Padding(Text.assemble((key, "cyan"), f": {text}"), (0, 0, 0, 2)))

    rows = catalog.rows()
    if json_:
        typer.echo(json.dumps([*map(asdict, rows), *map(asdict, FAMILIES)], indent=2))
        return
    for row in rows:
        spec = f"{row.frames} x {row.size} px, mean {row.mean[0]:g}, std {row.std[0]:g}"
        cost = f"{row.params / 1e6:.2f} M parameters, {row.gmac:.2f} GMAC per clip"
        show(
            row.name,
            {
                "published row": row.published or "-",
                "input": spec,
                "cost": cost,
                "weights": "; ".join(row.checkpoints) or "-",
                "source": row.source,
            },
        )
    console.print("\nModels of transformers; parameters and GMAC are those of the folder:")
    for family in FAMILIES:
        show(
            family.name,
            {
                "published row": family.published or "-",
                "input": family.input,
                "cost": "that of the folder",
                "weights": "; ".join(family.checkpoints),
                "source": family.source,
            },
        )
    console.print(
        "\nFor 400 classes. GMAC: billions of multiply-adds per clip, GFLOPs in most papers."
    )
