"""Synthesize stage: generates a small action dataset in the layout and format of Kinetics.

Some listed clips are missing, truncated, empty, text or audio only, as in real copies of Kinetics,
so that the later stages run the same code as for Kinetics.
"""

import base64
import csv
import json
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import ffmpeg

from corruptions.types import ClipRandom

from ...errors import ClipError, SettingsError, StageError
from ...execution.pool import run_tasks
from ...io.atomic import atomic, write_text
from ...io.hashing import sha256_file
from ...io.locks import file_lock
from ...media import ffmpeg as program
from ...params import Params
from ...provenance import stage_code
from ...settings import MachineSettings, SynthesizeSettings
from ...storage.paths import DatasetPaths
from . import scenes

log = logging.getLogger(__name__)

DATASET = "demo"
"""Name of the generated dataset in params.yaml."""

Split = Literal["train", "val"]
State = Literal["good", "missing", "truncated", "empty", "text", "audio only"]
BROKEN: tuple[State, ...] = ("missing", "truncated", "empty", "text", "audio only")
SOUND_EVERY = 8  # clips of a class: the first of every eight has a sound track
CLIPS_PER_TASK = 16
TIMEOUT_SECONDS = 60.0
MIN_SIDE = 32  # pixels


@dataclass(frozen=True)
class Listing:
    """One line of the annotations and the state of its file."""

    youtube_id: str
    label: str
    time_start: int
    time_end: int
    split: Split
    state: State
    sound: bool

    @property
    def file_name(self) -> str:
        return f"{self.youtube_id}_{self.time_start:06d}_{self.time_end:06d}.mp4"


@dataclass(frozen=True)
class _Task:
    """Files to write; `known` are their SHA-256 of an earlier run, or None."""

    listings: tuple[Listing, ...]
    known: tuple[str | None, ...]
    videos: Path
    settings: SynthesizeSettings
    seed: int


def synthesize(params: Params, root: Path) -> None:
    """Write the videos and annotations of the dataset `demo` below `root`/data/demo.

    The bytes are the same for any number of workers. Unchanged videos of an earlier run with the
    same recipe are kept.
    """
    paths = DatasetPaths(root, DATASET)
    settings = params.synthesize
    for name, value in (("width", settings.width), ("height", settings.height)):
        if value % 2 or value < MIN_SIDE:
            raise SettingsError(
                f"synthesize.{name} is {value}; it must be even (H.264 with 4:2:0 colour) and at "
                f"least {MIN_SIDE}."
            )
    with file_lock(paths.lock("synthesize")):
        _synthesize(paths.data, settings, params.machine, params.seed)


def _synthesize(
    folder: Path, settings: SynthesizeSettings, machine: MachineSettings, seed: int
) -> None:
    videos, annotations = folder / "videos", folder / "annotations"
    known = _begin(videos, annotations, recipe(settings, seed))
    listings = [clip for split in get_args(Split) for clip in list_clips(split, settings, seed)]
    files = [listing for listing in listings if listing.state != "missing"]
    tasks = [
        _Task(
            listings=tuple(files[start : start + CLIPS_PER_TASK]),
            known=tuple(
                known.get(listing.file_name) for listing in files[start : start + CLIPS_PER_TASK]
            ),
            videos=videos,
            settings=settings,
            seed=seed,
        )
        for start in range(0, len(files), CLIPS_PER_TASK)
    ]
    sums: dict[str, str] = {}
    for some in run_tasks(_make, tasks, machine, "synthesize", lambda task: len(task.listings)):
        sums.update(some)
    for stray in {path.name for path in videos.iterdir()} - set(sums):
        (videos / stray).unlink()
    for split in get_args(Split):
        clips = [listing for listing in listings if listing.split == split]
        _write_annotations(annotations / f"{split}.csv", clips)
    lines = [f"{sums[name]}  {name}\n" for name in sorted(sums)]
    write_text(annotations / "checksums.sha256", "".join(lines))
    log.info("%s: %d clips listed, %d files", folder, len(listings), len(sums))


def list_clips(split: Split, settings: SynthesizeSettings, seed: int) -> list[Listing]:
    """Return every listed clip of a split, by class, then by id."""
    good = {"train": settings.train_clips_per_class, "val": settings.val_clips_per_class}[split]
    broken = [BROKEN[index % len(BROKEN)] for index in range(settings.broken_per_split)]
    listings = []
    for number, label in enumerate(scenes.MOTIONS):
        states: list[State] = ["good"] * good
        states += broken[number :: len(scenes.MOTIONS)]
        listings += [
            _listing(label, split, index, state, settings, seed)
            for index, state in enumerate(states)
        ]
    return sorted(listings, key=lambda listing: (listing.label, listing.youtube_id))


