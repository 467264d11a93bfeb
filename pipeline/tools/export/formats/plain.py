"""Plain video files with one CSV per cell: for readers that open a video by its path."""

from ..lists import cell_lists
from ..selection import ExportCell, ExportClip
from ..task import Export
from ..videos import FOLDER as FOLDER
from ..videos import UNIT as UNIT
from ..videos import path
from ..videos import write_shard as write_shard


def _line(cell: ExportCell, clip: ExportClip) -> str:
    return f"{path(cell, clip)},{clip.label},{clip.key},{clip.num_frames},{clip.fps:g}"


def index(export: Export) -> dict[str, str]:
    """Return lists with a header; paths are relative to the export's folder."""
    return cell_lists(export, _line, "path,label,key,num_frames,fps\n", "csv")
