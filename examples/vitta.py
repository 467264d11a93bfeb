"""ViTTA: align the statistics of layers with those of training, and agree on two views of a clip.

    python -m pipeline adapt examples.vitta -d demo -m tiny_r2plus1d --stored

Source: Lin et al., Video Test-Time Adaptation for Action Recognition, CVPR 2023. One clip at a
time: mean and variance of the normalisation layers of the deeper half, kept as moving averages over
the clips, are pulled to the source statistics (L1 distance), and the class probabilities of two
views, frames of equal distance and random frames of equal segments, to their mean. One step of SGD
on all parameters per clip; the prediction is made after the step. BatchNorm stays in evaluation
mode.

What differs: source statistics are over all positions of all training clips together, not averages
over batches of clips; the views are of the same centre crop, without random crops; moving averages
start at the source statistics (the paper's code starts at 0); the learning rate is this model's.

On the demo (tiny_r2plus1d, paper12 at severity 3, 120 clips, seed 0): clean 98.3 %, mPC 76.1 %,
95 % interval 73.9 to 78.2; 73.8 % without adaptation.
"""

import torch

from pipeline.datasets.frame_rules import FrameRule, SegmentFrames
from pipeline.models.layer_statistics import channel_moments, norm_layers, outputs_of
from pipeline.tools.adapt.method import AdaptationMethod, AdaptationSource

LEARNING_RATE = 1e-3
MOMENTUM = 0.1
"""Weight of the newest clip in the moving averages."""
CONSISTENCY = 0.1
"""Weight of the agreement between the views."""


def views(source: AdaptationSource) -> dict[str, FrameRule]:
    """Return the frames of the evaluate stage, which predict, and the random view."""
    return {
        "even": source.frames,
        "random": SegmentFrames(source.model.input.frames, random=True),
    }


class ViTTA:
    """A model that adapts to each clip."""

    def __init__(self, source: AdaptationSource) -> None:
        self.source = source
        self.module = source.model.module
        names = norm_layers(self.module)
        self.layers = names[len(names) // 2 :]
        self.modules = dict(self.module.named_modules())
        statistics = source.statistics(self.layers)
        self.goal = {
            name: (
                torch.from_numpy(statistics.mean[name]).to(source.device.name),
                torch.from_numpy(statistics.var[name]).to(source.device.name),
            )
            for name in self.layers
        }
        self.average = dict(self.goal)
        self.optimizer = torch.optim.SGD(self.module.parameters(), LEARNING_RATE, momentum=0.9)

    def __call__(self, clips: dict[str, torch.Tensor]) -> torch.Tensor:
        even, random = clips["even"], clips["random"]
        with outputs_of(self.module, self.layers) as outputs:
            logits = self.source.logits(torch.cat([even, random]))
        loss = self.alignment(outputs) + CONSISTENCY * self.disagreement(logits)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        with torch.inference_mode():
            return self.source.logits(even)

    def alignment(self, outputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the L1 distance of the moving averages from the source, summed over layers."""
        loss = torch.zeros((), device=self.source.device.name)
        for name in self.layers:
            found = channel_moments(self.modules[name], outputs[name])
            moved = tuple(
                MOMENTUM * new + (1 - MOMENTUM) * old
                for new, old in zip(found, self.average[name], strict=True)
            )
            for value, goal in zip(moved, self.goal[name], strict=True):
                loss = loss + (value - goal).abs().mean()
            self.average[name] = (moved[0].detach(), moved[1].detach())
        return loss

    def disagreement(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the mean L1 distance of the two views' probabilities from their mean."""
        even, random = logits.softmax(dim=1).chunk(2)
        mean = (even + random) / 2
        return ((even - mean).abs().sum() + (random - mean).abs().sum()) / 2


METHOD = AdaptationMethod(
    name="ViTTA",
    source=f"Lin et al., CVPR 2023, SGD, learning rate {LEARNING_RATE}, lambda {CONSISTENCY}",
    make=ViTTA,
    frames=views,
    batch_size=1,
)
