"""Video language models of transformers: the likelihood of each class name as an answer.

The model gets the frames and one question in the chat template of its folder. The logit of a class
is the log-likelihood of its name and of the end of the answer, given video and question: a sum over
the answer's tokens. Video and question are computed once per clip (prefill). All answers continue
from that one cache of keys and values, side by side in one sequence: a token sees the prompt and
the earlier tokens of its own answer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import SettingsError
from ..messages import one_line
from .video_prompts import VideoPrompt
from .view_times import ViewTimes

KINDS = ("llava_onevision", "qwen2_5_vl", "qwen3_vl", "internvl")
"""`model_type` of config.json of the models that answer in words."""

CHUNK = 512
"""Most tokens of answers that are computed at once, unless one answer is longer."""


class AnswerLikelihood(nn.Module):
    """A video language model with one prompt and one answer per class."""

    firsts: torch.Tensor

    def __init__(self, model: Any, prompt: VideoPrompt, answers: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.model = model
        self.prompt = prompt
        firsts = torch.tensor([answer[0] for answer in answers])
        self.register_buffer("firsts", firsts, persistent=False)
        self.chunks = _chunks(answers)

    def forward(self, clips: torch.Tensor, times: Sequence[ViewTimes]) -> torch.Tensor:
        """Map frames (N, T, 3, H, W) and their times to log-likelihoods (N, classes)."""
        pairs = zip(clips, times, strict=True)
        return torch.stack([self._clip(clip, shown) for clip, shown in pairs])

    def _clip(self, clip: torch.Tensor, times: ViewTimes) -> torch.Tensor:
        inputs = self.prompt.inputs(clip, times, self.model)
        before = self.model(**inputs, use_cache=True, logits_to_keep=1)
        logs = before.logits[0, -1].float().log_softmax(dim=-1)
        total: torch.Tensor = logs[self.firsts]
        length = inputs["input_ids"].shape[1]
        positions = inputs.get("position_ids")
        start = length if positions is None else int(positions.max()) + 1
        for chunk in self.chunks:
            tokens, targets, owners, steps = chunk.to(clip.device)
            places = (start + steps).expand(1 if positions is None else len(positions), -1)
            after = self.model(
                input_ids=tokens[None],
                position_ids=places if positions is None else places[:, None],
                attention_mask=_mask(owners, length, before.logits.dtype),
                past_key_values=before.past_key_values,
                use_cache=True,
            )
            before.past_key_values.crop(-len(owners))
            logs = after.logits[0].float().log_softmax(dim=-1)
            total = total.index_add(0, owners, logs.gather(1, targets[:, None])[:, 0])
        return total


def _chunks(answers: Sequence[Sequence[int]]) -> list[torch.Tensor]:
    """Return tables (4, tokens) of the tokens that follow the prompt, whole answers together.

    Rows: the token, the token that it predicts, its answer and its place in the answer, from 0.
    """
    chunks: list[list[tuple[int, int, int, int]]] = [[]]
    for owner, answer in enumerate(answers):
        if chunks[-1] and len(chunks[-1]) + len(answer) - 1 > CHUNK:
            chunks.append([])
        pairs = zip(answer[:-1], answer[1:], strict=True)
        chunks[-1] += [(token, target, owner, step) for step, (token, target) in enumerate(pairs)]
    return [torch.tensor(chunk).T for chunk in chunks]


def _mask(owners: torch.Tensor, length: int, dtype: torch.dtype) -> torch.Tensor:
    """Return the additive mask (1, 1, tokens, length + tokens) of answers after one prompt."""
    same = owners[:, None] == owners[None]
    hidden = torch.cat([same.new_zeros(len(owners), length), ~(same.tril())], dim=1)
    mask = torch.zeros(hidden.shape, dtype=dtype, device=owners.device)
    return mask.masked_fill(hidden, torch.finfo(dtype).min)[None, None]


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


def answer_tokens(
    name: str, tokenizer: Any, template: str, class_names: Sequence[str]
) -> list[list[int]]:
    """Return the tokens of each class's answer and of the end of the answer.

    Parameters
    ----------
    name
        Name of the model, for messages.
    tokenizer
        Tokenizer of the model's folder.
    template
        Text of an answer with one `{}` for the class name, without its brackets.
    class_names
        Names of the benchmark's classes, in order.

    Returns
    -------
    list[list[int]]
        At least two tokens per class, the last of which ends the answer.

    Raises
    ------
    SettingsError
        If two classes have the same tokens, or the tokenizer has no token for the end.

    """
    if tokenizer.eos_token_id is None:
        raise SettingsError(f"model {name!r}: its tokenizer has no eos_token, which ends answers.")
    texts = [template.replace("{}", one.replace("[", "").replace("]", "")) for one in class_names]
    answers = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    seen: dict[tuple[int, ...], str] = {}
    for text, answer in zip(texts, answers, strict=True):
        other = seen.setdefault(tuple(answer), text)
        if not answer or other is not text:
            raise SettingsError(
                f"model {name!r}: its tokenizer cannot tell the answers {other!r} and {text!r} "
                "apart."
            )
    return [[*answer, tokenizer.eos_token_id] for answer in answers]
