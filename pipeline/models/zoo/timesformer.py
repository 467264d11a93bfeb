"""TimeSformer: ViT-B/16 with attention over time, then over space, in each of twelve layers.

| part       | definition                                                                      |
|------------|---------------------------------------------------------------------------------|
| patches    | 16 x 16 of every frame to 768 numbers; class token; place and time embedding     |
| 12 layers: |                                                                                 |
| time       | norm, attention over the frames of a place (12 heads), linear, shortcut          |
| space      | norm, attention over the places of a frame and the class token, shortcut         |
| MLP        | norm, 768-3072-768 with GELU, shortcut                                           |
| head       | norm, class token, linear                                                       |

The network is that of `transformers` (TimesformerForVideoClassification), whose keys we keep; the
authors' `model.blocks.N.temporal_attn...` load too. The leaderboard ran it on 32 frames of Mini
Kinetics and 16 of Mini SSV2; the authors' weights are for 8, 16 (at 448 x 448) and 96 frames, so
frames and size follow the embeddings of the weights. Their stochastic depth of 0.1 in training is
left out.
"""

import math
from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from ..checkpoints import Renaming
from ..spec import InputSpec

SOURCE = "Bertasius et al. 2021, Is Space-Time Attention All You Need (section 3, divided)"
INPUT = InputSpec(
    frames=32, size=224, mean=(0.45, 0.45, 0.45), std=(0.225, 0.225, 0.225), layout="NTCHW"
)
HEAD = "classifier"
LIBRARIES = ("transformers",)
PUBLISHED = "TimeSformer (32 frames of Mini Kinetics, 16 of Mini SSV2)"
CHECKPOINTS = ("facebookresearch/TimeSformer: .pyth", "transformers: .safetensors, .bin")

_BLOCK = r"(?:model\.)?blocks\.(\d+)\."
_OURS = r"timesformer.encoder.layer.\1."
RENAMINGS = (
    Renaming(
        "authors",
        marker=r"(model\.)?(blocks|patch_embed|cls_token)\b",
        rules=(
            (r"(?:model\.)?cls_token", r"timesformer.embeddings.cls_token"),
            (r"(?:model\.)?pos_embed", r"timesformer.embeddings.position_embeddings"),
            (r"(?:model\.)?time_embed", r"timesformer.embeddings.time_embeddings"),
            (
                r"(?:model\.)?patch_embed\.proj\.(\w+)",
                r"timesformer.embeddings.patch_embeddings.projection.\1",
            ),
            (rf"{_BLOCK}norm1\.(\w+)", rf"{_OURS}layernorm_before.\2"),
            (rf"{_BLOCK}norm2\.(\w+)", rf"{_OURS}layernorm_after.\2"),
            (rf"{_BLOCK}temporal_norm1\.(\w+)", rf"{_OURS}temporal_layernorm.\2"),
            (rf"{_BLOCK}attn\.qkv\.(\w+)", rf"{_OURS}attention.attention.qkv.\2"),
            (rf"{_BLOCK}attn\.proj\.(\w+)", rf"{_OURS}attention.output.dense.\2"),
            (rf"{_BLOCK}temporal_attn\.qkv\.(\w+)", rf"{_OURS}temporal_attention.attention.qkv.\2"),
            (rf"{_BLOCK}temporal_attn\.proj\.(\w+)", rf"{_OURS}temporal_attention.output.dense.\2"),
            (rf"{_BLOCK}temporal_fc\.(\w+)", rf"{_OURS}temporal_dense.\2"),
            (rf"{_BLOCK}mlp\.fc1\.(\w+)", rf"{_OURS}intermediate.dense.\2"),
            (rf"{_BLOCK}mlp\.fc2\.(\w+)", rf"{_OURS}output.dense.\2"),
            (r"(?:model\.)?norm\.(\w+)", r"timesformer.layernorm.\1"),
            (r"(?:model\.)?head\.(\w+)", r"classifier.\1"),
        ),
    ),
)


def INPUT_OF(state: Mapping[str, torch.Tensor]) -> dict[str, int]:  # noqa: N802 - as INPUT
    """Return frames and size (pixels) for which the embeddings of a checkpoint were trained."""
    found = {}
    times = state.get("timesformer.embeddings.time_embeddings")
    places = state.get("timesformer.embeddings.position_embeddings")
    if times is not None and times.ndim == 3:
        found["frames"] = times.shape[1]
    if places is not None and places.ndim == 3:
        side = math.isqrt(places.shape[1] - 1)
        if side * side == places.shape[1] - 1:
            found["size"] = 16 * side
    return found


def START(  # noqa: N802 - as INPUT
    state: dict[str, torch.Tensor], own: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Prepare weights of a ViT or of another TimeSformer to start training from.

    As the authors start: where the weights have no attention over time, it and its normalisation
    are those over space. Embeddings of places and times are interpolated to the network's.
    """
    started = dict(state)
    for key, value in state.items():
        for space, time in ((".attention.", ".temporal_attention."),
                            (".layernorm_before.", ".temporal_layernorm.")):  # fmt: skip
            if key.startswith("timesformer.encoder.layer.") and space in key:
                started.setdefault(key.replace(space, time, 1), value)
    places, times = (f"timesformer.embeddings.{name}_embeddings" for name in ("position", "time"))
    if places in started and started[places].shape != own[places].shape:
        token, grid = started[places][:, :1], started[places][:, 1:]
        old, new = math.isqrt(grid.shape[1]), math.isqrt(own[places].shape[1] - 1)
        pictures = grid.reshape(1, old, old, -1).permute(0, 3, 1, 2)
        resized = functional.interpolate(pictures, (new, new), mode="bicubic", align_corners=False)
        flat = resized.permute(0, 2, 3, 1).reshape(1, new * new, -1)
        started[places] = torch.cat([token, flat], dim=1)
    if times in started and started[times].shape != own[times].shape:
        rows = started[times].transpose(1, 2)
        moved = functional.interpolate(rows, own[times].shape[1], mode="linear")
        started[times] = moved.transpose(1, 2)
    return started


class TimeSformer(nn.Module):
    """Maps clips (N, T, 3, H, W) to logits (N, classes)."""

    def __init__(self, num_classes: int, frames: int, size: int) -> None:
        super().__init__()
        # Imported late: transformers takes seconds, and only this model needs it.
        import transformers

        config = transformers.TimesformerConfig(num_frames=frames, image_size=size)
        self.timesformer: nn.Module = transformers.TimesformerModel(config)
        self.classifier = nn.Linear(768, num_classes)
        nn.init.trunc_normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)
        for name, parameter in self.timesformer.named_parameters():
            # As in the authors' code: initially only layer 0 has attention over time.
            if "temporal_dense" in name and not name.startswith("encoder.layer.0."):
                nn.init.zeros_(parameter)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        tokens = self.timesformer(clips).last_hidden_state
        logits: torch.Tensor = self.classifier(tokens[:, 0])
        return logits


def build(num_classes: int, frames: int = 32, size: int = 224) -> nn.Module:
    return TimeSformer(num_classes, frames, size)
