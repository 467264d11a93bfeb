"""Patches and sizes of Qwen's models equal those of their processors' own code."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from pipeline.models.patches import PatchGrid, lay_out, resized_side
from tests.support.processor_source import function

FILES = {
    "qwen2_5_vl": "qwen2_vl/video_processing_qwen2_vl.py",
    "qwen3_vl": "qwen3_vl/video_processing_qwen3_vl.py",
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("frames", [4, 5])
def test_patches_equal_those_of_the_processor(frames: int, kind: str) -> None:
    vision = SimpleNamespace(patch_size=3, temporal_patch_size=2, spatial_merge_size=2)
    clip = torch.rand(frames, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    wanted, rows, *sides = function(FILES[kind], "patchify")(None, clip[None], 3, 2, 2)
    grid = PatchGrid.of(vision, 12)
    assert torch.equal(lay_out(clip, grid), wanted[0])
    assert [grid.rows(frames), grid.side, grid.side] == [rows, *sides]


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("capped", [False, True])
@pytest.mark.parametrize("bounds", [(3136, 12845056), (200_000, 300_000), (4096, 60_000)])
def test_sizes_equal_those_of_the_processor(
    bounds: tuple[int, int], capped: bool, kind: str
) -> None:
    least, most = bounds
    fields = {
        "size": {"shortest_edge": least, "longest_edge": most},
        "cap_pixels_per_frame": capped,
        "max_video_tokens": 100,
    }
    resize = function(FILES[kind], "resize")
    resize.__globals__.update(smart_resize=function(FILES[kind], "smart_resize"))
    resize.__globals__.update(SizeDict=SimpleNamespace, super=lambda: Kept())
    owner = SimpleNamespace(max_video_tokens=100)
    size = SimpleNamespace(shortest_edge=least, longest_edge=most)
    factor = 28 if kind == "qwen2_5_vl" else 32
    for frames in (2, 7, 32):
        for side in (20, 112, 224, 320, 500):
            videos = torch.empty(1, frames, 3, side, side)
            made = resize(owner, videos, size, None, factor, 2, capped)
            assert made.height == made.width == resized_side(kind, fields, frames, side)


class Kept:
    """The processor's parent, whose `resize` is asked for a size."""

    def resize(self, image: Any, size: SimpleNamespace, resample: None) -> SimpleNamespace:
        return size