def _listing(
    label: str, split: Split, index: int, state: State, settings: SynthesizeSettings, seed: int
) -> Listing:
    """Clip `index` of a class: its id and its place in the video it is said to come from."""
    name = "\0".join((str(seed), split, label, str(index)))
    digest = blake2b(name.encode(), digest_size=9).digest()
    youtube_id = base64.urlsafe_b64encode(digest).decode()[:11]
    if index == 0:  # real ids begin with these too, and programs take them for options
        youtube_id = ("-" if digest[0] % 2 else "_") + youtube_id[1:]
    return Listing(
        youtube_id=youtube_id,
        label=label,
        time_start=digest[-1],
        time_end=digest[-1] + math.ceil(settings.num_frames / settings.fps),
        split=split,
        state=state,
        sound=index % SOUND_EVERY == 0,
    )


def recipe(settings: SynthesizeSettings, seed: int) -> str:
    """Return everything that determines the bytes of the files, as JSON."""
    parts = {
        "settings": settings.model_dump(),
        "seed": seed,
        "code": stage_code("synthesize"),
        "ffmpeg": program.version(),
        "opencv": cv2.__version__,
    }
    return json.dumps(parts, indent=2) + "\n"


def _begin(videos: Path, annotations: Path, recipe: str) -> dict[str, str]:
    """Create the folders and record the recipe; delete files of another recipe first.

    Return the SHA-256 of the files of an earlier, complete run with this recipe.
    """
    videos.mkdir(parents=True, exist_ok=True)
    note, sums = annotations / "recipe.json", annotations / "checksums.sha256"
    if note.is_file() and note.read_text(encoding="utf-8") == recipe:
        lines = sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else []
        return {line[66:]: line[:64] for line in lines}
    note.unlink(missing_ok=True)
    sums.unlink(missing_ok=True)
    for path in videos.iterdir():
        path.unlink()
    write_text(note, recipe)
    return {}


def _make(task: _Task) -> dict[str, str]:
    """Write the missing files of a task; return the SHA-256 of all by name."""
    sums = {}
    for listing, known in zip(task.listings, task.known, strict=True):
        path = task.videos / listing.file_name
        # Writing is atomic and _begin deletes files of other recipes, so this one is complete.
        if not path.is_file() or known not in (None, sha256_file(path)):
            _make_file(path, listing, task.settings, task.seed)
        sums[path.name] = sha256_file(path)
    return sums


def _make_file(path: Path, listing: Listing, settings: SynthesizeSettings, seed: int) -> None:
    with atomic(path) as temporary:
        match listing.state:
            case "good":
                _film(temporary, listing, settings, seed)
            case "truncated":
                _film(temporary, listing, settings, seed)
                whole = temporary.read_bytes()
                temporary.write_bytes(whole[: len(whole) // 2])
            case "audio only":
                _run(ffmpeg.output(_sound(listing, settings), str(temporary), **SOUND, **FILE))
            case "empty":
                temporary.write_bytes(b"")
            case "text":
                temporary.write_text("<html><body>Video unavailable</body></html>\n")
            case "missing":
                raise StageError(f"{path}: is listed as missing, so it cannot be written.")


PICTURES = {
    "vcodec": "libx264",
    "preset": "veryfast",
    "crf": 20,
    "pix_fmt": "yuv420p",
    "threads:v": 1,
    "x264-params": "cpu-independent=1",  # and one thread: else the bytes differ between runs
    "flags:v": "+bitexact",
}
SOUND = {"acodec": "aac", "b:a": "32k", "ac": 1, "flags:a": "+bitexact"}
FILE = {"format": "mp4", "fflags": "+bitexact", "map_metadata": -1}


def _film(path: Path, listing: Listing, settings: SynthesizeSettings, seed: int) -> None:
    """Render and encode one clip, some with sound."""
    random = ClipRandom(seed, DATASET, listing.youtube_id, "synthesize", "0")
    scene = scenes.scene(
        random, listing.label, settings.num_frames, settings.width, settings.height
    )
    size = (settings.width, settings.height)
    pictures = ffmpeg.input(
        "pipe:", format="rawvideo", pix_fmt="rgb24", video_size=size, framerate=settings.fps
    )
    streams, options = [pictures.video], PICTURES | FILE
    if listing.sound:
        streams.append(_sound(listing, settings))
        options |= SOUND
    _run(ffmpeg.output(*streams, str(path), **options), scene)


def _run(command: Any, scene: scenes.Scene | None = None) -> None:
    pieces = () if scene is None else (frame.tobytes() for frame in scenes.frames(scene))
    try:
        program.run(command, stdin=pieces, timeout_seconds=TIMEOUT_SECONDS)
    except ClipError as error:  # generated clips: a failure is not the user's file
        raise StageError(f"synthesize: {error}") from error


def _sound(listing: Listing, settings: SynthesizeSettings) -> Any:
    """Return a tone as long as the clip."""
    seconds = settings.num_frames / settings.fps
    tone = f"sine=frequency={300 + 2 * listing.time_start}:sample_rate=16000:duration={seconds}"
    return ffmpeg.input(tone, format="lavfi").audio


def _write_annotations(path: Path, listings: Sequence[Listing]) -> None:
    """Write one annotation file in the format of Kinetics."""
    columns = ("label", "youtube_id", "time_start", "time_end", "split")
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(listing) for listing in listings)
