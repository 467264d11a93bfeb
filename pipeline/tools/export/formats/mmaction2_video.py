"""MMAction2's VideoDataset: lists of `path label`."""

from ..lists import cell_lists
from ..task import Export
from ..videos import FOLDER as FOLDER
from ..videos import UNIT as UNIT
from ..videos import path
from ..videos import write_shard as write_shard


def index(export: Export) -> dict[str, str]:
    """Return lists for `ann_file`; `data_prefix` is dict(video=<the export's folder>)."""
    return cell_lists(export, lambda cell, clip: f"{path(cell, clip)} {clip.label}")
