"""Zero-shot models of transformers: classes as sentences, logits as scaled cosine similarities.

| model_type | video                                           | text                            |
|------------|-------------------------------------------------|---------------------------------|
| clip       | mean of the normalised embeddings of the frames | padded to the longest sentence  |
| siglip     | the same                                        | padded to the model's length    |
| xclip      | the model's own video embedding                 | sentences adapted to each video |

`prompts` are templates with `{}` for the class name. The embeddings of several templates are
normalised, averaged and normalised again (Radford et al. 2021, section 3.1.4); X-CLIP, whose
sentences depend on the video, averages the similarities.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ..errors import SettingsError
from ..messages import one_line

KINDS = ("clip", "siglip", "xclip")
"""`model_type` of config.json of the models that are evaluated zero-shot."""

Tokens = dict[str, torch.Tensor]


def sentences(name: str, prompts: Sequence[str], class_names: Sequence[str]) -> list[list[str]]:
    """Return the sentences of each template, one per class.

    Parameters
    ----------
    name
        Name of the model, for messages.
    prompts
        Templates with one `{}` each.
    class_names
        Names of the benchmark's classes, in order; brackets of templates such as
        `[something]` are left out.

    Returns
    -------
    list[list[str]]
        Templates x classes.

    Raises
    ------
    SettingsError
        If there is no template, or one without exactly one `{}`.

    """
    if not prompts:
        raise SettingsError(
            f"model {name!r} compares videos with sentences; give `prompts`, such as "
            '"a video of a person {}."'
        )
    wrong = [one for one in prompts if one.count("{}") != 1]
    if wrong:
        raise SettingsError(
            f"model {name!r}: prompts need one {{}} for the class name (got {wrong[0]!r})."
        )
    plain = [one.replace("[", "").replace("]", "") for one in class_names]
    return [[template.replace("{}", one) for one in plain] for template in prompts]


def tokenize(name: str, folder: Path, kind: str, texts: Sequence[str], length: int) -> Tokens:
    """Return the tokens of sentences: padded to the model's length for SigLIP, else the longest."""
    import transformers

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, ImportError) as error:
        raise SettingsError(
            f"model {name!r}: its tokenizer cannot be loaded from {folder}: {one_line(error)}"
        ) from error
    longest = max(len(tokenizer(text)["input_ids"]) for text in texts)
    if longest > length:
        raise SettingsError(
            f"model {name!r}: a sentence has {longest} tokens, the model takes {length}; shorten "
            "`prompts`."
        )
    padding = (
        {"padding": "max_length", "max_length": length} if kind == "siglip" else {"padding": True}
    )
    tokens = tokenizer(list(texts), return_tensors="pt", **padding)
    # SigLIP attends to its padding, as it was trained.
    keys = ("input_ids",) if kind == "siglip" else ("input_ids", "attention_mask")
    return {key: tokens[key] for key in keys}


class ImageTextLogits(nn.Module):
    """CLIP or SigLIP: cosine of the mean embedding of the frames with each class's embedding."""

    classes: torch.Tensor

    def __init__(self, model: Any, tokens: Sequence[Tokens]) -> None:
        super().__init__()
        with torch.inference_mode():
            embeddings = [unit(model.get_text_features(**one).pooler_output) for one in tokens]
            classes = unit(torch.stack(embeddings).mean(dim=0))
        self.model = model
        self.register_buffer("classes", classes.clone(), persistent=False)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Map frames (N, T, 3, H, W) to logits (N, classes)."""
        frames = clips.flatten(0, 1).to(self.classes.dtype)
        pictures = unit(self.model.get_image_features(pixel_values=frames).pooler_output)
        videos = unit(pictures.reshape(*clips.shape[:2], -1).mean(dim=1))
        logits: torch.Tensor = videos @ self.classes.T * self.model.logit_scale.exp()
        bias = getattr(self.model, "logit_bias", None)
        return logits if bias is None else logits + bias


class VideoTextLogits(nn.Module):
    """X-CLIP: cosine of the video's embedding with sentences that are adapted to it."""

    def __init__(self, model: Any, tokens: Sequence[Tokens]) -> None:
        super().__init__()
        self.model = model
        self.keys = tuple(tokens[0])
        for number, one in enumerate(tokens):
            for key, value in one.items():
                self.register_buffer(f"{key}_{number}", value, persistent=False)
        self.templates = len(tokens)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Map frames (N, T, 3, H, W) to logits (N, classes)."""
        values = clips.to(next(self.model.parameters()).dtype)
        logits = [
            self.model(
                pixel_values=values,
                **{key: self.get_buffer(f"{key}_{number}") for key in self.keys},
            ).logits_per_video
            for number in range(self.templates)
        ]
        return torch.stack(logits).mean(dim=0)


def unit(vectors: torch.Tensor) -> torch.Tensor:
    """Return vectors of length 1 along the last axis."""
    return functional.normalize(vectors, dim=-1)
