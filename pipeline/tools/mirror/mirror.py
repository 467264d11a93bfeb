"""Mirror: every video of a folder or list, corrupted, under the same name below another folder.

A run surveys its videos first (hash, size, memory that each needs), then writes them in parallel.
Every output appears whole, after its completion record, so that the same command resumes a run that
was killed. `manifest.parquet` has one row per video and cell, also for those that failed.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from ... import __version__
from ...datasets.native_video import NativeCell, check_memory
from ...errors import ClipError, SettingsError
from ...execution.pool import run_tasks
from ...io.locks import file_lock
from ...messages import one_line
from ...settings import MachineSettings
from ...storage import manifest
from ...storage.mirror_manifest import MIRRORED, NAME, MirrorRow
from . import other_files, records
from .listed import SUFFIXES, read_list
from .options import Mirrored, MirrorOptions
from .sources import SourceFiles, SourceVideo, find_sources
from .tasks import Surveyed, SurveyTask, WriteTask, survey, write

log = logging.getLogger(__name__)

NOTABLE_BYTES = 1_000_000_000
"""Memory that is announced before the work starts."""


def mirror(
    source: Path,
    output: Path,
    cells: Sequence[NativeCell],
    options: MirrorOptions = MirrorOptions(),  # noqa: B008 - immutable
) -> Mirrored:
    """Corrupt all videos of a folder or list.

    Parameters
    ----------
    source
        A folder, or a list of videos (.txt, .csv, .tsv, .json, .jsonl).
    output
        Folder of the mirror. One cell is written directly below it, several below
        `<corruption>/<severity>`.
    cells
        Corruptions and severities, from `cells_of`.
    options
        Format, links, workers and limits.

    Returns
    -------
    Mirrored
        One row per video and cell.

    Raises
    ------
    SettingsError
        If the folders overlap, files exist, or the list cannot be read.
    StageError
        If the disk is full or a worker dies; the same call resumes.

    """
    found = _sources(source, options)
    _check_separate(source, output, found)
    with file_lock(output / records.FOLDER / "lock"):
        run = _Run(output, list(cells), options, found)
        return run.finish()


def _sources(source: Path, options: MirrorOptions) -> SourceFiles:
    if source.is_dir():
        if options.key_column is not None or options.root is not None:
            raise SettingsError("--key-column, --root: are for lists; give a list as IN.")
        return find_sources(source, follow_links=options.follow_links)
    if source.suffix.lower() not in SUFFIXES:
        raise SettingsError(
            f"IN: neither a folder nor a list (got {str(source)!r}); give a folder, or a file "
            f"ending in {', '.join(SUFFIXES)}. For one video use `apply`."
        )
    root = source.parent if options.root is None else options.root
    return read_list(source, root, path_column=options.path_column, key_column=options.key_column)


def _check_separate(source: Path, output: Path, found: SourceFiles) -> None:
    """Refuse a mirror inside its input and an input inside its mirror."""
    if output.exists() and not output.is_dir():
        raise SettingsError(f"OUT: not a folder (got {str(output)!r}); name another folder.")
    folder = output.resolve()
    if source.is_dir() and folder.is_relative_to(source.resolve()):
        raise SettingsError(
            f"OUT: inside IN, whose files it would mirror (got {str(output)!r}); name a folder "
            "outside of it."
        )
    for path in (source, *(video.path for video in found.videos)):
        if path.resolve().is_relative_to(folder):
            raise SettingsError(
                f"OUT: contains the input {str(path)!r} (got {str(output)!r}); name another folder."
            )


class _Run:
    """One run: what is done already, what is to do, and the rows of both."""

    def __init__(
        self, output: Path, cells: list[NativeCell], options: MirrorOptions, found: SourceFiles
    ) -> None:
        self.output, self.cells, self.options, self.found = output, cells, options, found
        self.folders = ["" if len(cells) == 1 else cell.folder for cell in cells]
        self.recipes = [records.cell_recipe(cell, options.lossless) for cell in cells]
        self.rows: dict[tuple[str, int], MirrorRow] = {}
        for video in found.videos:
            for number in range(len(cells)):
                record = self._record(video, number)
                row = records.finished_row(record, output, video.path, self.recipes[number])
                if row is not None and row.get("random_key") == video.key:
                    self.rows[video.relative, number] = row
        self.num_resumed = len(self.rows)
        self.earlier = records.read_rows(output / NAME)
        self.machine = MachineSettings(
            workers=options.workers, backend="loky", device="cpu", precision="auto",
            compile=False, batch_size=1, loader_workers=0, check_payloads=True,
            clip_timeout_seconds=options.timeout_seconds,
        )  # fmt: skip

    def finish(self) -> Mirrored:
        """Survey, write, place the other files, and write the manifest."""
        tasks = list(self._tasks(self._survey()))
        self._check_free(task.output for _, task in tasks)
        copies = other_files.planned(
            self.found, [self.output / folder for folder in self.folders], self.options.others
        )
        if any(one.output == self.output / NAME for one in copies):
            raise SettingsError(
                f"--others: IN has a file {NAME}, which is the name of the mirror's manifest; "
                "leave the other files away."
            )
        if not self.options.force:
            other_files.check_free(copies, self.options.others)
        results = run_tasks(
            write,
            [task for _, task in tasks],
            self.machine,
            "mirror",
            done=self.num_resumed,
            name=lambda task: str(task.source),
        )
        for (place, _), row in zip(tasks, results, strict=True):
            self.rows[place] = row
        other_files.place(copies, self.options.others)
        rows = [
            self.rows[video.relative, number]
            for number in range(len(self.cells))
            for video in self.found.videos
        ]
        rows += self._refused()
        path = self.output / NAME
        kept = records.not_replaced(self.earlier, rows)
        manifest.write(path, [*kept, *rows], MIRRORED)
        return Mirrored(path, rows, self.num_resumed, len(copies))

    def _record(self, video: SourceVideo, number: int) -> Path:
        return records.record_path(self.output, self.folders[number], video.relative)

    def _survey(self) -> list[tuple[SourceVideo, Surveyed]]:
        """Survey the videos that are not finished in every cell."""
        waiting = [
            video
            for video in self.found.videos
            if any((video.relative, number) not in self.rows for number in range(len(self.cells)))
        ]
        tasks = [
            SurveyTask(
                video.path, video.relative, video.key, tuple(self.cells),
                self.options.lossless, self.options.timeout_seconds,
            )
            for video in waiting
        ]  # fmt: skip
        results = run_tasks(survey, tasks, self.machine, "survey", name=lambda task: str(task.path))
        return list(zip(waiting, results, strict=True))

    def _tasks(
        self, surveyed: Sequence[tuple[SourceVideo, Surveyed]]
    ) -> Iterator[tuple[tuple[str, int], WriteTask]]:
        """Yield what is to be written; announce its memory, and record what cannot be written."""
        for number, cell in enumerate(self.cells):
            self._announce(cell, [(one.needs[number], v) for v, one in surveyed if one.needs])
        for number, cell in enumerate(self.cells):
            for video, one in surveyed:
                place = (video.relative, number)
                if place in self.rows:
                    continue
                columns: MirrorRow = {
                    **one.columns(),
                    **cell.columns(video.key),
                    "recipe_hash": self.recipes[number],
                    "tool_version": __version__,
                }
                if one.reason:
                    self.rows[place] = {**columns, "status": "broken", "reason": one.reason}
                    continue
                try:
                    if cell.load()[0].acts_on == "pixels":
                        check_memory(cell, one.needs[number], self.options.memory_bytes)
                except ClipError as error:
                    failed: MirrorRow = {"status": "failed", "reason": one_line(error)}
                    self.rows[place] = {**columns, **failed}
                    continue
                name = "/".join(filter(None, (self.folders[number], one.output_name)))
                yield (
                    place,
                    WriteTask(
                        source=video.path,
                        key=video.key,
                        cell=cell,
                        columns={**columns, "output_path": name},
                        output=self.output / name,
                        record=self._record(video, number),
                        lossless=self.options.lossless,
                        memory_bytes=self.options.memory_bytes,
                        timeout_seconds=self.options.timeout_seconds,
                    ),
                )

    def _announce(self, cell: NativeCell, needs: list[tuple[int, SourceVideo]]) -> None:
        """Say how much memory a cell needs, where it is much."""
        most, video = max(needs, key=lambda one: one[0], default=(0, None))
        if most < NOTABLE_BYTES or video is None:
            return
        pixels = cell.load()[0].acts_on == "pixels"
        log.warning(
            "%s: %s %.1f GB of memory per worker for %s (%s)",
            cell.name, "up to" if pixels else "at least", most / 1e9,
            "decoded frames" if pixels else "coded streams", video.relative,
        )  # fmt: skip

    def _check_free(self, outputs: Iterator[Path]) -> None:
        """Refuse two outputs of one name, and existing files unless they may be overwritten."""
        seen: set[Path] = set()
        existing: list[Path] = []
        for path in outputs:
            if path in seen:
                raise SettingsError(f"{path}: two videos would have this name; rename one of them.")
            seen.add(path)
            if path.exists() or path.is_symlink():
                existing.append(path)
        if existing and not self.options.force:
            raise SettingsError(
                f"{existing[0]}: already exists and is not what this run would write "
                f"({len(existing)} such files); name another folder, or overwrite them with "
                "--force."
            )

    def _refused(self) -> Iterator[MirrorRow]:
        for relative, reason in self.found.refused:
            for number, cell in enumerate(self.cells):
                yield {
                    "source_path": relative,
                    **cell.columns(relative),
                    "status": "missing",
                    "reason": reason,
                    "recipe_hash": self.recipes[number],
                    "tool_version": __version__,
                }
