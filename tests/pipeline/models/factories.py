"""Models of someone else, for the tests of bringing one."""

import torch
from torch import nn

from pipeline.models import InputSpec

SPEC = InputSpec(frames=4, size=8, mean=(0.5,) * 3, std=(0.5,) * 3)


class MeanColour(nn.Module):
    """Logits from the mean colour of the clip, as a linear layer sees it."""

    def __init__(self, num_classes: int = 3, broken: str = "") -> None:
        super().__init__()
        self.fc = nn.Linear(3, num_classes)
        self.broken = broken

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        logits = self.fc(clips.mean(dim=(2, 3, 4)))
        if self.broken == "nan":
            return logits * float("nan")
        if self.broken == "rank":
            return logits[:, :, None]
        if self.broken == "inner":
            return self.fc(clips)
        return logits


class Described(MeanColour):
    INPUT = SPEC


def five_outputs() -> nn.Module:
    return MeanColour(5)


def nothing() -> None:
    return None
