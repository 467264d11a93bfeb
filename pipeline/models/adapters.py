"""Wrappers that turn models of other libraries into modules from a batch of clips to logits."""

from __future__ import annotations

import importlib
import inspect
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..errors import SettingsError

VIDEO_INPUTS = ("pixel_values_videos", "pixel_values")
"""Names of the argument of frames in models of transformers."""


class Restricted(nn.Module):
    """A model restricted to some of its outputs."""

    outputs: torch.Tensor

    def __init__(self, module: nn.Module, outputs: Sequence[int]) -> None:
        super().__init__()
        self.module = module
        self.register_buffer("outputs", torch.tensor(outputs), persistent=False)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.module(clips)
        return logits[:, self.outputs]


class HuggingFaceLogits(nn.Module):
    """A model of transformers that returns its logits only."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        taken = inspect.signature(model.forward).parameters
        self.input_name = next(name for name in VIDEO_INPUTS if name in taken)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(**{self.input_name: clips}).logits
        # VideoPrism returns one token per clip: (N, 1, classes).
        return logits[:, 0] if logits.ndim == 3 and logits.shape[1] == 1 else logits


log = logging.getLogger(__name__)

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
"""Names of onnxruntime's providers."""


class OnnxModel(nn.Module):
    """An ONNX file that onnxruntime runs in float32, on the CPU until `use` names a GPU."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        try:
            onnxruntime: Any = importlib.import_module("onnxruntime")
            state: Any = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"model {str(path)!r} needs onnxruntime: pip install onnxruntime."
            ) from error
        self.errors = (
            state.Fail,
            state.InvalidArgument,
            state.InvalidGraph,
            state.InvalidProtobuf,
            state.NotImplemented,
            state.RuntimeException,
        )
        try:
            self.session = onnxruntime.InferenceSession(path, providers=[CPU])
        except self.errors as error:
            raise SettingsError(
                f"model {str(path)!r} is not a valid ONNX model: {error}"
            ) from error
        inputs = self.session.get_inputs()
        if len(inputs) != 1:
            names = [value.name for value in inputs]
            raise SettingsError(f"model {str(path)!r} must have one input (got {names}).")
        self.input_name = inputs[0].name
        self.fixed_batch = inputs[0].shape[0] if isinstance(inputs[0].shape[0], int) else None

    @property
    def on_gpu(self) -> bool:
        """True if onnxruntime runs the file on a GPU."""
        return CUDA in self.session.get_providers()

    def use(self, device: str) -> None:
        """Run on a device ("cpu", "cuda" or "cuda:1") if onnxruntime has it, else on the CPU."""
        if not device.startswith("cuda"):
            return
        onnxruntime: Any = importlib.import_module("onnxruntime")
        if CUDA in onnxruntime.get_available_providers():
            number = torch.device(device).index
            # TF32 rounds the inputs of products to 10 bits.
            options = {"device_id": str(number or 0), "use_tf32": "0"}
            self.session = onnxruntime.InferenceSession(self.path, providers=[(CUDA, options), CPU])
        if not self.on_gpu:
            log.warning(
                "model %r runs on the CPU: onnxruntime %s has no usable %s; install "
                "onnxruntime-gpu for the CUDA version of torch to run it on %s.",
                str(self.path),
                onnxruntime.__version__,
                CUDA,
                device,
            )

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        values = clips.float().contiguous().numpy()
        # A file that was exported for batches of one gets clips one by one.
        parts = values.reshape(-1, 1, *values.shape[1:]) if self.fixed_batch == 1 else values[None]
        try:
            outputs = [self.session.run(None, {self.input_name: part})[0] for part in parts]
        except self.errors as error:
            raise RuntimeError(str(error)) from error
        return torch.from_numpy(np.concatenate(outputs))


class Exported(nn.Module):
    """A torch.export program; its mode (evaluation or training) is fixed when it is written."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        load: Any = torch.export.load
        self.program = load(path).module()

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.program(clips)
        return logits

    def train(self, mode: bool = True) -> Exported:
        return self
