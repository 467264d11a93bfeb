"""MMAction2's VideoDataset: lists of `path label`."""

from pipeline.export.lists import cell_lists
from pipeline.export.task import Export
from pipeline.export.videos import FOLDER as FOLDER
from pipeline.export.videos import UNIT as UNIT
from pipeline.export.videos import path
from pipeline.export.videos import write_shard as write_shard


def index(export: Export) -> dict[str, str]:
    """Lists for `ann_file`; `data_prefix` is dict(video=<the export's folder>)."""
    return cell_lists(export, lambda cell, clip: f"{path(cell, clip)} {clip.label}")
