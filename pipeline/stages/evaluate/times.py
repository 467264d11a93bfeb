"""Times of the frames that models are shown, from the clock of each stored clip."""

from collections.abc import Sequence
from fractions import Fraction

from ...media.sampling import clip_indices
from ...models import InputSpec, LoadedModel
from ...models.view_times import ViewTimes
from ...models.views import CROPS
from ...params import Params
from ...storage.frame_times import times_of
from ...storage.rows import CellRow
from .batches import Sampler


def shown_times(rows: Sequence[CellRow], model: LoadedModel, params: Params) -> list[ViewTimes]:
    """Return the times of all views of clips, clip after clip; none for models without a clock."""
    if not model.timed:
        return []
    return [view for row in rows for view in view_times(row, model.input, params)]


def view_times(row: CellRow, spec: InputSpec, params: Params) -> list[ViewTimes]:
    """Return the times of the views of one clip.

    Parameters
    ----------
    row
        Row of the clip, with its number of frames and its clock.
    spec
        Input of the model.
    params
        For the protocol's number of frames and the dialect.

    Returns
    -------
    list[ViewTimes]
        One item per view, in the order of `split_views`.

    """
    count = row["num_frames"]
    fps = Fraction(row["fps_num"], row["fps_den"])
    times = times_of(row) or [index / fps for index in range(count + 1)]
    sampler = Sampler.of(spec)
    if sampler is None:
        uniform = clip_indices(count, params.evaluate.frames, params.dialect)
        indices = uniform[clip_indices(params.evaluate.frames, spec.frames)].tolist()
    else:
        indices = sampler.indices(count).tolist()
    step = float(_distance(count, spec, params) * times[count] / count)
    seconds = [float(times[index]) for index in indices]
    windows = (
        ViewTimes(tuple(seconds[start : start + spec.frames]), step)
        for start in range(0, len(seconds), spec.frames)
    )
    return [window for window in windows for _ in range(CROPS[spec.crop])]


def _distance(count: int, spec: InputSpec, params: Params) -> Fraction:
    """Return the mean distance of the shown frames, in frames of a clip of `count` frames."""
    if spec.sampling == "dense":
        return Fraction(spec.stride)
    wanted = params.evaluate.frames
    if spec.sampling == "segments" or params.dialect == "ours":
        return Fraction(count, spec.frames)
    kept = max(1, count - 2)
    covered = kept if kept <= wanted else wanted * max(1, (kept - 1) // wanted)
    return Fraction(covered, spec.frames)
