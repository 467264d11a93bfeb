"""Filter: find and probe every listed clip; clips.parquet records the result."""

import logging
import re
from pathlib import Path

from ..datasets.accounting import check_share
from ..datasets.annotations import read_annotations
from ..datasets.class_list import HINT
from ..datasets.matching import match_clips
from ..datasets.probe import CHECKSUMS, ProbeLimits, ProbeTask, probe_clips
from ..datasets.sample import class_sizes, stratified
from ..datasets.video_files import search_hint
from ..errors import SettingsError
from ..execution.pool import run_tasks
from ..execution.ticks import clip_done
from ..io.locks import file_lock
from ..io.text import read_text
from ..messages import quoted
from ..params import Params
from ..settings import SourceSettings
from ..storage import inputs, manifest, schemas
from ..storage.paths import DatasetPaths
from ..storage.rows import ClipRow

log = logging.getLogger(__name__)

SHA256 = re.compile(r"[0-9a-fA-F]{64}")

CLIPS_PER_TASK = 16


def filter_clips(params: Params, root: Path, dataset: str) -> list[ClipRow]:
    """Find and probe every listed clip, write clips.parquet and return its rows.

    Raises
    ------
    SettingsError
        If params.yaml, an annotation file or the folder of videos is wrong.
    StageError
        If more than the allowed share of clips is not usable (the manifest is written), or a video
        changes meanwhile.

    """
    params.check_dataset(dataset)
    paths = DatasetPaths(root, dataset)
    with file_lock(paths.lock("filter")):
        tasks = find_clips(params, root, dataset, CLIPS_PER_TASK)
        rows: list[ClipRow] = []
        for some in run_tasks(
            _probe,
            tasks,
            params.machine,
            f"filter {dataset}",
            lambda task: len(task.found),
            name=lambda task: " ".join(one.clip.key for one in task.found),
            shared=(paths.data, root / params.filter.sources[dataset].videos),
        ):
            rows.extend(some)
        manifest.write(paths.clips, rows, schemas.CLIPS, _of_sample(params, root, dataset))
        inputs.write_record(paths, inputs.VIDEOS, paths.clips.stem)
    source = params.filter.sources[dataset]
    missing = [row["key"] for row in rows if row["status"] == "missing" and not source.names_files]
    videos = root / source.videos
    check_share(
        rows,
        params.filter.allowed_failures,
        f"filter {dataset}",
        "filter",
        lambda: f"The filter {search_hint(videos, missing[0])}." if missing else "",
    )
    return rows


def _probe(task: ProbeTask) -> list[ClipRow]:
    """Probe the clips of a task one by one, counting them."""
    rows = []
    for one in task.found:
        rows += probe_clips(ProbeTask((one,), task.limits))
        clip_done()
    return rows


def find_clips(
    params: Params, root: Path, dataset: str, clips: int | None = None
) -> list[ProbeTask]:
    """Return every listed clip with its file, in tasks of `clips` or in one; open no video."""
    source = params.filter.sources[dataset].below(root)
    videos = source.videos
    if not videos.is_dir():
        raise SettingsError(
            f"{videos}: no such folder; set filter.sources.{dataset}.videos in params.yaml to "
            "the folder of the videos."
        )
    listed = stratified(read_annotations(source), source.clips)
    found = match_clips(listed, videos, _read_checksums(source))
    limits = ProbeLimits(
        videos=videos,
        dataset=dataset,
        min_frames=params.filter.min_frames,
        max_pixels=params.filter.max_pixels,
        timeout_seconds=params.machine.clip_timeout_seconds,
    )
    step = clips or len(found)
    return [
        ProbeTask(tuple(found[start : start + step]), limits)
        for start in range(0, len(found), step)
    ]


def _of_sample(params: Params, root: Path, dataset: str) -> dict[str, str]:
    """Return what clips.parquet says of the clips that were not drawn; nothing without a sample."""
    source = params.filter.sources[dataset].below(root)
    if source.clips is None:
        return {}
    sizes = class_sizes(read_annotations(source))
    return {schemas.CLASS_SIZES: manifest.as_json(sizes)}


def _read_checksums(source: SourceSettings) -> dict[str, str]:
    """Return the published hashes by file name; none if there is no such file."""
    path = source.annotations / CHECKSUMS
    if not path.exists():
        return {}
    found: dict[str, str] = {}
    for number, line in enumerate(read_text(path, HINT).splitlines(), 1):
        if not line.strip():
            continue
        digest, _, name = line.partition(" ")
        name = Path(name.strip().lstrip("*")).name
        if not SHA256.fullmatch(digest) or not name:
            raise SettingsError(
                f"{path}, line {number}: must be `<sha256>  <file>`, as sha256sum writes it."
            )
        if found.setdefault(name, digest.lower()) != digest.lower():
            raise SettingsError(f"{path}, line {number}: conflicting hashes for {quoted(name)}.")
    return found
