"""Loading of models of transformers whose classes are words: zero-shot and language models."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import transformers

from ..errors import SettingsError
from ..messages import one_line
from . import language, zero_shot
from .external import ExternalModel, Request, weights_hash
from .hugging_face import config_hash, input_of, processor_files
from .spec import BENCHMARK_FRAMES


def read_in_words(request: Request, kind: str) -> ExternalModel:
    """Load a model from a folder, with sentences or answers for the classes.

    Parameters
    ----------
    request
        Folder, class names, and `prompts` (CLIP, SigLIP, X-CLIP) or `question` (LLaVA-OneVision).
    kind
        `model_type` of the folder's config.json.

    Returns
    -------
    ExternalModel
        A module from frames (N, T, 3, H, W) to logits (N, classes), in class order.

    Raises
    ------
    SettingsError
        If the folder cannot be loaded, or prompts or question are missing or do not fit.

    """
    answers = kind in language.KINDS
    if answers and (request.prompts or not request.question):
        raise SettingsError(
            f'model {request.name!r} answers in words; give a `question`, such as "What is the '
            'person doing?", and no `prompts`.'
        )
    if not answers and request.question:
        raise SettingsError(
            f"model {request.name!r} compares videos with sentences; give `prompts` in place of "
            "the question."
        )
    if not answers:
        zero_shot.sentences(request.name, request.prompts, request.class_names)
    model = _model(request.name, answers)
    vision = model.config.vision_config
    if kind != "xclip":  # any number of frames
        vision.num_frames = request.input.get("frames", BENCHMARK_FRAMES)
    vision.model_type = kind
    spec = input_of(request, vision, processor_files(request.name, local=True))
    wrap = _answering if answers else _comparing
    module, words = wrap(request, kind, model)
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
    )


def _model(name: str, answers: bool) -> Any:
    kind: Any = transformers.AutoModelForImageTextToText if answers else transformers.AutoModel
    try:
        model, report = kind.from_pretrained(
            name, local_files_only=True, output_loading_info=True, dtype="float32"
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise SettingsError(
            f"model {name!r} cannot be loaded by transformers: {one_line(error)}"
        ) from error
    wrong = {key: sorted(map(str, keys)) for key, keys in report.items() if keys}
    if wrong:
        raise SettingsError(f"model {name!r}: its weights do not fit its config: {wrong}.")
    return model.eval()


def _comparing(request: Request, kind: str, model: Any) -> tuple[Any, str]:
    texts = zero_shot.sentences(request.name, request.prompts, request.class_names)
    length = model.config.text_config.max_position_embeddings
    folder = Path(request.name)
    tokens = [zero_shot.tokenize(request.name, folder, kind, some, length) for some in texts]
    wrapper = zero_shot.VideoTextLogits if kind == "xclip" else zero_shot.ImageTextLogits
    listed = [{key: value.tolist() for key, value in one.items()} for one in tokens]
    return wrapper(model, tokens), repr((texts, listed))


def _answering(request: Request, _: str, model: Any) -> tuple[Any, str]:
    name, config = request.name, model.config
    tokenizer = language.load_tokenizer(name, Path(name))
    frames = config.vision_config.num_frames
    prompt = language.prompt_tokens(name, tokenizer, config, request.question or "", frames)
    answers = language.answer_tokens(tokenizer, request.class_names)
    needed = len(prompt) + max(map(len, answers))
    if needed > config.text_config.max_position_embeddings:
        raise SettingsError(
            f"model {name!r}: video, question and answer are {needed} tokens, the model takes "
            f"{config.text_config.max_position_embeddings}; lower input.frames."
        )
    return language.AnswerLikelihood(model, prompt, answers), repr((prompt, answers))
