"""Write an export: shards in parallel, lists at the end, nothing twice.

A shard is the unit of work, as in the stages: its files, then its mark. A run that was killed goes
on where it was; a second run finds everything done.
"""

import inspect
import shutil
from collections.abc import Sequence
from pathlib import Path

import corruptions

from ...datasets.class_list import read_classes
from ...errors import SettingsError, StageError
from ...execution.pool import run_tasks
from ...io.atomic import write_text
from ...params import Params
from ...provenance import code_of, recipe_hash
from ...settings import MachineSettings
from ...storage.paths import DatasetPaths
from . import done_marks
from .registry import Format, load
from .selection import CLEAN, ExportCell, ExportShard, select
from .task import Export, ExportTask, Link


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
) -> Export:
    """Read the manifests and check what is asked for; nothing is written yet.

    `names` are corruptions, named sets or "clean"; without any, all of params.yaml. Only one split
    is corrupted: of another, there is only the clean set.
    """
    format_ = load(name)
    params.check_dataset(dataset)
    split = split or params.corrupt.split
    source = params.filter.sources[dataset]
    if split not in source.splits:
        raise SettingsError(
            f"--split {split!r}: {dataset} has the splits {', '.join(source.splits)}."
        )
    if paired and format_.UNIT == "shard":
        raise SettingsError(
            f"--paired: {name} takes shards as they are and cannot leave out clips."
        )
    _check_output(output, root)
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
        raise SettingsError("--no-clean and no corruption: nothing is left to export.")
    classes = read_classes(root / source.classes)
    labels = {clip.label for cell in cells for clip in cell.clips}
    if not labels <= set(range(len(classes))):
        raise StageError(
            f"{source.classes}: lists {len(classes)} classes, but the manifests have the labels "
            f"{min(labels)} to {max(labels)}; run the filter stage and those after it again."
        )
    return Export(
        format=name,
        folder=output / dataset,
        cells=tuple(cells),
        classes=tuple(classes),
        link=link,
        payload=params.payload,
    )


def write(export: Export, machine: MachineSettings) -> list[Path]:
    """Write what is not there yet; gives the paths of the lists."""
    format_ = load(export.format)
    tasks = [task for cell in export.cells for task in _tasks(export, format_, cell)]
    waiting = [task for task in tasks if not done_marks.is_done(task)]
    _check_space(export, format_, waiting)
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
    texts = {"classes.txt": "".join(f"{name}\n" for name in export.classes)}
    texts |= format_.index(export)
    for path, text in texts.items():
        write_text(export.folder / path, text)
    return [export.folder / path for path in texts]


def _write_shard(task: ExportTask) -> None:
    done_marks.begin(task)
    done_marks.write(task, load(task.format).write_shard(task))


def _tasks(export: Export, format_: Format, cell: ExportCell) -> list[ExportTask]:
    writer = Path(inspect.getfile(format_.write_shard))
    common = {
        "code": code_of(writer),
        "link": export.link if format_.UNIT == "shard" else None,
        "classes": export.classes,
        "payload": export.payload.model_dump(),
    }

    def task(shard: ExportShard) -> ExportTask:
        # A folder that several exports share has every clip; their lists choose.
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
            payload=export.payload,
        )

    return [task(shard) for shard in cell.shards]


def _corruptions(names: Sequence[str], params: Params | None) -> list[str]:
    """Corruptions by name, sets spelled out, each once."""
    wanted = names or (params.corruptions if params is not None else ())
    found: list[str] = []
    for name in wanted:
        if name != CLEAN and name not in (*corruptions.names(), *corruptions.SETS):
            raise SettingsError(
                f"--corruption {name!r}: there are {', '.join(corruptions.names())}; the sets "
                f"{', '.join(corruptions.SETS)}; and {CLEAN}."
            )
        found.extend(corruptions.SETS.get(name, (name,)))
    return list(dict.fromkeys(found))


def _check_output(output: Path, root: Path) -> None:
    for folder in ("data", "manifests", "report"):
        if output.resolve().is_relative_to((root / folder).resolve()):
            raise SettingsError(
                f"--output {output}: lies in {folder}/, which the stages write and clean up; "
                "choose a folder outside of it."
            )


def _check_space(export: Export, format_: Format, waiting: Sequence[ExportTask]) -> None:
    if format_.UNIT == "shard" and export.link != "copy":
        return
    needed = sum(clip.size for task in waiting for clip in task.clips)
    place = next(
        path for path in (export.folder, *export.folder.resolve().parents) if path.is_dir()
    )
    free = shutil.disk_usage(place).free
    if needed > free:
        raise SettingsError(
            f"{export.folder}: {needed / 1e9:.1f} GB are to be written and {free / 1e9:.1f} GB are "
            "free; choose another --output or fewer cells."
        )
