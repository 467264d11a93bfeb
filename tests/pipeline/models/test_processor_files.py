"""Pixels reach a model of transformers scaled exactly as its own processor scales them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray

from pipeline.errors import SettingsError
from pipeline.models import load_model, logits
from pipeline.models.processor_files import read_processor

Pixels = NDArray[np.uint8]
Values = NDArray[np.float64]

SIZE, FRAMES = 16, 4
SMALL: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "num_labels": 3,
}
IMAGENET = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
CLIP = (
    np.array([0.48145466, 0.4578275, 0.40821073]),
    np.array([0.26862954, 0.26130258, 0.27577711]),
)


def half(pixels: Pixels) -> Values:
    return np.asarray((pixels / 255 - 0.5) / 0.5)


def imagenet(pixels: Pixels) -> Values:
    return np.asarray((pixels / 255 - IMAGENET[0]) / IMAGENET[1])


def clip(pixels: Pixels) -> Values:
    return np.asarray((pixels / 255 - CLIP[0]) / CLIP[1])


def vivit(pixels: Pixels) -> Values:
    return np.asarray((pixels / 127.5 - 1 - 0.5) / 0.5)


def build(family: str) -> Any:
    """A tiny classifier of a family with random weights."""
    names = {
        "timesformer": ("Timesformer", {"num_frames": FRAMES, "image_size": SIZE, "patch_size": 8}),
        "videomae": (
            "VideoMAE",
            {"num_frames": FRAMES, "image_size": SIZE, "patch_size": 8, "tubelet_size": 2},
        ),
        "vivit": ("Vivit", {"num_frames": FRAMES, "image_size": SIZE, "tubelet_size": [2, 8, 8]}),
        "vjepa2": (
            "VJEPA2",
            {
                "frames_per_clip": FRAMES,
                "crop_size": SIZE,
                "patch_size": 8,
                "pred_hidden_size": 16,
                "pred_num_attention_heads": 2,
                "pred_num_hidden_layers": 1,
                "num_pooler_layers": 1,
            },
        ),
        "videoprism": (
            "VideoPrism",
            {
                "num_frames": FRAMES,
                "image_size": SIZE,
                "tubelet_size": [1, 8, 8],
                "num_spatial_layers": 1,
                "num_temporal_layers": 1,
            },
        ),
    }
    base, sizes = names[family]
    config_name = "VideoPrismVisionConfig" if base == "VideoPrism" else f"{base}Config"
    config = getattr(transformers, config_name)(**(SMALL | sizes))
    torch.manual_seed(0)
    return getattr(transformers, f"{base}ForVideoClassification")(config).eval()


VIDEO = "video_preprocessor_config.json"
IMAGE = "preprocessor_config.json"
SCALED = {"do_rescale": True, "do_normalize": True}
CASES: list[tuple[str, str, dict[str, Any], Callable[[Pixels], Values]]] = [
    # family, file, its content, the formula of the class that the file names
    ("videomae", VIDEO, {"video_processor_type": "VideoMAEVideoProcessor"}, half),
    ("videomae", IMAGE, {"image_processor_type": "VideoMAEImageProcessor"}, half),
    (
        "videomae",
        IMAGE,
        {
            "feature_extractor_type": "VideoMAEFeatureExtractor",
            "image_mean": list(IMAGENET[0]),
            "image_std": list(IMAGENET[1]),
        },
        imagenet,
    ),
    ("timesformer", VIDEO, {"video_processor_type": "TimesformerVideoProcessor"}, imagenet),
    (
        "timesformer",
        IMAGE,
        {
            "image_processor_type": "VideoMAEImageProcessor",
            "image_mean": [0.45] * 3,
            "image_std": [0.225] * 3,
        },
        lambda pixels: np.asarray((pixels / 255 - 0.45) / 0.225),
    ),
    ("vivit", VIDEO, {"video_processor_type": "VivitVideoProcessor"}, vivit),
    (
        "vivit",
        IMAGE,
        {
            "image_processor_type": "VivitImageProcessor",
            "offset": True,
            "rescale_factor": 1 / 127.5,
        },
        vivit,
    ),
    (
        "vivit",
        IMAGE,
        {"image_processor_type": "VivitImageProcessor", "offset": False, "rescale_factor": 1 / 255},
        half,
    ),
    ("vjepa2", VIDEO, {"video_processor_type": "VJEPA2VideoProcessor"}, imagenet),
    ("videoprism", VIDEO, {"video_processor_type": "LlavaOnevisionVideoProcessor"}, clip),
    (
        "videoprism",
        IMAGE,
        {"image_processor_type": "CLIPImageProcessor", "do_normalize": False},
        lambda pixels: np.asarray(pixels / 255),
    ),
    (
        "videomae",
        VIDEO,
        {"video_processor_type": "VideoMAEVideoProcessor", "do_rescale": False},
        lambda pixels: np.asarray((pixels - 0.5) / 0.5),
    ),
    (
        "videomae",
        VIDEO,
        {
            "video_processor_type": "VideoMAEVideoProcessor",
            "do_rescale": False,
            "do_normalize": False,
        },
        lambda pixels: pixels.astype(np.float64),
    ),
    ("vivit", VIDEO, {"rescale_factor": 1 / 127.5}, vivit),
]


def pixels() -> Pixels:
    random = np.random.default_rng(3)
    return random.integers(0, 256, (2, FRAMES, SIZE, SIZE, 3), dtype=np.uint8)


def answer(folder: Path) -> torch.Tensor:
    model = load_model(str(folder), num_classes=3, weights=None)
    with torch.inference_mode():
        return logits(model, torch.from_numpy(pixels()), torch.float32)


def expected(model: Any, formula: Callable[[Pixels], Values]) -> torch.Tensor:
    values = torch.from_numpy(formula(pixels())).float().permute(0, 1, 4, 2, 3)
    with torch.inference_mode():
        out: torch.Tensor = model(values).logits
    return out.reshape(2, 3)


@pytest.mark.parametrize(
    ("family", "file", "content", "formula"),
    CASES,
    ids=[f"{number}-{family}" for number, (family, *_) in enumerate(CASES)],
)
def test_logits_are_those_of_the_processor_s_formula(
    family: str,
    file: str,
    content: dict[str, Any],
    formula: Callable[[Pixels], Values],
    tmp_path: Path,
) -> None:
    model = build(family)
    model.save_pretrained(tmp_path)
    geometry = {"crop_size": {"height": SIZE, "width": SIZE}, "do_center_crop": True}
    (tmp_path / file).write_text(json.dumps(geometry | content))
    wanted = expected(model, formula)
    scale = float(wanted.abs().max())
    assert torch.allclose(answer(tmp_path), wanted, rtol=1e-5, atol=1e-5 * scale)


def test_every_family_of_transformers_is_covered() -> None:
    from transformers.models.auto import modeling_auto

    covered = {getattr(build(family).config, "model_type") for family, *_ in CASES}  # noqa: B009
    assert covered == set(modeling_auto.MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING_NAMES)


def test_the_formula_of_vivit_is_that_of_its_image_processor() -> None:
    processor = transformers.VivitImageProcessor(do_resize=False, do_center_crop=False)
    video = [list(pixels()[0])]
    theirs = processor(video, return_tensors="np")["pixel_values"][0]
    assert np.allclose(theirs, vivit(pixels()[0]).transpose(0, 3, 1, 2), atol=1e-5)


def test_a_model_saved_with_its_processor_inside_processor_config(tmp_path: Path) -> None:
    model = build("videomae")
    model.save_pretrained(tmp_path)
    inner = {"video_processor_type": "VideoMAEVideoProcessor", "crop_size": SIZE}
    content = {"processor_class": "X", "video_processor": inner}
    (tmp_path / "processor_config.json").write_text(json.dumps(content))
    # The older file of images is not the one that transformers uses then.
    older = {"image_processor_type": "CLIPImageProcessor", "crop_size": SIZE}
    (tmp_path / IMAGE).write_text(json.dumps(older))
    assert torch.allclose(answer(tmp_path), expected(model, half), rtol=1e-5, atol=1e-6)


def test_half_precision_checkpoints_are_computed_in_float32(tmp_path: Path) -> None:
    model = build("videomae").half()
    model.save_pretrained(tmp_path)
    (tmp_path / VIDEO).write_text(json.dumps({"crop_size": SIZE}))
    loaded = load_model(str(tmp_path), num_classes=3, weights=None)
    assert {value.dtype for value in loaded.module.parameters()} == {torch.float32}
    assert torch.allclose(answer(tmp_path), expected(model.float(), half), rtol=1e-5, atol=1e-6)


def read(content: dict[str, Any], folder: Path, model_type: str = "videomae") -> Any:
    path = folder / VIDEO
    path.write_text(json.dumps(content))
    return read_processor("m", {VIDEO: path}, model_type)


REFUSED = [
    ({"do_flip_channel_order": True}, "unknown field 'do_flip_channel_order'"),
    ({"do_pad": True}, "unknown field 'do_pad'"),
    ({"video_processor_type": "Qwen2VLVideoProcessor"}, "unknown processor class 'Qwen2VLVideo"),
    ({"image_mean": [0.5, 0.5]}, r"image_mean must be three numbers \(got \[0.5, 0.5\]\)"),
    ({"image_std": [0, 1, 1]}, "must be above 0"),
    ({"rescale_factor": "1/255"}, "rescale_factor must be a number"),
    ({"do_rescale": "no"}, "do_rescale must be true or false"),
    ({"offset": True}, "VideoMAEVideoProcessor has no offset"),
    ({"video_processor_type": "VivitVideoProcessor", "offset": False}, "always shifts by -1"),
    (
        {"image_processor_type": "VivitImageProcessor", "offset": True, "do_rescale": False},
        "offset needs do_rescale",
    ),
]


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_a_field_that_is_not_understood_is_refused(
    content: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=rf"'m': {VIDEO}: .*{message}"):
        read(content, tmp_path)


def test_files_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    one, other = tmp_path / VIDEO, tmp_path / "processor_config.json"
    one.write_text(json.dumps({"image_mean": [0.1] * 3}))
    other.write_text(json.dumps({"video_processor": {"image_mean": [0.2] * 3}}))
    files = {one.name: one, other.name: other}
    with pytest.raises(SettingsError, match="contradict each other: .*0.1.*0.2.*input.mean"):
        read_processor("m", files, "videomae")
    other.write_text(json.dumps({"video_processor": {"image_mean": 0.1}}))
    found = read_processor("m", files, "videomae")
    assert found is not None
    assert found.mean == (0.1,) * 3


def test_a_folder_without_processor_file_asks_for_input(tmp_path: Path) -> None:
    model = build("videomae")
    model.save_pretrained(tmp_path)
    with pytest.raises(SettingsError, match=r"no processor file .*give input.mean, input.std"):
        load_model(str(tmp_path), num_classes=3, weights=None)
    given = {"mean": [0.5] * 3, "std": [0.5] * 3}
    loaded = load_model(str(tmp_path), num_classes=3, weights=None, input=given)
    with torch.inference_mode():
        out = logits(loaded, torch.from_numpy(pixels()), torch.float32)
    assert torch.allclose(out, expected(model, half), rtol=1e-5, atol=1e-6)


def test_sizes_and_frames_that_contradict_the_config_are_refused(tmp_path: Path) -> None:
    build("vjepa2").save_pretrained(tmp_path)
    (tmp_path / VIDEO).write_text(json.dumps({"crop_size": 256}))
    with pytest.raises(SettingsError, match=f"crops to 256 px, but config.json says {SIZE}"):
        load_model(str(tmp_path), num_classes=3, weights=None)
    (tmp_path / VIDEO).write_text(json.dumps({"crop_size": SIZE}))
    for key, value in (("size", 32), ("frames", 8)):
        with pytest.raises(SettingsError, match=f"input.{key} is {value}, but config.json says"):
            load_model(str(tmp_path), num_classes=3, weights=None, input={key: value})
