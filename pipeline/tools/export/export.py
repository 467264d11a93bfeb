"""Writing of exports: shards in parallel, then the lists.

As in the stages, a shard is the unit of work: its files are written, then its marker. A killed run
resumes; a second run finds every shard done.
"""

import inspect
import shutil
from collections.abc import Sequence
from pathlib import Path

import corruptions

from ...datasets.class_list import read_classes
from ...errors import SettingsError, StageError
from ...execution.pool import run_tasks
from ...io.atomic import copy_file, write_text
from ...io.outputs import check_separate
from ...messages import did_you_mean
from ...metadata.about import About, about_path, read_about
from ...params import Params
from ...provenance import code_of, recipe_hash
from ...settings import MachineSettings
from ...storage.paths import DatasetPaths
from . import done_marks
from .registry import Format, Link, load
from .selection import CLEAN, ExportCell, ExportShard, select
from .task import MARKS, Export, ExportTask


def prepare(
    name: str,
    dataset: str,
    output: Path,
    params: Params,
    root: Path,
    *,
    names: Sequence[str] = (),
    severities: Sequence[int] = (),
    split: str | None = None,
    clean: bool = True,
    paired: bool = False,
    link: Link = "hard",
    force: bool = False,
) -> Export:
    """Read the manifests and validate the request; nothing is written yet.

    `names` are corruptions, named sets or "clean"; all of params.yaml if empty. Only the split
    `corrupt.split` is corrupted; another split has only the clean set.
    """
    format_ = load(name)
    params.check_dataset(dataset)
    split = split or params.corrupt.split
    source = params.filter.sources[dataset]
    if split not in source.splits:
        raise SettingsError(
            f"--split: unknown split {split!r}"
            f"{did_you_mean(split, source.splits)}; "
            f"{dataset} has {', '.join(source.splits)}."
        )
    if paired and format_.UNIT == "shard":
        raise SettingsError(
            f"--paired: {name} exports whole shards and cannot leave out clips; choose another "
            "format."
        )
    _check_output(output, root)
    for inputs in params.filter.sources.values():
        check_separate(output / dataset, [root / inputs.videos, root / inputs.annotations])
    _check_folder(output / dataset, force)
    wanted = _corruptions(names, params if split == params.corrupt.split else None)
    cells = select(
        DatasetPaths(root, dataset),
        split,
        [one for one in wanted if one != CLEAN],
        sorted(set(severities)) or sorted(params.severities),
        clean=clean or CLEAN in wanted,
        paired=paired,
    )
    if not cells:
        raise SettingsError(
            "--no-clean without a corruption leaves nothing to export; omit --no-clean or name a "
            "corruption."
        )
    classes = read_classes(root / source.classes)
    labels = {clip.label for cell in cells for clip in cell.clips}
    if not labels <= set(range(len(classes))):
        raise StageError(
            f"{source.classes}: too few classes for the manifests (got {len(classes)} classes and "
            f"the labels {min(labels)} to {max(labels)}); run the filter stage and all after it."
        )
    return Export(
        format=name,
        folder=output / dataset,
        cells=tuple(cells),
        classes=tuple(classes),
        link=link,
        params=params,
        paths=DatasetPaths(root, dataset),
        about=_about(format_, root, dataset),
    )


def write(export: Export, machine: MachineSettings) -> list[Path]:
    """Write the missing files; return the paths of the lists."""
    format_ = load(export.format)
    tasks = [task for cell in export.cells for task in _tasks(export, format_, cell)]
    waiting = [task for task in tasks if not done_marks.is_done(task)]
    _check_space(export, format_, waiting)
    export.marks(format_.FOLDER).mkdir(parents=True, exist_ok=True)  # says that it is an export
    done = sum(len(task.clips) for task in tasks) - sum(len(task.clips) for task in waiting)
    for _ in run_tasks(
        _write_shard,
        waiting,
        machine,
        f"export {export.format}",
        lambda task: len(task.clips),
        done,
    ):
        pass
    for cell in export.cells:
        known = [export.mark(format_.FOLDER, cell, shard) for shard in cell.shards]
        folder = export.folder / format_.FOLDER / cell.folder
        done_marks.forget_others(folder, export.marks(format_.FOLDER) / cell.folder, known)
    write_text(export.folder / "classes.txt", "".join(f"{name}\n" for name in export.classes))
    files = format_.index(export)
    for path, content in files.items():
        if isinstance(content, Path):
            copy_file(content, export.folder / path)
        else:
            write_text(export.folder / path, content)
    return [export.folder / path for path in ("classes.txt", *files)]


