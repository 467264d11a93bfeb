"""Picture strips: one clip at every severity of a corruption, computed by the corruption itself.

The clip is one of the demo's scenes. For a corruption of single frames or of the coded stream the
strip shows one frame per severity. For a temporal corruption it shows several frames in a row, with
frame numbers drawn into the clean clip, so that dropped, repeated and moved frames are visible.
The card of the gallery moves: every fourth frame of the clip at severity 3, in a loop. The cards of
all corruptions together have 1.4 MB and take 10 seconds to make, once.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from corruptions import SEVERITIES, corrupt
from corruptions.registry import Corruption
from corruptions.types import Clip, ClipRandom
from pipeline.io.atomic import atomic
from pipeline.provenance import describe
from pipeline.stages.synthesize import scenes

KEY = "b"  # a scene with stripes, on which blur and coding artefacts are visible
NUM_FRAMES = 72
IN_A_ROW = 8
ROW_SHARE = 0.5  # size of the pictures in a row
QUALITY = 90  # of WebP, 1 to 100
FPS = 25  # of the clip
STEP = 4  # every fourth frame of the clip is in the moving card
CARD_SIDE = 112  # largest side of a card
CARD_QUALITY = 40  # of WebP
GRAIN = 0.025  # standard deviation of camera noise; without it a rendered clip needs few bits


@dataclass(frozen=True)
class Strip:
    """The pictures of a corruption, clean first."""

    files: tuple[Path, ...]
    shows: str
    """Caption of the strip."""


def make(corruption: Corruption, folder: Path, side: int) -> Strip:
    """Write the pictures of one corruption, unless an earlier build wrote the same ones."""
    files = tuple(folder / f"{corruption.name}-{number}.webp" for number in range(6))
    note = folder / f"{corruption.name}.json"
    how = [side, NUM_FRAMES, KEY, GRAIN, STEP, CARD_SIDE, CARD_QUALITY]
    recipe = json.dumps([describe(corruption), *how], default=str)
    if note.is_file():
        known, shows = json.loads(note.read_text())
        if known == recipe:
            return Strip(files, shows)
    folder.mkdir(parents=True, exist_ok=True)
    temporal = corruption.family == "temporal"
    drawn = draw_clip(side, numbered=temporal)
    pictures, shows = (_rows if temporal else _frames)(corruption, drawn)
    for file, picture in zip(files, pictures, strict=True):
        _write(file, picture)
    card = _square(pictures[3]) if temporal else pictures[3]
    _write(folder / f"{corruption.name}-card.webp", card)
    write_moving(folder / f"{corruption.name}-moving.webp", moving_card(corruption, drawn))
    note.write_text(json.dumps([recipe, shows]))
    return Strip(files, shows)


def draw_clip(side: int, *, numbered: bool) -> Clip:
    """Return a clip of a textured shape that moves to the right over stripes."""
    random = ClipRandom(0, "docs", KEY, "synthesize", "0")
    clip = scenes.clip(scenes.scene(random, "moving right", NUM_FRAMES, side, side))
    if numbered:
        for number, frame in enumerate(clip):
            place, size = (side // 20, side // 4), side / 120
            for colour, width in (((0, 0, 0), side // 20), ((255, 255, 255), side // 56)):
                cv2.putText(frame, str(number), place, 0, size, colour, max(1, width), cv2.LINE_AA)
    return clip


def _frames(corruption: Corruption, clip: Clip) -> tuple[list[Clip], str]:
    """Return one frame per severity, the middle or the most damaged one, and a caption."""
    name, middle = corruption.name, len(clip) // 2
    if corruption.acts_on == "pixels":
        made = [corrupt(clip, name, level, key=KEY, frames=[middle])[0] for level in SEVERITIES]
        return [clip[middle], *made], f"Frame {middle} of the clip."
    clip = corrupt(clip, "gaussian_noise", None, key=KEY, level=GRAIN)
    clips = [corrupt(clip, name, severity, key=KEY) for severity in SEVERITIES]
    if corruption.acts_on == "encoder":
        return [one[middle] for one in (clip, *clips)], f"Frame {middle} of the clip."
    harm = np.sum([np.abs(one.astype(np.int16) - clip).sum((1, 2, 3)) for one in clips], axis=0)
    worst = int(np.argmax(harm))
    words = (
        f"Frame {worst} of {len(clip)}, the one that differs most from the clean clip over all "
        "severities. The damaged data are chosen at random, so that in one clip a low severity can "
        "look worse than a high one."
    )
    return [one[worst] for one in (clip, *clips)], words


def _rows(corruption: Corruption, clip: Clip) -> tuple[list[Clip], str]:
    """Return a row of frames per severity and a caption.

    The frames are spread over the clip, or around those that change if these are few.
    """
    clips = [clip, *(corrupt(clip, corruption.name, level, key=KEY) for level in SEVERITIES)]
    length = len(clip)
    last = clips[-1]
    changed = [at for at in range(length) if len(last) != length or (last[at] != clip[at]).any()]
    if len(changed) < length / 2:
        first = changed[len(changed) // 2] - IN_A_ROW // 2
        times: Sequence[int] = range(first, first + IN_A_ROW)
        words = f"Frames {times[0]} to {times[-1]} of {length}, around those that change"
    else:
        times = [at * length // IN_A_ROW for at in range(IN_A_ROW)]
        words = f"{IN_A_ROW} frames, spread evenly over {length}"
    words += "; the number is that of the frame in the clean clip."
    side = int(clip.shape[1] * ROW_SHARE)
    rows = []
    for one in clips:
        # At a different frame rate, the frames at the same times are shown.
        shown = [one[at * len(one) // length] for at in times]
        small = [cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA) for frame in shown]
        rows.append(np.hstack(small))
    return rows, words


def moving_card(corruption: Corruption, clip: Clip) -> list[Clip]:
    """Return every fourth frame of the clip at severity 3, small."""
    times = range(0, len(clip), STEP)
    if corruption.acts_on == "pixels" and not hasattr(corruption.module, "output_frames"):
        made = corrupt(clip, corruption.name, 3, key=KEY, frames=times)
    else:
        if corruption.acts_on != "pixels":
            clip = corrupt(clip, "gaussian_noise", None, key=KEY, level=GRAIN)
        whole = corrupt(clip, corruption.name, 3, key=KEY)
        made = whole[[at * len(whole) // len(clip) for at in times]]
    side = min(CARD_SIDE, clip.shape[1])
    return [cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA) for frame in made]


def _square(row: Clip) -> Clip:
    """Return the middle picture of a row."""
    side = row.shape[0]
    return row[:, IN_A_ROW // 2 * side :][:, :side]


def _write(file: Path, picture: Clip) -> None:
    done, data = cv2.imencode(
        ".webp", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, QUALITY]
    )
    if not done:
        raise ValueError(f"{file}: the picture cannot be encoded as WebP.")
    with atomic(file) as temporary:
        temporary.write_bytes(data.tobytes())


def write_moving(file: Path, frames: Sequence[Clip]) -> None:
    animation = cv2.Animation()
    animation.frames = [cv2.cvtColor(frame, cv2.COLOR_RGB2BGR) for frame in frames]
    animation.durations = np.full(len(frames), 1000 * STEP // FPS, np.int32)
    done, data = cv2.imencodeanimation(".webp", animation, [cv2.IMWRITE_WEBP_QUALITY, CARD_QUALITY])
    if not done:
        raise ValueError(f"{file}: the pictures cannot be encoded as WebP.")
    with atomic(file) as temporary:
        temporary.write_bytes(data.tobytes())
