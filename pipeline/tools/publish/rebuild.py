"""Rebuilding of a published dataset from one's own copies of its videos.

The clips are those that the published clips.parquet lists, so that the annotations are not needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from ...datasets.clip_rows import FoundClip
from ...datasets.probe import ProbeLimits, ProbeTask, probe_clips
from ...datasets.video_files import search_hint
from ...errors import SettingsError, StageError
from ...execution.pool import run_tasks
from ...execution.ticks import clip_done
from ...io.atomic import copy_file, write_text
from ...io.locks import file_lock
from ...io.outputs import check_separate
from ...io.text import read_json
from ...metadata.croissant import FILE_NAME
from ...metadata.software import software
from ...params import Params, load
from ...stages.corrupt import corrupt
from ...stages.decode import decode
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.rows import ClipRow
from .links import link_videos, listed_clip
from .publication import HINT, VERSIONS, check_publication
from .publish import public_params


@dataclass(frozen=True)
class Publication:
    """A checked publication, and the project that is rebuilt from it."""

    folder: Path
    dataset: str
    params: Params
    """Parameters of the rebuilt project."""
    root: Path
    """Folder of the rebuilt project."""

    @property
    def description(self) -> Path:
        """Croissant description, against which the rebuilt dataset is verified."""
        return self.folder / FILE_NAME

    @property
    def other_versions(self) -> list[str]:
        """Differences between the software of the publication and of this machine."""
        theirs = read_json(self.folder / VERSIONS, HINT)
        try:
            published = {"version": theirs["version"], **theirs["libraries"]}
        except (KeyError, TypeError):
            raise SettingsError(f"{self.folder / VERSIONS}: lacks versions; {HINT}.") from None
        ours = {"version": software().version, **software().libraries}
        return [
            f"{name} {version}, published with {published.get(name)}"
            for name, version in ours.items()
            if published.get(name) != version
        ]


def open_publication(folder: Path, videos: Path, root: Path) -> Publication:
    """Check a publication and write params.yaml and class list of the project to rebuild."""
    check_publication(folder)
    params = load(folder / "params.yaml")
    if len(params.datasets) != 1:
        raise SettingsError(f"{folder / 'params.yaml'}: more than one dataset; {HINT}.")
    (dataset,) = params.datasets
    if not videos.is_dir():
        raise SettingsError(f"--videos: no such folder (got {str(videos)!r}).")
    check_separate(root, [videos])
    if params != public_params(params, dataset):  # it could name models to run, or a cluster
        raise SettingsError(f"{folder / 'params.yaml'}: not written by publish; {HINT}.")
    classes = params.filter.sources[dataset].classes
    write_text(
        root / "params.yaml", yaml.safe_dump(params.model_dump(mode="json"), sort_keys=False)
    )
    copy_file(folder / classes, root / classes)
    return Publication(folder, dataset, params, root)


def rebuild(publication: Publication, videos: Path) -> None:
    """Write the clips, the clean set and all corruptions of a published dataset.

    Raises
    ------
    StageError
        If none of its videos is found, or a stage fails.

    """
    dataset, params, root = publication.dataset, publication.params, publication.root
    paths = DatasetPaths(root, dataset)
    published: list[ClipRow] = manifest.read_rows(
        DatasetPaths(publication.folder, dataset).clips, schemas.CLIPS
    )
    with file_lock(paths.lock("filter")):
        links = root / params.filter.sources[dataset].videos
        found = link_videos(published, videos, links)
        if not found:
            hint = search_hint(videos, published[0]["key"] if published else "")
            raise StageError(f"{videos}: none of the published videos is here; {hint}.")
        rows = _probe(published, found, links, params, dataset)
        manifest.write(paths.clips, rows, schemas.CLIPS)
    decode(params, root, dataset)
    for name in params.corruptions:
        corrupt(params, root, dataset, name)


def _probe(
    rows: Sequence[ClipRow],
    found: Mapping[str, str],
    videos: Path,
    params: Params,
    dataset: str,
) -> list[ClipRow]:
    """Return the rows of clips.parquet; a clip that was published as missing stays missing."""
    limits = ProbeLimits(
        videos=videos,
        dataset=dataset,
        min_frames=params.filter.min_frames,
        max_pixels=params.filter.max_pixels,
        timeout_seconds=params.machine.clip_timeout_seconds,
    )
    tasks = [
        ProbeTask((FoundClip(listed_clip(row), found.get(row["key"]), None),), limits)
        for row in rows
        if row["source_path"] is not None
    ]
    results = run_tasks(_probe_clip, tasks, params.machine, f"filter {dataset}")
    probed = {row["key"]: row for some in results for row in some}
    return [probed.get(row["key"], row) for row in rows]


def _probe_clip(task: ProbeTask) -> list[ClipRow]:
    rows = probe_clips(task)
    clip_done()
    return rows
