"""WebDataset: links to the shards of the selected cells, with lists of them."""

import shutil
from typing import Literal

from ....errors import SettingsError
from ....io.atomic import atomic
from ..task import Export, ExportTask, File

FOLDER = "webdataset"
UNIT: Literal["shard"] = "shard"


def write_shard(task: ExportTask) -> list[File]:
    """Link or copy the shard."""
    shard = task.shard.resolve()
    try:
        with atomic(task.folder / shard.name) as temporary:
            if task.link == "hard":
                temporary.hardlink_to(shard)
            elif task.link == "symbolic":
                temporary.symlink_to(shard)
            else:
                shutil.copyfile(shard, temporary)
    except OSError as error:
        raise SettingsError(
            f"{shard}: cannot be placed in {task.folder} with --link {task.link} "
            f"({error.strerror}); use symbolic or copy."
        ) from error
    return [File(shard.name, shard.stat().st_size, len(task.clips))]


def index(export: Export) -> dict[str, str]:
    """Return lists of shards; paths are relative to the export's folder."""
    return {
        f"{FOLDER}/{cell.split}/{cell.name}.txt": "".join(
            f"{FOLDER}/{cell.folder}/{shard.path.name}\n" for shard in cell.shards
        )
        for cell in export.cells
    }
