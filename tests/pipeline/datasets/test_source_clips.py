"""Source videos become the pictures that params.yaml asks for."""

from pathlib import Path

import numpy as np
import pytest

from corruptions.types import Clip
from pipeline.datasets.source_clips import Sources, options_of
from pipeline.media.normalise import PictureOptions
from pipeline.params import Params
from pipeline.settings import PictureSettings
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from pipeline.storage import manifest, schemas
from pipeline.storage.rows import ClipRow
from tests.support.project import make_project, video_id, write_params
from tests.support.videos import H264, make_video, moving_clip


def first_row(root: Path) -> ClipRow:
    rows = manifest.read_rows(root / "manifests/demo/clips.parquet", schemas.CLIPS)
    [row] = [row for row in rows if row["key"].startswith(video_id(0))]
    return row


def pictures(params: Params, root: Path) -> Clip:
    return np.stack(list(Sources.of("demo", params, root).pictures(first_row(root))))


@pytest.mark.parametrize("crop", [16, 64])
def test_pictures_can_be_made_later_and_in_any_order(tmp_path: Path, crop: int) -> None:
    small = {"short_side": 64, "crop": crop}  # decoded frames are larger than 16 x 16 pictures
    params = make_project(tmp_path, num_clips=2, decode={"pictures": {"demo": small}})
    filter_clips(params, tmp_path, "demo")
    expected = pictures(params, tmp_path)
    deferred = list(Sources.of("demo", params, tmp_path).deferred(first_row(tmp_path)))
    made = [make() for make in reversed(deferred)]
    np.testing.assert_array_equal(np.stack(made[::-1]), expected)


def test_square_pixels_are_a_choice_of_params_yaml(tmp_path: Path) -> None:
    params = make_project(tmp_path, num_clips=2)
    path = tmp_path / f"data/demo/videos/{video_id(0)}_000003_000013.mp4"
    wide = make_video(path, *H264, "-vf", "setsar=2/1", clip=moving_clip(12, 96, 96))
    filter_clips(params, tmp_path, "demo")
    plain = pictures(params, tmp_path)
    square = write_params(tmp_path, decode={"pictures": {"demo": {"pixel_aspect": "square"}}})
    made = pictures(square, tmp_path)
    assert made.shape == plain.shape
    assert not np.array_equal(made, plain)
    before = {row["key"]: row["recipe_hash"] for row in decode(params, tmp_path, "demo")}
    after = {row["key"]: row["recipe_hash"] for row in decode(square, tmp_path, "demo")}
    assert all(before[key] != after[key] for key in before)
    assert wide.is_file()


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ({}, PictureOptions(False, False, False)),
        ({"interlaced": "deinterlace"}, PictureOptions(True, False, False)),
        ({"hdr": "tone_map"}, PictureOptions(False, True, False)),
        ({"pixel_aspect": "square"}, PictureOptions(False, False, True)),
    ],
)
def test_settings_name_the_options(values: dict[str, str], options: PictureOptions) -> None:
    settings = PictureSettings(short_side=64, crop=56, clips_per_shard=1, **values)
    assert options_of(settings) == options
