"""Committed hashes of the corrupted reference clip: here, in another order, on other CPUs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corruptions import names
from corruptions.registry import load
from tests.corruptions.make_hashes import cells_of, read

PIXELS = [name for name in names() if load(name).acts_on == "pixels"]
ROOT = Path(__file__).parents[2]
MAGICK = {"motion_blur_magick"}  # as reproducible as the installed ImageMagick

ONE_PROCESS = f"""
import json
from tests.corruptions.make_hashes import cells_of
print(json.dumps({{name: cells_of(name) for name in {sorted(set(PIXELS) - MAGICK)!r}}}))
"""

OPENCV = "SSE4.1,SSE4.2,POPCNT,AVX,FP16,AVX2,FMA3,AVX512-SKX"  # all that it chooses at run time


def numpy_features() -> str:
    from numpy._core._multiarray_umath import __cpu_dispatch__

    return ",".join(__cpu_dispatch__)


@pytest.mark.parametrize("name", names())
def test_reference_clip_comes_out_as_committed(name: str) -> None:
    if name in MAGICK:
        pytest.importorskip("wand.image", exc_type=ImportError)
    committed = read()
    assert name in committed, "new corruption: python -m tests.corruptions.make_hashes"
    assert cells_of(name) == committed[name]


def test_same_frames_with_cpu_features_switched_off() -> None:
    environment = os.environ | {
        "OPENCV_CPU_DISABLE": OPENCV,
        "NPY_DISABLE_CPU_FEATURES": numpy_features(),
        "PYTHONWARNINGS": "ignore",
        "PYTHONPATH": str(ROOT),
    }
    result = subprocess.run(
        [sys.executable, "-c", ONE_PROCESS],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    committed = read()
    for name, cells in json.loads(result.stdout).items():
        assert cells == committed[name], name


def test_cpu_features_really_go_off() -> None:
    """Else the test above would promise nothing."""
    script = (
        "import cv2, json\n"
        "from numpy._core._multiarray_umath import __cpu_features__, __cpu_dispatch__\n"
        "numpy = [name for name in __cpu_dispatch__ if __cpu_features__[name]]\n"
        "print(json.dumps([numpy, cv2.getCPUFeaturesLine()]))"
    )
    environment = os.environ | {
        "OPENCV_CPU_DISABLE": OPENCV,
        "NPY_DISABLE_CPU_FEATURES": numpy_features(),
    }
    command = [sys.executable, "-W", "ignore", "-c", script]
    on = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    numpy, opencv = json.loads(on.stdout)
    assert numpy == []
    # A star marks code that OpenCV may choose, a question mark that this CPU lacks what it needs.
    assert not [name for name in opencv.split() if name.startswith("*") and name[-1] != "?"]
