"""Video language models of transformers: the likelihood of each class name as an answer.

The model gets the frames and one question in the chat template of its folder. The logit of a class
is the log-likelihood of its name and of the end of the answer, given video and question: a sum over
the name's tokens. Video and question are computed once per clip (prefill); the names continue from
its cache of keys and values. Supported: LLaVA-OneVision, whose video tokens have no time stamps.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import SettingsError
from ..messages import one_line

KINDS = ("llava_onevision",)
"""`model_type` of config.json of the models that answer in words."""

CHUNK = 32
"""Class names that continue from one cache at once."""


class AnswerLikelihood(nn.Module):
    """A video language model with one prompt and one answer per class."""

    prompt: torch.Tensor
    answers: torch.Tensor
    lengths: torch.Tensor

    def __init__(self, model: Any, prompt: Sequence[int], answers: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.model = model
        longest = max(map(len, answers))
        padded = [[*one, *[0] * (longest - len(one))] for one in answers]
        self.register_buffer("prompt", torch.tensor([prompt]), persistent=False)
        self.register_buffer("answers", torch.tensor(padded), persistent=False)
        lengths = torch.tensor([len(one) for one in answers])
        self.register_buffer("lengths", lengths, persistent=False)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Map frames (N, T, 3, H, W) to log-likelihoods (N, classes)."""
        return torch.stack([self._clip(clip[None]) for clip in clips])

    def _clip(self, clip: torch.Tensor) -> torch.Tensor:
        values = clip.to(next(self.model.parameters()).dtype)
        before = self.model(input_ids=self.prompt, pixel_values_videos=values, use_cache=True)
        first = before.logits[0, -1].float().log_softmax(dim=-1)
        found = []
        for start in range(0, len(self.answers), CHUNK):
            names = self.answers[start : start + CHUNK]
            lengths = self.lengths[start : start + CHUNK]
            total = first[names[:, 0]]
            if names.shape[1] > 1:
                total = total + self._rest(names, lengths, before.past_key_values)
            found.append(total)
        return torch.cat(found)

    def _rest(self, names: torch.Tensor, lengths: torch.Tensor, cache: Any) -> torch.Tensor:
        """Return the log-likelihood of all tokens after the first, from the prompt's cache."""
        shared = copy.deepcopy(cache)
        shared.batch_repeat_interleave(len(names))
        steps = torch.arange(names.shape[1] - 1, device=names.device)
        real = steps < (lengths - 1)[:, None]
        seen = torch.ones((len(names), self.prompt.shape[1]), dtype=torch.long, device=names.device)
        after = self.model(
            input_ids=names[:, :-1],
            attention_mask=torch.cat([seen, real.long()], dim=1),
            past_key_values=shared,
            use_cache=True,
        )
        logs = after.logits.float().log_softmax(dim=-1)
        chosen = logs.gather(2, names[:, 1:, None])[..., 0]
        total: torch.Tensor = (chosen * real).sum(dim=1)
        return total


def load_tokenizer(name: str, folder: Path) -> Any:
    """Return the tokenizer of a folder with its chat template."""
    import transformers

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        if tokenizer.chat_template is None and (folder / "chat_template.json").is_file():
            text = (folder / "chat_template.json").read_text(encoding="utf-8")
            tokenizer.chat_template = json.loads(text)["chat_template"]
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise SettingsError(
            f"model {name!r}: its tokenizer cannot be loaded from {folder}: {one_line(error)}"
        ) from error
    if tokenizer.chat_template is None:
        raise SettingsError(
            f"model {name!r}: {folder} has no chat template (chat_template.jinja or "
            "chat_template.json), which says how a question is asked."
        )
    return tokenizer


def prompt_tokens(name: str, tokenizer: Any, config: Any, question: str, frames: int) -> list[int]:
    """Return the tokens of video and question, with one token per position of the video.

    LLaVA-OneVision pools the patches of a frame 2 x 2 and ends the video with one token.
    """
    content = [{"type": "video"}, {"type": "text", "text": question}]
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    video = tokenizer.convert_ids_to_tokens(config.video_token_id)
    if text.count(video) != 1:
        raise SettingsError(
            f"model {name!r}: its chat template must contain the video token {video!r} once (got "
            f"{text.count(video)} times)."
        )
    vision = config.vision_config
    side = math.ceil(vision.image_size // vision.patch_size / 2)
    count = frames * side * side + 1
    tokens: list[int] = tokenizer(text.replace(video, video * count), add_special_tokens=False)[
        "input_ids"
    ]
    if tokens.count(config.video_token_id) != count:
        raise SettingsError(
            f"model {name!r}: its tokenizer does not keep the video token {video!r} whole."
        )
    return tokens


def answer_tokens(tokenizer: Any, class_names: Sequence[str]) -> list[list[int]]:
    """Return the tokens of each class name, without brackets, and the end of the answer."""
    names = [one.replace("[", "").replace("]", "") for one in class_names]
    return [
        [*tokenizer(one, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        for one in names
    ]
