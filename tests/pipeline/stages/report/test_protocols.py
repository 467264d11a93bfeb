"""Protocols of result files: the words of an input become fields that say the same."""

from typing import Any

import pytest

from pipeline.models import InputSpec
from pipeline.settings import PictureSettings
from pipeline.stages.report.protocols import as_protocol, imported_protocol, other_protocol
from pipeline.stages.report.result import Protocol

PICTURE = PictureSettings(short_side=256, crop=224, clips_per_shard=4)
RESIZE = "short side 256, centre crop 224"
STATISTICS: dict[str, Any] = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
DENSE: dict[str, Any] = {"frames": 16, "size": 224, "sampling": "dense", "stride": 4}


@pytest.mark.parametrize(
    ("values", "frames", "payload", "wanted"),
    [
        ({"frames": 8, "size": 224}, 32, True, (32, "uniform", 1, 1, RESIZE)),
        ({"frames": 8, "size": 224}, 16, True, (16, "uniform", 1, 1, RESIZE)),
        ({"frames": 8, "size": 224}, 32, False, (32, "uniform, no payload", 1, 1, RESIZE)),
        (
            {"frames": 8, "size": 112},
            32,
            True,
            (32, "uniform", 1, 1, f"{RESIZE}, 224 px resized to 112"),
        ),
        (
            DENSE | {"clips": 10, "crop": "three", "size": 182},
            32,
            True,
            (16, "dense, stride 4", 10, 3, f"{RESIZE}, 3 crops of 182 px"),
        ),
        (DENSE, 32, False, (16, "dense, stride 4, no payload", 1, 1, RESIZE)),
        (
            {"frames": 8, "size": 112, "sampling": "segments", "crop": "centre"},
            32,
            True,
            (8, "segments", 1, 1, f"{RESIZE}, centre 112 of 224 px"),
        ),
    ],
)
def test_fields_say_what_the_words_of_an_input_say(
    values: dict[str, Any], frames: int, payload: bool, wanted: tuple[Any, ...]
) -> None:
    words = InputSpec(**values, **STATISTICS).protocol(frames, 224, payload)
    found = as_protocol(words, frames, PICTURE)
    fields = ("frames", "sampling", "temporal_views", "spatial_views", "resize")
    assert tuple(getattr(found, name) for name in fields) == wanted
    same = words in ("benchmark", "uniform 16", "224 px resized to 112")
    assert (other_protocol(found) == []) == same


def test_imported_predictions_keep_what_their_user_states() -> None:
    assert imported_protocol("benchmark") == Protocol(sampling="uniform")
    unknown = imported_protocol("protocol not stated")
    assert other_protocol(unknown) == ["samples frames in another way (protocol not stated)"]


def test_views_are_named() -> None:
    protocol = Protocol(frames=32, sampling="uniform", temporal_views=4, spatial_views=3)
    assert other_protocol(protocol) == ["averages 12 views"]
