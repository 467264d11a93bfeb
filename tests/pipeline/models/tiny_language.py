"""Tiny video language models with random weights, a tokenizer of words and a chat template."""

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

SPECIAL = ("<video>", "<image>", "<img>", "</img>", "<IMG_CONTEXT>",
           "<|vision_start|>", "<|vision_end|>", "<|video_pad|>", "<|image_pad|>")  # fmt: skip
WORDS = ("[pad]", "[eos]", "[unk]", *SPECIAL, "user", "assistant", "what", "is", "it", "doing",
         "moving", "left", "right", "lifting", "something", "up", "then", "<", ">", ".", ":",
         "seconds", "Frame", *"0123456789")  # fmt: skip
IDS = {word: index for index, word in enumerate(WORDS)}
TEMPLATE = (
    "user {%% for one in messages[0].content %%}"
    "{%% if one.type == 'video' %%}%s{%% else %%} {{ one.text }}{%% endif %%}{%% endfor %%}"
    " assistant"
)
VIDEO = {
    "llava_onevision": "<video>",
    "internvl": "<video>\n",
    "qwen2_5_vl": "<|vision_start|><|video_pad|><|vision_end|>",
    "qwen3_vl": "<|vision_start|><|video_pad|><|vision_end|>",
}
SIZE, PATCH = 24, 4

TEXT = {
    "vocab_size": len(WORDS),
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 200,
}
SECTIONS = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
PATCHED = {
    "depth": 2,
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_heads": 2,
    "patch_size": PATCH,
    "temporal_patch_size": 2,
    "spatial_merge_size": 2,
    "out_hidden_size": 16,
}
TOKENS = {
    "image_token_id": IDS["<|image_pad|>"],
    "video_token_id": IDS["<|video_pad|>"],
    "vision_start_token_id": IDS["<|vision_start|>"],
    "vision_end_token_id": IDS["<|vision_end|>"],
}


def _model(kind: str) -> Any:
    if kind == "llava_onevision":
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
        config: Any = transformers.LlavaOnevisionConfig(
            text_config={"model_type": "qwen2", **TEXT},
            vision_config=vision,
            video_token_index=IDS["<video>"],
            image_token_index=IDS["<image>"],
        )
        return transformers.LlavaOnevisionForConditionalGeneration(config)
    if kind == "internvl":
        vision = {
            "image_size": SIZE,
            "patch_size": 6,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
        }
        config = transformers.InternVLConfig(
            text_config={"model_type": "qwen2", **TEXT},
            vision_config=vision,
            image_token_id=IDS["<IMG_CONTEXT>"],
            image_seq_length=4,
        )
        return transformers.InternVLForConditionalGeneration(config)
    if kind == "qwen2_5_vl":
        vision = {**PATCHED, "window_size": 16, "fullatt_block_indexes": [1]}
        text = {**TEXT, "rope_parameters": SECTIONS}
        config = transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision, **TOKENS)
        return transformers.Qwen2_5_VLForConditionalGeneration(config)
    vision = {**PATCHED, "num_position_embeddings": 36, "deepstack_visual_indexes": [0, 1]}
    text = {**TEXT, "head_dim": 8, "rope_parameters": {**SECTIONS, "mrope_interleaved": True}}
    config = transformers.Qwen3VLConfig(text_config=text, vision_config=vision, **TOKENS)
    return transformers.Qwen3VLForConditionalGeneration(config)


def build(kind: str, folder: Path) -> Any:
    """Write the folder of a tiny model of a family; return the model."""
    torch.manual_seed(0)
    model = _model(kind).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.mul_(2.5)  # so that answers differ
    model.save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel(dict(IDS), unk_token=WORDS[2]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)]
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in SPECIAL])
    tokens = {"pad_token": "[pad]", "eos_token": "[eos]", "unk_token": "[unk]"}
    extra = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, **tokens, extra_special_tokens=extra
    )
    wrapped.chat_template = TEMPLATE % VIDEO[kind]
    wrapped.save_pretrained(folder)
    (folder / "video_preprocessor_config.json").write_text(json.dumps(processor(kind)))
    return model


def processor(kind: str) -> dict[str, Any]:
    """Return the video processor file of a family."""
    names = {
        "llava_onevision": "LlavaOnevision",
        "internvl": "InternVL",
        "qwen2_5_vl": "Qwen2VL",
        "qwen3_vl": "Qwen3VL",
    }
    values: dict[str, Any] = {
        "video_processor_type": f"{names[kind]}VideoProcessor",
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    if kind.startswith("qwen"):
        size = {"shortest_edge": 16, "longest_edge": 100_000}
        return values | {
            "patch_size": PATCH,
            "temporal_patch_size": 2,
            "merge_size": 2,
            "size": size,
        }
    return values | {"size": {"height": SIZE, "width": SIZE}}
