"""Plain video files with a CSV a cell: for everything that opens a video by its path."""

from pipeline.export.lists import cell_lists
from pipeline.export.selection import Cell, Clip
from pipeline.export.task import Export
from pipeline.export.videos import FOLDER as FOLDER
from pipeline.export.videos import UNIT as UNIT
from pipeline.export.videos import path
from pipeline.export.videos import write_shard as write_shard


def _line(cell: Cell, clip: Clip) -> str:
    return f"{path(cell, clip)},{clip.label},{clip.key},{clip.num_frames},{clip.fps:g}"


def index(export: Export) -> dict[str, str]:
    """Lists with a header; paths are relative to the export's folder."""
    return cell_lists(export, _line, "path,label,key,num_frames,fps\n", "csv")
