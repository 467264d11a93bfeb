"""Loading of models of transformers whose classes are words: zero-shot and language models."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import transformers

from ..errors import SettingsError
from ..io.hashing import sha256_file
from ..messages import one_line
from . import language, zero_shot
from .external import ExternalModel, Request, weights_hash
from .hugging_face import TORCH_NAMES, config_hash, input_of, processor_files
from .patches import DEFAULTS, check_patches, one_side, resized_side
from .processor_files import read_processor
from .spec import BENCHMARK_FRAMES, BENCHMARK_SIZE, InputSpec
from .video_prompts import read_prompt
from .view_times import ViewTimes


def read_in_words(request: Request, kind: str) -> ExternalModel:
    """Load a model from a folder, with sentences or answers for the classes.

    Parameters
    ----------
    request
        Folder, class names, and `prompts` (CLIP, SigLIP, X-CLIP) or `question` (video language
        models, whose `prompts` may be one template of the answer).
    kind
        `model_type` of the folder's config.json.

    Returns
    -------
    ExternalModel
        A module from frames (N, T, 3, H, W) to logits (N, classes), in class order. That of a
        video language model takes their times as well.

    Raises
    ------
    SettingsError
        If the folder cannot be loaded, or prompts or question are missing or do not fit.

    """
    answers = kind in language.KINDS
    if answers and not request.question:
        raise SettingsError(
            f'model {request.name!r} answers in words; give a `question`, such as "What is the '
            'person doing?".'
        )
    if answers and (len(request.prompts) > 1 or any(p.count("{}") != 1 for p in request.prompts)):
        raise SettingsError(
            f"model {request.name!r} answers in words; `prompts` is at most one template of the "
            f"answer, with one {{}} for the class name (got {list(request.prompts)})."
        )
    if not answers and request.question:
        raise SettingsError(
            f"model {request.name!r} compares videos with sentences; give `prompts` in place of "
            "the question."
        )
    if not answers:
        zero_shot.sentences(request.name, request.prompts, request.class_names)
    model = _model(request, answers)
    spec = _input(request, kind, model.config)
    if spec is None:
        raise SettingsError(
            f"model {request.name!r}: config.json does not say the size of its pictures; give "
            "input.size in params.yaml."
        )
    module, words = (
        _answering(request, kind, model, spec) if answers else _comparing(request, kind, model)
    )
    return ExternalModel(
        module,
        spec,
        weights_hash(model),
        labels=request.class_names,
        code={
            "transformers": transformers.__version__,
            "config": config_hash(model.config),
            "words": hashlib.sha256(words.encode()).hexdigest(),
        },
        in_words=True,
        timed=answers,
    )


def _model(request: Request, answers: bool) -> Any:
    name = request.name
    kind: Any = transformers.AutoModelForImageTextToText if answers else transformers.AutoModel
    try:
        model, report = kind.from_pretrained(
            name,
            local_files_only=True,
            output_loading_info=True,
            dtype=TORCH_NAMES[request.dtype],
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise SettingsError(
            f"model {name!r} cannot be loaded by transformers: {one_line(error)}"
        ) from error
    wrong = {key: sorted(map(str, keys)) for key, keys in report.items() if keys}
    if wrong:
        raise SettingsError(f"model {name!r}: its weights do not fit its config: {wrong}.")
    return model.eval()


def _input(request: Request, kind: str, config: Any) -> InputSpec | None:
    """Return the input by config, processor file and params.yaml."""
    vision = config.vision_config
    shown = SimpleNamespace(model_type=kind)
    if hasattr(vision, "image_size"):
        shown.image_size = vision.image_size
    if kind == "xclip":
        shown.num_frames = vision.num_frames
    else:  # any number of frames
        shown.num_frames = request.input.get("frames", BENCHMARK_FRAMES)
    files = processor_files(request.name, local=True)
    if kind in DEFAULTS:
        shown.image_size = _patched_size(request, kind, vision, shown.num_frames, files)
    return input_of(request, shown, files)


def _patched_size(
    request: Request, kind: str, vision: Any, frames: int, files: dict[str, Path]
) -> int:
    """Return the size of the pictures of Qwen's models, by the formula of their processor."""
    depth = one_side(vision.temporal_patch_size)
    if frames < depth:
        raise SettingsError(
            f"model {request.name!r} takes at least {depth} frames (got input.frames = {frames})."
        )
    replaced = "mean" in request.input and "std" in request.input
    processor = None if replaced else read_processor(request.name, files, kind)
    fields = {} if processor is None else processor.fields
    where = f"model {request.name!r}: {'the defaults' if processor is None else processor.file}"
    check_patches(where, kind, fields, vision)
    size: int = request.input.get("size", BENCHMARK_SIZE)
    resized = resized_side(kind, fields, frames, size)
    if fields.get("do_resize") is False:
        factor = one_side(vision.patch_size) * vision.spatial_merge_size
        resized = size // factor * factor
    if "size" in request.input and resized != size:
        raise SettingsError(
            f"{where} resizes {size} x {size} px to {resized} x {resized}; set input.size to "
            f"{resized} or remove it."
        )
    return resized


def _comparing(request: Request, kind: str, model: Any) -> tuple[Any, str]:
    texts = zero_shot.sentences(request.name, request.prompts, request.class_names)
    length = model.config.text_config.max_position_embeddings
    folder = Path(request.name)
    tokens = [zero_shot.tokenize(request.name, folder, kind, some, length) for some in texts]
    wrapper = zero_shot.VideoTextLogits if kind == "xclip" else zero_shot.ImageTextLogits
    listed = [{key: value.tolist() for key, value in one.items()} for one in tokens]
    return wrapper(model, tokens), repr((texts, listed))


def _answering(request: Request, kind: str, model: Any, spec: InputSpec) -> tuple[Any, str]:
    name, config = request.name, model.config
    layers = set(getattr(config.text_config, "layer_types", None) or ()) - {"full_attention"}
    if layers:
        raise SettingsError(
            f"model {name!r}: its language model has layers of {', '.join(sorted(layers))}; only "
            "those of full attention are supported."
        )
    tokenizer = language.load_tokenizer(name, Path(name))
    prompt = read_prompt(name, kind, tokenizer, config, request.question or "", spec.size)
    template = request.prompts[0] if request.prompts else "{}"
    answers = language.answer_tokens(name, tokenizer, template, request.class_names)
    longest = ViewTimes(tuple(9999.5 + index for index in range(spec.frames)), 1.0)
    tokens = prompt.chat.tokens(prompt.text(longest))
    needed = len(tokens) + max(map(len, answers))
    if needed > config.text_config.max_position_embeddings:
        raise SettingsError(
            f"model {name!r}: video, question and answer are {needed} tokens, the model takes "
            f"{config.text_config.max_position_embeddings}; lower input.frames."
        )
    file = Path(name) / "tokenizer.json"
    tokenizer_hash = sha256_file(file) if file.is_file() else ""
    words = repr((prompt.chat.written, tokens, answers, tokenizer_hash))
    return language.AnswerLikelihood(model, prompt, answers), words
