"""Corruption of one video file at its own size, by the code of a mirror."""

from pathlib import Path

from ...datasets.native_video import NativeCell
from ...errors import ClipError, SettingsError
from ...io.outputs import check_output
from ...media.output_format import extensions, output_format
from ...storage.mirror_manifest import MirrorRow
from .tasks import WriteTask, write

MEMORY_BYTES = 8_000_000_000
"""Largest size of the decoded frames in memory unless the caller sets a limit."""

TIMEOUT_SECONDS = 86_400.0
"""Time limit per video and cell unless the caller sets one."""


def apply(
    video: Path,
    output: Path,
    cell: NativeCell,
    *,
    key: str | None = None,
    lossless: bool = False,
    force: bool = False,
    memory_bytes: int = MEMORY_BYTES,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> MirrorRow:
    """Corrupt one video file and write the result to `output`; return what a manifest says of it.

    The extension of `output` chooses the container. The random numbers depend on `key`, by default
    the name of the file, so that a copy of the file in another folder gives the same result.
    Compression corruptions encode the source stream, the others its decoded frames. An existing
    output is overwritten only with `force`, the input never.

    Raises
    ------
    SettingsError
        If the output cannot be written under this name.
    ClipError
        If the video cannot be read, corrupted or written.

    """
    if output_format(output.name, lossless=lossless) is None:
        raise SettingsError(
            f"--output: the name must end in one of {', '.join(extensions(lossless=lossless))} "
            f"(got {str(output)!r})."
        )
    check_output(output, [video], force=force)
    key = video.name if key is None else key
    columns: MirrorRow = {"source_path": video.name, **cell.columns(key)}
    row = write(
        WriteTask(
            source=video,
            key=key,
            cell=cell,
            columns=columns,
            output=output,
            record=None,
            lossless=lossless,
            memory_bytes=memory_bytes,
            timeout_seconds=timeout_seconds,
        )
    )
    if row["status"] != "ok":
        raise ClipError(f"{video}: {row['reason']}")
    return row
