"""Store clips of one cell in one shard: frames in, rows out.

What the decode and corrupt stages have in common. A shard and its part appear only when all their
clips are done; the part is written last and marks the shard as done.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import __version__
from pipeline.errors import ClipError, StageError, UnsettledError
from pipeline.io import manifest, payload
from pipeline.io.atomic import atomic, is_being_written, sha256_file, signature
from pipeline.io.manifest import Row
from pipeline.io.shards import ShardWriter
from pipeline.params import PayloadSettings

CLIP_COLUMNS = ("key", "clip_id", "dataset", "split", "label_id", "label_name", "source_label_id")
"""Columns of clips.parquet that every later row repeats."""


class CellWriter:
    """One shard being written."""

    def __init__(
        self, writer: ShardWriter, shard: str, recipe: str, settings: PayloadSettings
    ) -> None:
        self._writer = writer
        self._shard = shard
        self._recipe = recipe
        self._settings = settings
        self.rows: list[Row] = []
        self.settled = True
        """Whether no clip's failure may be the moment's."""

    def add(self, row: Mapping[str, Any], frames: Iterable[NDArray[np.uint8]]) -> None:
        """Store one clip, frame by frame. A ClipError on the way leaves nothing in the shard.

        `row` says what is known before: names, labels, corruption and `fps_num`, `fps_den`.
        `frames` may fill in further columns of the row as it goes (it is read to its end first).
        """
        fps = Fraction(row["fps_num"], row["fps_den"])
        digest = sha256()
        writer: payload.PayloadWriter | None = None
        shape = (0, 0)
        for frame in frames:
            if writer is None:
                shape = (frame.shape[0], frame.shape[1])
                writer = payload.PayloadWriter(self._settings, fps, *shape)
            digest.update(np.ascontiguousarray(frame).data)
            writer.add(frame)
        if writer is None:
            raise ClipError("no frames to store")
        data = writer.close()
        extension = payload.EXTENSIONS[self._settings.codec]
        done: Row = dict(row) | {
            "status": "ok",
            "reason": "",
            "shard": self._shard,
            "frames_sha256": digest.hexdigest(),
            "codec": writer.codec,
            "pix_fmt": writer.pix_fmt,
            "height": shape[0],
            "width": shape[1],
            "num_frames": writer.num_frames,
            "duration_seconds": float(writer.num_frames / fps),
            "recipe_hash": self._recipe,
            "tool_version": __version__,
        }
        member = self._writer.add(str(row["key"]), extension, data, int(row["label_id"]), done)
        self.rows.append(
            done
            | {
                "member": member.name,
                "offset": member.offset,
                "size": member.size,
                "sha256": member.sha256,
            }
        )

    def fail(self, row: Mapping[str, Any], error: ClipError) -> None:
        """Record a clip that could not be made."""
        self.settled &= not isinstance(error, UnsettledError)
        self.rows.append(
            dict(row)
            | {
                "status": "failed",
                "reason": str(error),
                "recipe_hash": self._recipe,
                "tool_version": __version__,
            }
        )


@contextmanager
def open_cell(
    shard: Path, relative: str, recipe: str, settings: PayloadSettings
) -> Iterator[CellWriter]:
    """Write one shard; when the block ends well, shard and part appear, in this order.

    An older part goes first: no part may ever stand beside a shard that it does not describe. The
    part of a shard with a clip that the next run shall try again names no recipe of any run.
    """
    manifest.part_path(shard).unlink(missing_ok=True)
    with atomic(shard) as temporary, ShardWriter(temporary) as writer:
        cell = CellWriter(writer, relative, recipe, settings)
        yield cell
    manifest.write_part(shard, cell.rows, recipe if cell.settled else f"unsettled {recipe}")


def check_source(source: Path, expected: str) -> None:
    """Stop if a source is not what the filter stage saw: its row would be wrong for ever."""
    try:
        found = sha256_file(source)
    except OSError as error:
        found = error.strerror or "unreadable"
    if found != expected:
        raise StageError(
            f"{source}: changed or disappeared since the filter stage saw it ({found}); "
            "run the filter stage again (`dvc repro -f filter@DATASET`), then this one."
        )


@contextmanager
def steady_source(source: Path, expected: str) -> Iterator[None]:
    """Read a source in this block: from first to last it is what the filter stage saw.

    A source that changes meanwhile can also look broken, so that no error of a clip gets past.
    """
    before = signature(source)
    check_source(source, expected)
    try:
        yield
    finally:
        if signature(source) != before:
            check_source(source, expected)
            raise StageError(f"{source}: is being written; run this stage again when it is done.")


def remove_others(folder: Path, shards: Iterable[Path]) -> None:
    """Delete what does not belong to the shards of today: older shards, parts and left-overs.

    A temporary beside today's shards stays while its writer may live: a worker that was given up
    as lost, or a second run.
    """
    wanted = {path for shard in shards for path in (shard, manifest.part_path(shard))}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path not in wanted and not (wanted and is_being_written(path)):
            path.unlink(missing_ok=True)


def gather(shards: Iterable[Path]) -> list[Row]:
    """Rows of the parts, in the order of the shards."""
    rows: list[Row] = []
    for shard in shards:
        rows.extend(manifest.read_rows(manifest.part_path(shard), manifest.CELLS))
    return rows


def check_share(rows: list[Row], allowed: float, what: str, key: str) -> None:
    """Fail, after the manifest is written, if more than the allowed share of clips failed."""
    failed = [row for row in rows if row["status"] != "ok"]
    if len(failed) > allowed * len(rows):
        raise StageError(
            f"{what}: {len(failed)} of {len(rows)} clips failed, more than {key} = {allowed:g}; "
            f"the first: {failed[0]['key']}: {failed[0]['reason']}. The manifest has them all."
        )
