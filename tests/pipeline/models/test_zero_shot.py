"""Zero-shot models: logits are scaled cosines of videos and sentences, from a folder, offline."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from pipeline.errors import SettingsError
from pipeline.models import LoadedModel, load_model, logits

CLASSES = ("moving left", "moving right", "lifting [something], then")
WORDS = ("[pad]", "[eos]", "[unk]", "a", "video", "of", "moving", "left", "right", "lifting",
         "something", ",", "then", "person", ".")  # fmt: skip
SIZE = 16
SMALL = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}


def write_tokenizer(folder: Path) -> None:
    """A tokenizer of words, made here."""
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[unk]"))  # noqa: S106 - a token
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A [eos]", special_tokens=[("[eos]", 1)]
    )
    tokens = {"pad_token": "[pad]", "eos_token": "[eos]", "unk_token": "[unk]"}
    wrapped = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **tokens)
    wrapped.save_pretrained(folder)


def build(kind: str, folder: Path) -> Any:
    """A tiny model of a kind with random weights, saved with tokenizer and processor file."""
    text = SMALL | {"vocab_size": len(WORDS), "max_position_embeddings": 16}
    text |= {"eos_token_id": 1, "pad_token_id": 0, "bos_token_id": 1}
    vision = SMALL | {"image_size": SIZE, "patch_size": 8}
    shared = {"projection_dim": 16} if kind != "siglip" else {}
    if kind == "xclip":
        vision |= {"num_frames": 4, "mit_hidden_size": 16, "mit_intermediate_size": 16}
        vision |= {"mit_num_hidden_layers": 1, "mit_num_attention_heads": 2}
        shared |= {"prompt_layers": 1, "prompt_num_attention_heads": 2}
    name = {"clip": "CLIP", "siglip": "Siglip", "xclip": "XCLIP"}[kind]
    config = getattr(transformers, f"{name}Config")(
        text_config=text, vision_config=vision, **shared
    )
    torch.manual_seed(0)
    model = getattr(transformers, f"{name}Model")(config).eval()
    model.save_pretrained(folder)
    write_tokenizer(folder)
    processor = {
        "image_processor_type": f"{'Siglip' if kind == 'siglip' else 'CLIP'}ImageProcessor",
        "image_mean": [0.5] * 3,
        "image_std": [0.25] * 3,
        "size": {"height": SIZE, "width": SIZE},
        "do_center_crop": False,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return model


def pixels(frames: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(2)
    return torch.randint(0, 256, (2, frames, SIZE, SIZE, 3), dtype=torch.uint8, generator=random)


def loaded(folder: Path, *prompts: str, **settings: Any) -> LoadedModel:
    return load_model(
        str(folder),
        num_classes=len(CLASSES),
        weights=None,
        class_names=CLASSES,
        prompts=prompts,
        **settings,
    )


def tokens(folder: Path, template: str, kind: str) -> dict[str, torch.Tensor]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    names = [name.replace("[", "").replace("]", "") for name in CLASSES]
    padding: dict[str, Any] = {"padding": True}
    if kind == "siglip":
        padding = {"padding": "max_length", "max_length": 16}
    found = tokenizer([template.format(name) for name in names], return_tensors="pt", **padding)
    keys = ["input_ids"] if kind == "siglip" else ["input_ids", "attention_mask"]
    return {key: found[key] for key in keys}


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_one_frame_gives_the_logits_of_the_model_itself(kind: str, tmp_path: Path) -> None:
    model = build(kind, tmp_path)
    ours = loaded(tmp_path, "a video of {}.", input={"frames": 1})
    clip = pixels(1)
    values = (clip[:, 0].permute(0, 3, 1, 2) / 255 - 0.5) / 0.25
    with torch.inference_mode():
        wanted = model(pixel_values=values, **tokens(tmp_path, "a video of {}.", kind))
        found = logits(ours, clip, torch.float32)
    assert torch.allclose(found, wanted.logits_per_image, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_frames_and_templates_are_averaged_as_unit_vectors(kind: str, tmp_path: Path) -> None:
    model = build(kind, tmp_path)
    templates = ("a video of {}.", "a person {}.")
    ours = loaded(tmp_path, *templates)
    assert ours.input.frames == 32
    ours = loaded(tmp_path, *templates, input={"frames": 3})
    clip = pixels(3)
    values = (clip.permute(0, 1, 4, 2, 3) / 255 - 0.5) / 0.25

    def unit(vectors: torch.Tensor) -> torch.Tensor:
        return vectors / vectors.norm(dim=1, keepdim=True)

    with torch.inference_mode():
        frames = [model.get_image_features(pixel_values=values[:, t]) for t in range(3)]
        video = torch.stack([unit(one.pooler_output) for one in frames]).sum(0)
        texts = [model.get_text_features(**tokens(tmp_path, one, kind)) for one in templates]
        text = torch.stack([unit(one.pooler_output) for one in texts]).sum(0)
        cosine = torch.nn.functional.cosine_similarity(video[:, None], text[None], dim=2)
        wanted = model.logit_scale.exp() * cosine + getattr(model, "logit_bias", 0.0)
        found = logits(ours, clip, torch.float32)
    assert torch.allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_x_clip_gives_the_logits_of_the_model_itself(tmp_path: Path) -> None:
    model = build("xclip", tmp_path)
    ours = loaded(tmp_path, "a video of {}.")
    assert ours.input.frames == 4
    clip = pixels(4)
    values = (clip.permute(0, 1, 4, 2, 3) / 255 - 0.5) / 0.25
    with torch.inference_mode():
        wanted = model(pixel_values=values, **tokens(tmp_path, "a video of {}.", "xclip"))
        found = logits(ours, clip, torch.float32)
    assert torch.allclose(found, wanted.logits_per_video, rtol=1e-5, atol=1e-5)


def test_prompts_are_required_checked_and_part_of_the_recipe(tmp_path: Path) -> None:
    build("clip", tmp_path)
    with pytest.raises(SettingsError, match="compares videos with sentences; give `prompts`"):
        loaded(tmp_path)
    with pytest.raises(SettingsError, match=r"need one \{\} for the class name \(got 'a video'\)"):
        loaded(tmp_path, "a video")
    with pytest.raises(SettingsError, match="a sentence has .* tokens, the model takes 16"):
        loaded(tmp_path, "a video of a video of a video of a video of a video {}")
    one, other = loaded(tmp_path, "a video of {}."), loaded(tmp_path, "a person {}.")
    assert one.code["words"] != other.code["words"]


def test_a_classifier_takes_no_prompts(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "videomae"}))
    with pytest.raises(SettingsError, match="is a classifier and takes no prompts and no question"):
        loaded(tmp_path, "a video of {}.")
