"""One text file a cell, one line a clip: what most trainers read."""

from collections.abc import Callable

from .selection import ExportCell, ExportClip
from .task import Export


def cell_lists(
    export: Export,
    line: Callable[[ExportCell, ExportClip], str],
    header: str = "",
    suffix: str = "txt",
) -> dict[str, str]:
    """Lists `<format>/<split>/<corruption>-<severity>.<suffix>` by their path."""
    return {
        f"{export.format}/{cell.split}/{cell.name}.{suffix}": lines(cell, line, header)
        for cell in export.cells
    }


def lines(cell: ExportCell, line: Callable[[ExportCell, ExportClip], str], header: str = "") -> str:
    """A line for each clip of a cell."""
    return header + "".join(f"{line(cell, clip)}\n" for clip in cell.clips)
