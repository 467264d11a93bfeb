"""TeCo: minimise entropy on frames of the whole clip, and keep dense frames coherent over time.

    python -m pipeline adapt examples.teco -d demo -m tiny_r2plus1d --stored

Source: Yi et al., Temporal Coherent Test-Time Optimization for Robust Video Classification, ICLR
2023, by the authors of the benchmark. The global pathway minimises the entropy of the prediction
from uniform frames; it updates all parameters of the shallow layers and the normalisation layers of
the deep ones. The local pathway takes consecutive frames through the shallow layers and pulls
neighbouring feature maps, weighted by attention, together; it updates the shallow layers.

What differs: there is no published code. The shallow layers are those up to the middle
normalisation layer; the attention is the softmax over the positions of a frame of the features'
mean over channels, without parameters; the distance is the mean absolute difference; both losses
are minimised in one step of SGD. BatchNorm uses the batch, as in Tent, and the logits are those
before the step.

On the demo (tiny_r2plus1d, paper12 at severity 3, 120 clips, seed 0): clean 99.2 %, mPC 88.3 %,
95 % interval 86.3 to 90.1; 73.8 % without adaptation.
"""

import torch
from torch import nn

from pipeline.datasets.frame_rules import DenseFrames, FrameRule
from pipeline.models.layer_statistics import is_norm, norm_layers, outputs_of
from pipeline.tools.adapt.method import AdaptationMethod, AdaptationSource

LEARNING_RATE = 1e-3
COHERENCE = 1.0
"""Weight of the temporal coherence."""


def views(source: AdaptationSource) -> dict[str, FrameRule]:
    """Return the frames of the evaluate stage, which predict, and consecutive ones."""
    return {"global": source.frames, "local": DenseFrames(source.model.input.frames)}


class TeCo:
    """A model that adapts to each batch."""

    def __init__(self, source: AdaptationSource) -> None:
        self.source = source
        self.module = source.model.module.requires_grad_(False)
        names = norm_layers(self.module)
        self.boundary = names[(len(names) - 1) // 2]
        parameters = []
        shallow = True
        for name, layer in self.module.named_modules():
            own = list(layer.parameters(recurse=False))
            if shallow or is_norm(layer):
                parameters += [parameter.requires_grad_(True) for parameter in own]
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.train()
                layer.track_running_stats = False
                layer.running_mean, layer.running_var = None, None
            if name == self.boundary:
                shallow = False
        self.optimizer = torch.optim.SGD(parameters, LEARNING_RATE, momentum=0.9)

    def __call__(self, clips: dict[str, torch.Tensor]) -> torch.Tensor:
        logits = self.source.logits(clips["global"])
        entropy = -(logits.softmax(dim=1) * logits.log_softmax(dim=1)).sum(dim=1).mean()
        with outputs_of(self.module, [self.boundary]) as outputs:
            self.source.logits(clips["local"])
        loss = entropy + COHERENCE * incoherence(outputs[self.boundary], len(clips["local"]))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return logits


def incoherence(features: torch.Tensor, num_clips: int) -> torch.Tensor:
    """Return the mean difference of neighbouring feature maps, weighted by attention.

    `features` are (N, C, T, H, W), or (N T, C, H, W) of networks that see frames apart.
    """
    if features.ndim == 4:
        features = features.unflatten(0, (num_clips, -1)).transpose(1, 2)
    scores = features.mean(dim=1, keepdim=True)
    attention = scores.flatten(3).softmax(dim=3).reshape_as(scores)
    weighted = features * attention * scores[0, 0, 0].numel()
    return (weighted[:, :, 1:] - weighted[:, :, :-1]).abs().mean()


METHOD = AdaptationMethod(
    name="TeCo",
    source=f"Yi et al., ICLR 2023, SGD, learning rate {LEARNING_RATE}, lambda {COHERENCE}",
    make=TeCo,
    frames=views,
    batch_size=16,
)
