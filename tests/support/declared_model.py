"""A user's model that describes its input."""

import torch
from torch import nn

from pipeline.models import InputSpec

INPUT = InputSpec(frames=4, size=224, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


class Change(nn.Module):
    """Says class 1 for clips whose brightness rises."""

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        means = clips.mean(dim=(1, 3, 4))
        change = means[:, -1] - means[:, 0]
        return torch.stack([-change, change], dim=1)


def factory() -> nn.Module:
    return Change()
