"""Models that answer in words: one prefill and a shared cache equal full forward passes."""

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers.models.qwen3_vl.processing_qwen3_vl import Qwen3VLProcessor
from transformers.video_utils import VideoMetadata

from pipeline.errors import SettingsError
from pipeline.models import LoadedModel, language, load_model, logits
from pipeline.models.patches import PatchGrid, rotary_positions
from pipeline.models.view_times import ViewTimes
from tests.pipeline.models.tiny_language import IDS, PATCH, SIZE, build
from tests.support.processor_source import function

CLASSES = ("moving", "moving left", "lifting [something] up", "moving left then right")
ANSWERS = ("moving", "moving left", "lifting something up", "moving left then right")
KINDS = ("llava_onevision", "internvl", "qwen2_5_vl", "qwen3_vl")
FRAMES = 5
TIMES = (
    ViewTimes((0.0, 0.1, 0.2, 0.3, 0.4), 0.1),
    ViewTimes((0.0, 0.15, 0.3, 0.45, 0.6), 0.15),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Any]]:
    """A folder and the model of each family."""
    made = {kind: tmp_path_factory.mktemp(kind) for kind in KINDS}
    return {kind: (folder, build(kind, folder)) for kind, folder in made.items()}


def loaded(folder: Path, **settings: Any) -> LoadedModel:
    size = {"size": SIZE} if "qwen" in folder.name else {}
    return load_model(
        str(folder),
        num_classes=len(CLASSES),
        weights=None,
        **{
            "class_names": CLASSES,
            "question": "what is it doing",
            "input": {"frames": FRAMES, **size},
            **settings,
        },
    )


def pixels() -> torch.Tensor:
    shape, random = (2, FRAMES, SIZE, SIZE, 3), torch.Generator().manual_seed(1)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=random)


def ids(text: str) -> list[int]:
    return [IDS[word] for word in text.split()]


def prompt(kind: str, times: ViewTimes) -> list[int]:
    """The tokens of video and question as the processor of the family writes them."""
    if kind == "llava_onevision":  # 2 x 2 pooled patches per frame, and the end of the video
        video = "<video> " * (FRAMES * 4 + 1)
    elif kind == "internvl":
        frame = "Frame {} : <img> " + "<IMG_CONTEXT> " * 4 + "</img> "
        video = "".join(frame.format(number + 1) for number in range(FRAMES))
    elif kind == "qwen2_5_vl":  # 5 frames are 3 pairs, of 3 x 3 merged patches each
        video = "<|vision_start|> " + "<|video_pad|> " * 27 + "<|vision_end|> "
    else:
        indices = [round(second * 20) for second in times.seconds]
        stamps = Qwen3VLProcessor._calculate_timestamps(None, indices, 20, 2)
        run = "seconds > <|vision_start|> " + "<|video_pad|> " * 9 + "<|vision_end|> "
        video = "".join(f"< {' '.join(f'{stamp:.1f}')} {run}" for stamp in stamps)
    return ids(f"user {video} what is it doing assistant")


def arguments(kind: str, clip: torch.Tensor, tokens: list[int], times: ViewTimes) -> dict[str, Any]:
    """What the processor of the family gives to the model with these tokens."""
    found: dict[str, Any] = {"input_ids": torch.tensor([tokens])}
    if kind == "llava_onevision":
        return {**found, "pixel_values_videos": clip[None]}
    if kind == "internvl":
        return {**found, "pixel_values": clip}
    module = "qwen2_vl" if kind == "qwen2_5_vl" else "qwen3_vl"
    patchify = function(f"{module}/video_processing_{module}.py", "patchify")
    patches, *grid = patchify(None, clip[None], PATCH, 2, 2)
    found["pixel_values_videos"] = patches[0]
    found["video_grid_thw"] = torch.tensor([grid])
    found["mm_token_type_ids"] = 2 * (found["input_ids"] == IDS["<|video_pad|>"]).int()
    if kind == "qwen2_5_vl":
        shown = VideoMetadata(
            total_num_frames=FRAMES, fps=1 / times.step, frames_indices=[0] * FRAMES
        )
        found["second_per_grid_ts"] = torch.tensor([2 / shown.sampled_fps])
    return found


