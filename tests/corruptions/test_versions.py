"""With an OpenCV that gives other frames a corruption refuses, and says what to install."""

import cv2
import pytest

from corruptions import corrupt, names
from corruptions.versions import NEED_OPENCV_5
from tests.corruptions.reference_clip import picture_clip

CLIP = picture_clip(3, 24, 20)


def test_the_names_are_those_of_corruptions() -> None:
    assert set(names()) >= NEED_OPENCV_5


@pytest.mark.parametrize("name", sorted(NEED_OPENCV_5))
def test_opencv_4_is_refused_with_the_way_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "__version__", "4.10.0")
    with pytest.raises(ImportError, match=rf"{name} needs OpenCV 5 \(got 4.10.0\): pip install"):
        corrupt(CLIP, name, 1, key="k")


def test_the_others_run_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = corrupt(CLIP, "fog", 1, key="k")
    monkeypatch.setattr(cv2, "__version__", "4.10.0")
    assert (corrupt(CLIP, "fog", 1, key="k") == expected).all()
