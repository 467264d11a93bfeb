"""Cost of an evaluation from videos, beside making and reading shards, per clip.

    python -m benchmarks.score [--frames 280] [--clips 3] [--taken 32]

Both ways prepare the same frames for models: all severities of the pixel corruptions of the set
all14, from one source of 340 x 256 pixels. Printed are core-seconds per clip (without models), and
for every corruption the clips per second and core, in all severities; for encodings also the ratio
to the encoder's own time.
"""

import resource
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
from rich.console import Console
from rich.table import Table

import corruptions
from benchmarks import options
from corruptions.types import ClipRandom
from pipeline.datasets.cell_frames import CellFrames
from pipeline.media.sampling import clip_indices
from pipeline.params import Params
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.batches import Batch
from pipeline.stages.evaluate.clip_maker import BatchFrames, ClipMaker, ClipTask
from pipeline.stages.evaluate.units import read_units
from pipeline.stages.filter import filter_clips
from pipeline.stages.synthesize import scenes
from pipeline.storage import manifest, schemas
from pipeline.storage.clip_reader import StoredClip, read_clip
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.rows import ClipRow
from tests.support.project import video_id, write_annotations, write_classes, write_params
from tests.support.videos import H264, make_video

SMALLEST = {"frames": 12, "clips": 1, "taken": 4}
ALL = corruptions.names(set="all14")
PIXELS = tuple(name for name in ALL if corruptions.load(name).acts_on == "pixels")


def make_project(root: Path, clips: int, frames: int, taken: int) -> tuple[Params, list[ClipRow]]:
    """Write and filter a project; return its parameters and the rows of its clips."""
    write_classes(root)
    for split, count in (("val", clips), ("train", 2)):
        names = [(("moving left", "moving right")[n % 2], video_id(n, split)) for n in range(count)]
        write_annotations(root, split, names)
    for number in range(clips):
        random = ClipRandom(0, "benchmark", str(number), "scene", "0")
        motion = sorted(scenes.MOTIONS)[number % len(scenes.MOTIONS)]
        clip = scenes.clip(scenes.scene(random, motion, frames, 340, 256))
        path = root / f"data/demo/videos/{video_id(number)}.mp4"
        make_video(path, *H264, "-crf", "20", clip=clip)
    params = write_params(
        root,
        corruptions=list(PIXELS),
        evaluate={"frames": taken},
        decode={"pictures": {"demo": {"short_side": 256, "crop": 224}}},
    )
    filter_clips(params, root, "demo")
    return params, [
        row for unit in read_units(params, DatasetPaths(root, "demo")) for row in unit.rows
    ]


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return the CPU seconds of this process and of its children."""
    before = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    work()
    after = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own, children = (
        new.ru_utime + new.ru_stime - old.ru_utime - old.ru_stime
        for new, old in zip(after, before, strict=True)
    )
    return own, children


def from_videos(params: Params, root: Path, rows: Sequence[ClipRow], names: Sequence[str]) -> None:
    """Prepare the frames of all cells as the evaluate stage does from videos."""
    batch = Batch((), tuple(range(params.evaluate.frames)))
    frames = CellFrames("demo", params, root, params.evaluate.has_payload)
    maker = ClipMaker(frames, BatchFrames(params, batch))
    for row in rows:
        for clip in maker(ClipTask(row, tuple(names))):
            clip.read()


def through_shards(params: Params, root: Path) -> None:
    """Write the shards of all cells and read the same frames of them."""
    decode(params, root, "demo")
    for name in params.corruptions:
        corrupt(params, root, "demo", name)
        path = DatasetPaths(root, "demo").manifest(name)
        for row in manifest.read_rows(path, schemas.CELLS):
            clip = StoredClip.of(row, root)
            read_clip(clip, clip_indices(clip.num_frames, params.evaluate.frames))


def main() -> None:
    """Print both tables."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--frames", type=int, default=280, help="frames of a source")
    parser.add_argument("--clips", type=int, default=3, help="number of clips")
    parser.add_argument("--taken", type=int, default=32, help="frames that models take")
    chosen = options.parse(parser, SMALLEST)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        params, rows = make_project(root, chosen.clips, chosen.frames, chosen.taken)
        from_videos(params, root, rows[:1], PIXELS)  # tables are computed once in a process
        videos = sum(seconds(lambda: from_videos(params, root, rows, PIXELS))) / len(rows)
        none = params.model_copy(
            update={"evaluate": params.evaluate.model_copy(update={"payload": "none"})}
        )
        bare = sum(seconds(lambda: from_videos(none, root, rows, PIXELS))) / len(rows)
        shards = sum(seconds(lambda: through_shards(params, root))) / len(rows)
        cells = len(PIXELS) * len(params.severities)
        table = Table(title=f"{cells} pixel cells, {chosen.taken} of {chosen.frames} frames")
        for name in ("way", "core-s per clip", "ratio"):
            table.add_column(name, justify="left" if name == "way" else "right")
        table.add_row("from videos", f"{videos:.2f}", "1.00x")
        table.add_row("from videos, payload: none", f"{bare:.2f}", f"{bare / videos:.2f}x")
        table.add_row("through shards", f"{shards:.2f}", f"{shards / videos:.2f}x")
        Console().print(table)
        clean = sum(seconds(lambda: from_videos(params, root, rows, []))) / len(rows)
        each = Table(title="One corruption, all severities, without the decode of the clean clip")
        for name in ("corruption", "clips/s per core", "time / encoder's time"):
            each.add_column(name, justify="left" if name == "corruption" else "right")
        for name in ALL:
            own, encoder = seconds(lambda name=name: from_videos(params, root, rows, [name]))
            own = own / len(rows) - clean
            total = own + encoder / len(rows)
            ratio = f"{total / (encoder / len(rows)):.2f}x" if encoder > 0.01 else "-"
            each.add_row(name, f"{1 / total:.2f}" if total > 0 else "-", ratio)
        Console().print(each)


if __name__ == "__main__":
    main()