def _about(format_: Format, root: Path, dataset: str) -> About | None:
    """Return the statements of people about the dataset, if the format uses them."""
    use = getattr(format_, "ABOUT", None)
    if use == "needed" or (use == "used" and about_path(root, dataset).exists()):
        return read_about(root, dataset)
    return None


def _write_shard(task: ExportTask) -> None:
    done_marks.begin(task)
    done_marks.write(task, load(task.format).write_shard(task))


def _tasks(export: Export, format_: Format, cell: ExportCell) -> list[ExportTask]:
    writer = Path(inspect.getfile(format_.write_shard))
    common = {
        "code": code_of(writer),
        "link": export.link if format_.UNIT == "shard" else None,
        "classes": export.classes,
        "payload": export.params.payload.model_dump(),
    }

    def task(shard: ExportShard) -> ExportTask:
        # Files shared by several exports contain every clip; the lists select among them.
        clips = cell.chosen(shard) if format_.UNIT == "pack" else shard.clips
        identity = [[clip.key, clip.label, clip.sha256] for clip in clips]
        return ExportTask(
            format=export.format,
            corruption=cell.corruption,
            severity=cell.severity,
            shard=shard.path,
            clips=clips,
            folder=export.folder / format_.FOLDER / cell.folder,
            mark=export.mark(format_.FOLDER, cell, shard),
            recipe=recipe_hash(common | {"clips": identity}),
            link=export.link,
            classes=export.classes,
            payload=export.params.payload,
        )

    return [task(shard) for shard in cell.shards]


def _corruptions(names: Sequence[str], params: Params | None) -> list[str]:
    """Return corruptions by name, with sets expanded, each once."""
    wanted = names or (params.corruptions if params is not None else ())
    found: list[str] = []
    for name in wanted:
        if name != CLEAN and name not in (*corruptions.names(), *corruptions.SETS):
            raise SettingsError(
                f"--corruption: unknown corruption or set {name!r}"
                f"{did_you_mean(name, (*corruptions.names(), *corruptions.SETS))}; choose from "
                f"{', '.join(corruptions.names())}, the sets {', '.join(corruptions.SETS)}, or "
                f"{CLEAN}."
            )
        found.extend(corruptions.SETS.get(name, (name,)))
    return list(dict.fromkeys(found))


def _check_folder(folder: Path, force: bool) -> None:
    """Refuse a folder with files that are not of an export, whose names could be the same."""
    if force or not folder.exists() or (folder / MARKS).is_dir():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise SettingsError(
            f"--output: already exists and is not an export (got {str(folder)!r}); choose another "
            "folder, or write into it with --force."
        )


def _check_output(output: Path, root: Path) -> None:
    for folder in ("data", "manifests", "report"):
        if output.resolve().is_relative_to((root / folder).resolve()):
            raise SettingsError(
                f"--output: inside {folder}/, where the stages write and delete files "
                f"(got {str(output)!r}); choose a folder outside of it."
            )


def _check_space(export: Export, format_: Format, waiting: Sequence[ExportTask]) -> None:
    if format_.UNIT == "shard" and export.link != "copy":
        return
    needed = sum(clip.size for task in waiting for clip in task.clips)
    existing = next(
        path for path in (export.folder, *export.folder.resolve().parents) if path.is_dir()
    )
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise SettingsError(
            f"{export.folder}: not enough disk space (needed {needed / 1e9:.1f} GB, free "
            f"{free / 1e9:.1f} GB); choose another --output or fewer cells."
        )
