"""ViTTA's video datasets: lists of `path num_frames label`, the path without its suffix."""

from ..lists import cell_lists
from ..task import Export
from ..videos import FOLDER as FOLDER
from ..videos import UNIT as UNIT
from ..videos import path
from ..videos import write_shard as write_shard


def index(export: Export) -> dict[str, str]:
    """Return lists for `val_vid_list`; `video_data_dir` is the export's folder."""
    return cell_lists(
        export,
        lambda cell, clip: f"{path(cell, clip).rpartition('.')[0]} {clip.num_frames} {clip.label}",
    )
