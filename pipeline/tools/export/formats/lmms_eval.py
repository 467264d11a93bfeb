"""lmms-eval: task YAMLs and JSONLs with exact label and multiple choice, for --include_path."""

import json
from collections.abc import Callable
from typing import Any

import yaml

from ....datasets.choices import LETTER
from ..questions import Question, choice_question, label_question
from ..selection import CLEAN, ExportCell, ExportClip
from ..task import Export
from ..videos import FOLDER as FOLDER
from ..videos import UNIT as UNIT
from ..videos import path
from ..videos import write_shard as write_shard

KINDS: dict[str, Callable[[Export, ExportClip], Question]] = {
    "label": label_question,
    "choice": choice_question,
}

MAX_NEW_TOKENS = {"label": 64, "choice": 16}

FIRST = {"function": "take_first"}
FILTERS = {
    "label": [{"function": "remove_whitespace"}, FIRST],
    "choice": [{"function": "regex", "regex_pattern": LETTER}, FIRST],
}


def index(export: Export) -> dict[str, str]:
    """Return the tasks of every cell, and one group per kind whose score is the mPC of its cells.

    The paths of videos and of JSONL files are absolute, since lmms-eval resolves relative ones
    against its working directory. A second export into the folder writes them again.
    """
    texts = {}
    for kind, ask in KINDS.items():
        names = {cell: f"{export.dataset}_{cell.name}_{kind}" for cell in export.cells}
        for cell, name in names.items():
            data = f"lmms_eval/{cell.split}/{name}.jsonl"
            texts[data] = "".join(
                json.dumps(_document(export, cell, clip, ask(export, clip))) + "\n"
                for clip in cell.clips
            )
            task = _task(export, cell, name, kind, data)
            texts[f"lmms_eval/{cell.split}/{name}.yaml"] = _as_yaml(task)
        corrupted = [name for cell, name in names.items() if cell.corruption != CLEAN]
        if corrupted:
            split = export.cells[0].split
            group = _group(f"{export.dataset}_mpc_{kind}", corrupted)
            texts[f"lmms_eval/{split}/{export.dataset}_mpc_{kind}.yaml"] = _as_yaml(group)
    return texts


def _document(
    export: Export, cell: ExportCell, clip: ExportClip, question: Question
) -> dict[str, Any]:
    return {
        "dataset": export.dataset,
        "key": clip.key,
        "corruption": cell.corruption,
        "severity": cell.severity,
        "label": export.classes[clip.label],
        "video": str(export.folder.resolve() / path(cell, clip)),
        "question": question.text,
        "answer": question.answer,
        "choices": list(question.choices),
    }


def _task(export: Export, cell: ExportCell, name: str, kind: str, data: str) -> dict[str, Any]:
    return {
        "task": name,
        "tag": f"{export.dataset}_{kind}",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {cell.split: str(export.folder.resolve() / data)}},
        "test_split": cell.split,
        "output_type": "generate_until",
        "doc_to_visual": "video",
        "doc_to_text": "question",
        "doc_to_target": "answer",
        "generation_kwargs": {
            "max_new_tokens": MAX_NEW_TOKENS[kind],
            "temperature": 0,
            "do_sample": False,
        },
        "filter_list": [{"name": "answer", "filter": FILTERS[kind]}],
        "metric_list": [
            {
                "metric": "exact_match",
                "aggregation": "mean",
                "higher_is_better": True,
                "ignore_case": True,
                "ignore_punctuation": True,
            }
        ],
        "metadata": {"version": 1.0},
    }


def _group(name: str, tasks: list[str]) -> dict[str, Any]:
    """Return a group; the mean over cells of equal weight is the mean over corruptions."""
    return {
        "group": name,
        "task": tasks,
        "aggregate_metric_list": [
            {
                "metric": "exact_match",
                "aggregation": "mean",
                "weight_by_size": False,
                "filter_list": "answer",
            }
        ],
        "metadata": {"version": 1.0},
    }


def _as_yaml(values: dict[str, Any]) -> str:
    return str(yaml.safe_dump(values, sort_keys=False, width=88))
