"""Models that answer in words: one prefill and a shared cache equal full forward passes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from pipeline.errors import SettingsError
from pipeline.models import LoadedModel, language, load_model, logits

CLASSES = ("moving", "moving left", "lifting [something] up", "moving left then right")
WORDS = ("[pad]", "[eos]", "[unk]", "<video>", "<image>", "user", "assistant", "what", "is", "it",
         "doing", "moving", "left", "right", "lifting", "something", "up", "then")  # fmt: skip
TEMPLATE = (
    "user {% for one in messages[0].content %}"
    "{% if one.type == 'video' %}<video>{% else %} {{ one.text }}{% endif %}{% endfor %} assistant"
)
FRAMES, SIZE = 3, 24


def build(folder: Path) -> Any:
    """A tiny LLaVA-OneVision with random weights, a tokenizer of words and a chat template."""
    text = {
        "model_type": "qwen2",
        "vocab_size": len(WORDS),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 64,
    }
    vision = {
        "model_type": "siglip_vision_model",
        "image_size": SIZE,
        "patch_size": 8,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "vision_use_head": False,
    }
    config = transformers.LlavaOnevisionConfig(
        text_config=text, vision_config=vision, video_token_index=3, image_token_index=4
    )
    torch.manual_seed(0)
    model = transformers.LlavaOnevisionForConditionalGeneration(config).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.mul_(5)  # so that answers differ
    model.save_pretrained(folder)
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=WORDS[2]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken("<video>"), AddedToken("<image>")])
    tokens = {"pad_token": "[pad]", "eos_token": "[eos]", "unk_token": "[unk]"}
    wrapped = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **tokens)
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(folder)
    processor = {
        "video_processor_type": "LlavaOnevisionVideoProcessor",
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "size": {"height": SIZE, "width": SIZE},
    }
    (folder / "video_preprocessor_config.json").write_text(json.dumps(processor))
    return model


def loaded(folder: Path, **settings: Any) -> LoadedModel:
    question = {"question": "what is it doing"} | settings
    return load_model(
        str(folder),
        num_classes=len(CLASSES),
        weights=None,
        class_names=CLASSES,
        input={"frames": FRAMES},
        **question,
    )


def pixels() -> torch.Tensor:
    shape, random = (2, FRAMES, SIZE, SIZE, 3), torch.Generator().manual_seed(1)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=random)


@pytest.mark.parametrize("chunk", [32, 3])
def test_likelihoods_equal_those_of_full_forward_passes(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "CHUNK", chunk)
    model = build(tmp_path)
    # user, 3 frames of 2 x 2 pooled patches and the end of the video, the question, assistant
    prompt = [5, *[3] * (FRAMES * 4 + 1), 7, 8, 9, 10, 6]
    answers = [[11, 1], [11, 12, 1], [14, 15, 16, 1], [11, 12, 17, 13, 1]]
    values = (pixels().permute(0, 1, 4, 2, 3) / 255 - 0.5) / 0.5
    wanted = torch.empty(2, len(answers))
    with torch.inference_mode():
        for number, clip in enumerate(values):
            for index, answer in enumerate(answers):
                ids = torch.tensor([prompt + answer])
                out = model(input_ids=ids, pixel_values_videos=clip[None]).logits[0].log_softmax(-1)
                places = range(len(prompt) - 1, len(prompt) + len(answer) - 1)
                wanted[number, index] = sum(
                    out[place, token] for place, token in zip(places, answer, strict=True)
                )
        found = logits(loaded(tmp_path), pixels(), torch.float32)
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(wanted[0], wanted[1], atol=1e-3)


def test_the_question_is_required_and_part_of_the_recipe(tmp_path: Path) -> None:
    build(tmp_path)
    with pytest.raises(SettingsError, match="answers in words; give a `question`"):
        loaded(tmp_path, question=None)
    one, other = loaded(tmp_path), loaded(tmp_path, question="what is moving")
    assert one.code["words"] != other.code["words"]
    assert one.input.frames == FRAMES


def test_a_video_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    build(tmp_path)
    with pytest.raises(SettingsError, match="tokens, the model takes 64; lower input.frames"):
        load_model(
            str(tmp_path),
            num_classes=len(CLASSES),
            weights=None,
            class_names=CLASSES,
            question="what is it doing",
        )


def test_a_folder_without_chat_template_is_refused(tmp_path: Path) -> None:
    build(tmp_path)
    (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(SettingsError, match="has no chat template"):
        loaded(tmp_path)
