"""Views of a clip: temporal windows and spatial crops, whose probabilities are averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import SettingsError
from .spec import InputSpec

if TYPE_CHECKING:
    import torch

CROPS = {"none": 1, "centre": 1, "three": 3}


def count_views(spec: InputSpec) -> int:
    """Return the number of views of one clip."""
    return spec.clips * CROPS[spec.crop]


def check_size(model: str, spec: InputSpec, stored_size: int) -> None:
    """Refuse crops that do not fit into the stored pictures.

    Parameters
    ----------
    model
        Name for messages.
    spec
        Input of the model.
    stored_size
        Height and width of the stored pictures in pixels.

    Raises
    ------
    SettingsError
        If a crop is larger than the picture, or three crops are one.

    """
    if spec.crop == "none":
        return
    smallest = spec.size + (spec.crop == "three")
    if stored_size < smallest:
        raise SettingsError(
            f"model {model!r}: input.crop: {spec.crop} of {spec.size} px needs stored pictures of "
            f"at least {smallest} px (got {stored_size}); set input.crop to none, or "
            "decode.pictures.<dataset>.crop to a larger size."
        )


def split_views(batch: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    """Cut the frames of a batch into views of the size that the model takes.

    Parameters
    ----------
    batch
        Frames (N, clips * frames, H, W, 3), uint8 RGB, of square pictures.
    spec
        Input of the model.

    Returns
    -------
    torch.Tensor
        Views (N * views, frames, size, size, 3), uint8; the views of a clip are adjacent. A picture
        of another size is resized by bilinear interpolation with antialiasing, rounded to uint8.

    """
    import torch

    windows = batch.reshape(-1, spec.frames, *batch.shape[2:])
    stored = windows.shape[2]
    if spec.crop == "none" and stored != spec.size:
        pictures = windows.flatten(0, 1).permute(0, 3, 1, 2).float()
        resized = torch.nn.functional.interpolate(
            pictures, (spec.size, spec.size), mode="bilinear", antialias=True, align_corners=False
        )
        pixels = resized.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
        return pixels.reshape(-1, spec.frames, spec.size, spec.size, 3)
    if stored == spec.size:
        return windows
    rest = stored - spec.size
    top = rest // 2
    lefts = (0, rest // 2, rest) if spec.crop == "three" else (rest // 2,)
    crops = [windows[:, :, top : top + spec.size, left : left + spec.size] for left in lefts]
    return torch.stack(crops, dim=1).flatten(0, 1)


def merge_views(logits: torch.Tensor, views: int) -> torch.Tensor:
    """Return logits of clips from logits of views.

    Parameters
    ----------
    logits
        Logits (N * views, classes).
    views
        Views per clip.

    Returns
    -------
    torch.Tensor
        (N, classes): the logits themselves for one view, otherwise the logarithm of the mean of
        the views' probabilities (softmax).

    """
    if views == 1:
        return logits
    import torch

    logs = logits.float().log_softmax(dim=1).reshape(-1, views, logits.shape[1])
    return torch.logsumexp(logs, dim=1) - torch.log(torch.tensor(float(views)))