def full_passes(kind: str, model: Any, times: Sequence[ViewTimes]) -> torch.Tensor:
    """The log-likelihoods of the answers, each from a forward pass over prompt and answer."""
    values = (pixels().permute(0, 1, 4, 2, 3) / 255 - 0.5) / 0.5
    found = torch.empty(len(values), len(ANSWERS))
    for number, (clip, shown) in enumerate(zip(values, times, strict=True)):
        before = prompt(kind, shown)
        for index, text in enumerate(ANSWERS):
            answer = [*ids(text), IDS["[eos]"]]
            with torch.inference_mode():
                out = model(**arguments(kind, clip, before + answer, shown)).logits[0]
            logs = out.log_softmax(-1)
            places = range(len(before) - 1, len(before) + len(answer) - 1)
            found[number, index] = sum(
                logs[place, token] for place, token in zip(places, answer, strict=True)
            )
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk", [512, 4])
def test_likelihoods_equal_those_of_full_forward_passes(
    chunk: int,
    kind: str,
    folders: dict[str, tuple[Path, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(language, "CHUNK", chunk)
    folder, model = folders[kind]
    wanted = full_passes(kind, model, TIMES)
    with torch.inference_mode():
        found = logits(loaded(folder), pixels(), torch.float32, TIMES)
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(wanted[0], wanted[1], atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_only_models_with_a_clock_depend_on_times(
    kind: str, folders: dict[str, tuple[Path, Any]]
) -> None:
    model = loaded(folders[kind][0])
    with torch.inference_mode():
        one, other = (logits(model, pixels()[:1], torch.float32, [times]) for times in TIMES)
    assert torch.equal(one, other) == (kind in ("llava_onevision", "internvl"))


def test_half_precision_is_close_and_in_the_hash_of_the_weights(
    folders: dict[str, tuple[Path, Any]],
) -> None:
    folder = folders["qwen3_vl"][0]
    whole, half = loaded(folder), loaded(folder, dtype="bf16")
    assert next(half.module.parameters()).dtype == half.torch_dtype == torch.bfloat16
    assert whole.weights_sha256 != half.weights_sha256
    with torch.inference_mode():
        wanted = logits(whole, pixels(), torch.float32, TIMES)
        found = logits(half, pixels(), torch.bfloat16, TIMES)
    assert found.dtype == torch.float32
    assert torch.allclose(found, wanted, rtol=0.1, atol=1)


def test_question_and_template_of_the_answer_are_part_of_the_recipe(
    folders: dict[str, tuple[Path, Any]],
) -> None:
    folder = folders["llava_onevision"][0]
    with pytest.raises(SettingsError, match="answers in words; give a `question`"):
        loaded(folder, question=None)
    with pytest.raises(SettingsError, match="at most one template of the answer, with one {}"):
        loaded(folder, prompts=["it is {}", "{}"])
    one = loaded(folder)
    others = [loaded(folder, question="what is moving"), loaded(folder, prompts=["it is {}"])]
    assert len({model.code["words"] for model in (one, *others)}) == 3
    assert one.input.frames == FRAMES


def test_labels_are_refused_since_the_outputs_are_the_classes(
    folders: dict[str, tuple[Path, Any]], tmp_path: Path
) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(reversed(CLASSES)) + "\n")
    with pytest.raises(SettingsError, match="gets the classes as words, .* remove labels"):
        loaded(folders["internvl"][0], labels=labels)


def test_answers_that_the_tokenizer_cannot_tell_apart_are_refused(
    folders: dict[str, tuple[Path, Any]],
) -> None:
    names = ("jogging", "skating", "moving", "lifting")
    with pytest.raises(SettingsError, match="cannot tell the answers 'jogging' and 'skating'"):
        loaded(folders["internvl"][0], class_names=names)


def test_a_video_that_does_not_fit_is_refused(folders: dict[str, tuple[Path, Any]]) -> None:
    with pytest.raises(SettingsError, match="tokens, the model takes 200; lower input.frames"):
        loaded(folders["internvl"][0], input={"frames": 32})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"merge_size": 1}, "merge_size is 1, but vision_config.spatial_merge_size .* is 2"),
        ({"size": {"height": 24}}, "size must have shortest_edge and longest_edge"),
        ({"max_video_tokens": "all"}, "max_video_tokens must be a whole number"),
        ({"sharpen": True}, "unknown field 'sharpen'"),
        (
            {"size": {"shortest_edge": 10_000, "longest_edge": 100_000}},
            "to 48 x 48; set input.size",
        ),
    ],
)
def test_processor_fields_that_contradict_the_model_are_refused(
    fields: dict[str, Any], message: str, folders: dict[str, tuple[Path, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "qwen3_vl"
    folder.mkdir()
    for file in folders["qwen3_vl"][0].iterdir():
        (folder / file.name).hardlink_to(file)
    path = folder / "video_preprocessor_config.json"
    values = json.loads(path.read_text()) | fields
    path.unlink()
    path.write_text(json.dumps(values))
    with pytest.raises(SettingsError, match=message):
        loaded(folder)


def test_a_folder_without_chat_template_is_refused(tmp_path: Path) -> None:
    build("llava_onevision", tmp_path)
    (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(SettingsError, match="has no chat template"):
        loaded(tmp_path)


def test_text_after_a_long_video_continues_from_its_last_position() -> None:
    grid = PatchGrid(PATCH, 2, 2, 4)
    found = rotary_positions([False, *[True] * 12, False], grid, 4.5)[:, 0]
    assert found[0].tolist() == [0, *[1] * 4, *[5] * 4, *[10] * 4, 11]
    assert found[1].tolist() == [0, *[1, 1, 2, 2] * 3, 11]
    assert found[2].tolist() == [0, *[1, 2] * 6, 11]


def test_frames_that_are_no_whole_time_apart_keep_the_processors_rate() -> None:
    shown = VideoMetadata(total_num_frames=301, fps=29.97, frames_indices=list(range(32)))
    step = float(Fraction(301, 32) / Fraction(2997, 100))
    assert 1 / step == pytest.approx(shown.sampled_fps, rel=1e-12)
