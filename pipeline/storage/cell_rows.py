"""Rows of the manifests of cells, as far as they are known before a clip's frames are made."""

from .rows import CellRow, ClipRow


def cell_row(
    clip: ClipRow | CellRow,
    *,
    corruption: str,
    family: str,
    severity: int,
    params: str,
    encoder: str,
) -> CellRow:
    """Return the row of a clip in a cell, before its frames are made.

    Parameters
    ----------
    clip
        Row of the clip in clips.parquet, or in clean.parquet.
    corruption, family, severity
        The cell; "clean", "clean" and 0 for the clean set.
    params
        Canonical JSON with the level of the severity.
    encoder
        Description of the payload.

    """
    row: CellRow = {
        "key": clip["key"],
        "clip_id": clip["clip_id"],
        "dataset": clip["dataset"],
        "split": clip["split"],
        "label_id": clip["label_id"],
        "label_name": clip["label_name"],
        "source_label_id": clip["source_label_id"],
        "corruption": corruption,
        "family": family,
        "severity": severity,
        "params": params,
        "source_path": clip["source_path"],
        "source_sha256": clip["source_sha256"],
        "fps_num": clip["fps_num"],
        "fps_den": clip["fps_den"],
        "num_frames_source": clip["num_frames"],
        "encoder": encoder,
    }
    if clip.get("frame_ticks") is not None:
        row["ticks_per_second"] = clip["ticks_per_second"]
        row["frame_ticks"] = clip["frame_ticks"]
    if clip.get("segment_start") is not None or clip.get("segment_end") is not None:
        row["segment_start"] = clip["segment_start"]
        row["segment_end"] = clip["segment_end"]
    return row
