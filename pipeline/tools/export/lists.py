"""Text lists with one file per cell and one line per clip, which most trainers read."""

from collections.abc import Callable

from .selection import ExportCell, ExportClip
from .task import Export


def cell_lists(
    export: Export,
    line: Callable[[ExportCell, ExportClip], str],
    header: str = "",
    suffix: str = "txt",
) -> dict[str, str]:
    """Return the lists `<format>/<split>/<corruption>-<severity>.<suffix>` by path."""
    return {
        f"{export.format}/{cell.split}/{cell.name}.{suffix}": lines(cell, line, header)
        for cell in export.cells
    }


def lines(cell: ExportCell, line: Callable[[ExportCell, ExportClip], str], header: str = "") -> str:
    """Return one line per clip of a cell, after `header`."""
    return header + "".join(f"{line(cell, clip)}\n" for clip in cell.clips)
