"""Prompts of video language models: what each family is given of a video and of its clock.

| model_type      | video in the prompt                        | pixels  | clock                |
|-----------------|--------------------------------------------|---------|----------------------|
| llava_onevision | one run of tokens, pooled 2 x 2            | frames  | none                 |
| internvl        | `Frame1: ` and its tokens, line by line    | frames  | numbers of frames    |
| qwen2_5_vl      | one run of tokens                          | patches | positions in time    |
| qwen3_vl        | `<1.5 seconds>` before each pair of frames | patches | time stamps as words |

Each is as the processor of transformers makes it; those need torchvision, which is not required
here. Qwen3-VL's time stamps replace the whole `<|vision_start|><|video_pad|><|vision_end|>` of its
chat template, as in Qwen's own code and in transformers 4.57, for which its weights were published;
transformers 5 keeps the outer pair of tokens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from ..errors import SettingsError
from .patches import PatchGrid, lay_out, one_side, rotary_positions
from .view_times import ViewTimes

Inputs = dict[str, torch.Tensor]


class VideoPrompt(Protocol):
    """Maker of a model's input from one clip."""

    @property
    def chat(self) -> ChatTemplate:
        """The template that the video is written into."""

    def text(self, times: ViewTimes) -> str:
        """Return the prompt with all tokens of the video."""

    def inputs(self, clip: torch.Tensor, times: ViewTimes, model: Any) -> Inputs:
        """Return the arguments of the prefill for frames (T, 3, H, W)."""


@dataclass(frozen=True)
class ChatTemplate:
    """The chat template of a folder with one question, and where its video belongs."""

    name: str
    """Name of the model, for messages."""
    tokenizer: Any
    written: str
    """The prompt, in which `place` stands for the video."""
    place: str
    token: str
    """The token that is repeated, once per position of the video."""
    token_id: int

    @classmethod
    def of(
        cls, name: str, tokenizer: Any, question: str, place: str, token_id: int
    ) -> ChatTemplate:
        """Return the template of a tokenizer with one video and one question.

        Raises
        ------
        SettingsError
            If the template does not contain `place` once.

        """
        content = [{"type": "video"}, {"type": "text", "text": question}]
        written = tokenizer.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
        )
        if written.count(place) != 1:
            raise SettingsError(
                f"model {name!r}: its chat template must contain the video token {place!r} once "
                f"(got {written.count(place)} times)."
            )
        token = tokenizer.convert_ids_to_tokens(token_id)
        return cls(name, tokenizer, written, place, token, token_id)

    def tokens(self, text: str) -> list[int]:
        """Return the tokens of a prompt."""
        tokens: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        if tokens.count(self.token_id) != text.count(self.token):
            raise SettingsError(
                f"model {self.name!r}: its tokenizer does not keep the video token {self.token!r} "
                "whole."
            )
        return tokens

    def ids(self, text: str, clip: torch.Tensor) -> torch.Tensor:
        """Return the tokens of a prompt as a batch of one, on the device of the clip."""
        return torch.tensor([self.tokens(text)], device=clip.device)


@dataclass(frozen=True)
class LlavaPrompt:
    """LLaVA-OneVision: patches pooled 2 x 2, and one token that ends the video."""

    chat: ChatTemplate
    per_frame: int

    def text(self, times: ViewTimes) -> str:
        """Return the prompt."""
        count = len(times.seconds) * self.per_frame + 1
        return self.chat.written.replace(self.chat.place, self.chat.token * count)

    def inputs(self, clip: torch.Tensor, times: ViewTimes, model: Any) -> Inputs:
        """Return the prompt's tokens and the frames."""
        return {
            "input_ids": self.chat.ids(self.text(times), clip),
            "pixel_values_videos": clip[None].to(model.dtype),
        }


@dataclass(frozen=True)
class InternVLPrompt:
    """InternVL: every frame is an image with its number in words."""

    chat: ChatTemplate
    per_frame: int
    before: str
    """Token before the positions of a frame."""
    after: str

    def text(self, times: ViewTimes) -> str:
        """Return the prompt."""
        frame = f"{self.before}{self.chat.token * self.per_frame}{self.after}"
        frames = (f"Frame{number + 1}: {frame}" for number in range(len(times.seconds)))
        return self.chat.written.replace(self.chat.place, "\n".join(frames))

    def inputs(self, clip: torch.Tensor, times: ViewTimes, model: Any) -> Inputs:
        """Return the prompt's tokens and the frames."""
        return {
            "input_ids": self.chat.ids(self.text(times), clip),
            "pixel_values": clip.to(model.dtype),
        }


