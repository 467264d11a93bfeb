"""No adaptation: the model as it was trained, the baseline of every method.

    python -m pipeline adapt examples.no_adaptation -d demo -m tiny_r2plus1d --stored

The numbers are those of the evaluate stage: frames, views and metrics are the same. The result file
has no adaptation, so that it is ranked with the other models.

On the demo (tiny_r2plus1d, paper12 at severity 3, 120 clips, seed 0): clean 99.2 %, mPC 73.8 %,
95 % interval 71.9 to 75.6.
"""

import torch

from pipeline.tools.adapt.method import AdaptationMethod, AdaptationSource


class NoAdaptation:
    """A model in evaluation mode."""

    def __init__(self, source: AdaptationSource) -> None:
        self.source = source

    @torch.inference_mode()
    def __call__(self, clips: torch.Tensor) -> torch.Tensor:
        return self.source.logits(clips)


METHOD = AdaptationMethod(
    name="none", source="the model as it was trained", make=NoAdaptation, adapts=False
)
