"""Times of the frames that models are shown: from the clock of the stored clip."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pipeline.models import InputSpec
from pipeline.stages.evaluate.times import view_times
from pipeline.storage.rows import CellRow
from tests.support.project import write_params

HALF = (0.5, 0.5, 0.5)


def spec(**fields: Any) -> InputSpec:
    return InputSpec(size=8, mean=HALF, std=HALF, **{"frames": 4, **fields})


def row(num_frames: int, fps: Fraction = Fraction(30), **columns: Any) -> CellRow:
    made: CellRow = {
        "key": "a", "num_frames": num_frames, "fps_num": fps.numerator, "fps_den": fps.denominator
    }  # fmt: skip
    return {**made, **columns}


def test_times_follow_the_sampling(tmp_path: Path) -> None:
    params = write_params(tmp_path, evaluate={"frames": 8})
    clip = row(60)
    (uniform,) = view_times(clip, spec(), params)
    assert uniform.step == 0.5  # a clip of 2 s has 4 frames
    assert uniform.seconds == (0.0, 0.5, 1.0, 1.5)
    (segments,) = view_times(clip, spec(sampling="segments"), params)
    assert (segments.seconds[0], segments.step) == (7 / 30, 0.5)
    dense = view_times(clip, spec(sampling="dense", stride=3, clips=2, crop="three"), params)
    assert [view.step for view in dense] == [0.1] * 6
    assert [view.seconds[0] for view in dense] == [0.0] * 3 + [50 / 30] * 3


def test_the_first_code_s_frames_are_closer_in_time(tmp_path: Path) -> None:
    params = write_params(tmp_path, evaluate={"frames": 8}, dialect="original")
    (long,) = view_times(row(60), spec(), params)  # every 7th frame from the 3rd, every other taken
    assert long.seconds == (3 / 30, 17 / 30, 31 / 30, 45 / 30)
    assert long.step == pytest.approx(14 / 30)


def test_variable_frame_rates_keep_their_times(tmp_path: Path) -> None:
    params = write_params(tmp_path, evaluate={"frames": 4})
    clip = row(4, Fraction(4, 10), ticks_per_second=10, frame_ticks=[0, 10, 15, 50, 100])
    (view,) = view_times(clip, spec(), params)
    assert view.seconds == (0.0, 1.0, 1.5, 5.0)
    assert view.step == 2.5