@dataclass(frozen=True)
class QwenPrompt:
    """Qwen2.5-VL and Qwen3-VL: patches of several frames, and positions in time and space."""

    chat: ChatTemplate
    grid: PatchGrid
    stamps: tuple[str, str] | None
    """Qwen3-VL: the tokens around the positions of one time stamp."""

    def text(self, times: ViewTimes) -> str:
        """Return the prompt."""
        rows, per_row = self.grid.rows(len(times.seconds)), self.grid.positions
        if self.stamps is None:
            video = self.chat.token * (rows * per_row)
        else:
            before, after = self.stamps
            run = f"{before}{self.chat.token * per_row}{after}"
            video = "".join(f"<{one:.1f} seconds>{run}" for one in self._stamps(times))
        return self.chat.written.replace(self.chat.place, video)

    def _stamps(self, times: ViewTimes) -> list[float]:
        """Return the mean of the first and last frame's time, of the frames of each patch."""
        depth = self.grid.depth
        seconds = [*times.seconds, *times.seconds[-1:] * (-len(times.seconds) % depth)]
        return [
            (seconds[start] + seconds[start + depth - 1]) / 2
            for start in range(0, len(seconds), depth)
        ]

    def inputs(self, clip: torch.Tensor, times: ViewTimes, model: Any) -> Inputs:
        """Return the prompt's tokens, the patches and the positions."""
        ids = self.chat.ids(self.text(times), clip)
        shape = [self.grid.rows(len(clip)), self.grid.side, self.grid.side]
        interval = torch.tensor(1.0)
        if self.stamps is None:
            rate = model.config.vision_config.tokens_per_second
            interval = rate * torch.tensor(self.grid.depth * times.step)
        is_video = (ids[0] == self.chat.token_id).tolist()
        return {
            "input_ids": ids,
            "pixel_values_videos": lay_out(clip, self.grid).to(model.dtype),
            "video_grid_thw": torch.tensor([shape], device=clip.device),
            "position_ids": rotary_positions(is_video, self.grid, interval).to(clip.device),
        }


def read_prompt(
    name: str, kind: str, tokenizer: Any, config: Any, question: str, size: int
) -> VideoPrompt:
    """Return the prompt of a model's family.

    Parameters
    ----------
    name
        Name of the model, for messages.
    kind
        `model_type` of config.json.
    tokenizer
        Tokenizer with a chat template.
    config
        Config of the model.
    question
        Question about the video.
    size
        Height and width of the frames, pixels.

    Returns
    -------
    VideoPrompt
        Maker of the model's input.

    Raises
    ------
    SettingsError
        If template, tokenizer or config are not as the family needs them.

    """
    vision = config.vision_config
    if kind == "internvl":
        keys = ("start_image_token", "end_image_token", "video_token")
        words: dict[str, str] = {key: getattr(tokenizer, key, None) or "" for key in keys}
        missing = [key for key, token in words.items() if not token]
        if missing:
            raise SettingsError(
                f"model {name!r}: tokenizer_config.json lacks {', '.join(missing)}, which stand "
                "around the frames."
            )
        chat = ChatTemplate.of(
            name, tokenizer, question, words["video_token"], config.image_token_id
        )
        side = int(size // one_side(vision.patch_size) * config.downsample_ratio)
        if side * side != config.image_seq_length:
            raise SettingsError(
                f"model {name!r}: config.json: image_seq_length is {config.image_seq_length}, but "
                f"image_size, patch_size and downsample_ratio give {side * side} positions."
            )
        return InternVLPrompt(
            chat, side * side, words["start_image_token"], words["end_image_token"]
        )
    video = tokenizer.convert_ids_to_tokens(config.video_token_id)
    if kind == "llava_onevision":
        side = math.ceil(size // vision.patch_size / 2)
        chat = ChatTemplate.of(name, tokenizer, question, video, config.video_token_id)
        return LlavaPrompt(chat, side * side)
    grid = PatchGrid.of(vision, size)
    if kind == "qwen2_5_vl":
        chat = ChatTemplate.of(name, tokenizer, question, video, config.video_token_id)
        return QwenPrompt(chat, grid, None)
    before = tokenizer.convert_ids_to_tokens(config.vision_start_token_id)
    after = tokenizer.convert_ids_to_tokens(config.vision_end_token_id)
    place = f"{before}{video}{after}"
    chat = ChatTemplate.of(name, tokenizer, question, place, config.video_token_id)
    return QwenPrompt(chat, grid, (before, after))
