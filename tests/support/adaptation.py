"""A small project whose model can adapt: five clips, two cells, a network of random weights."""

from pathlib import Path
from typing import Any

import torch

from pipeline import models
from pipeline.models.device import ComputeDevice
from pipeline.params import Params
from pipeline.stages.evaluate.load import load_models
from pipeline.storage.paths import DatasetPaths
from pipeline.tools.adapt.forward import model_frames, on_device
from pipeline.tools.adapt.method import AdaptationSource
from tests.support.project import make_project, run_stages

Project = tuple[Params, Path]
"""Parameters and folder."""

GRID: dict[str, Any] = {
    "corruptions": ["fog", "contrast"],
    "severities": [3],
    "report": {"bootstrap_resamples": 20},
    "models": {"demo": {"tiny_r2plus1d": {"input": {"frames": 8, "size": 40}}}},
}


def make_adaptable(root: Path) -> Params:
    """Write a project after the corrupt stage, with a network whose BatchNorm has seen noise."""
    params = make_project(root, **GRID)
    run_stages(params, root)
    torch.manual_seed(0)
    entry = models.load("tiny_r2plus1d")
    module = entry.make(2, entry.input, {})
    with torch.no_grad():
        for _ in range(20):
            module(torch.randn(4, 3, 8, 40, 40))
        module.get_submodule("fc").weight.normal_()  # type: ignore[operator, union-attr]
    path = DatasetPaths(root, "demo").weights("tiny_r2plus1d")
    path.parent.mkdir(parents=True)
    torch.save(module.state_dict(), path)
    return params


def source_of(params: Params, root: Path) -> AdaptationSource:
    """Return what a method starts from."""
    loaded, failed = load_models("demo", params, DatasetPaths(root, "demo"), 40)
    assert not failed
    device = ComputeDevice("cpu", "fp32")
    model = on_device(loaded["tiny_r2plus1d"], device)
    frames = model_frames(model.input, params)
    return AdaptationSource(model, device, frames, "demo", "tiny_r2plus1d", params, root, 0)
