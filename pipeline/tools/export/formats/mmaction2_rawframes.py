"""MMAction2's RawframeDataset: JPEG frames and lists of `folder num_frames label`."""

from ..frames import FOLDER as FOLDER
from ..frames import UNIT as UNIT
from ..frames import path
from ..frames import write_shard as write_shard
from ..lists import cell_lists
from ..task import Export


def index(export: Export) -> dict[str, str]:
    """Return lists for `ann_file`; `data_prefix` is dict(img=<the export's folder>)."""
    return cell_lists(
        export, lambda cell, clip: f"{path(cell, clip)} {clip.num_frames} {clip.label}"
    )
