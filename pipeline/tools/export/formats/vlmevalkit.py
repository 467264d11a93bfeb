"""VLMEvalKit: a TSV of multiple choice per cell, and the dataset class that reads them."""

import csv
import io
import json

from ....datasets.choices import LETTER
from ....errors import SettingsError
from ..questions import choice_question
from ..selection import ExportCell
from ..task import Export
from ..videos import FOLDER as FOLDER
from ..videos import UNIT as UNIT
from ..videos import path
from ..videos import write_shard as write_shard

COLUMNS = (
    "index", "video", "question", "answer", "label", "choices", "key", "corruption", "severity",
)  # fmt: skip

MODULE = '''"""Corrupted videos for VLMEvalKit; `register` adds a dataset per TSV of this folder."""

import re
from functools import partial
from pathlib import Path

from vlmeval.dataset.video_base import VideoBaseDataset
from vlmeval.smp import load

HERE = Path(__file__).resolve().parent
LETTER = re.compile(r"""@LETTER@""")


class CorruptedVideos(VideoBaseDataset):
    """Questions of multiple choice about the videos of one cell."""

    TYPE = "Video-MCQ"

    @classmethod
    def supported_datasets(cls):
        return sorted(path.stem for path in HERE.glob("*.tsv"))

    def prepare_dataset(self, dataset):
        return {"root": str(HERE.parent), "data_file": str(HERE / f"{dataset}.tsv")}

    def build_prompt(self, line, video_llm=False):
        row = self.data.iloc[line] if isinstance(line, int) else line
        if video_llm:
            video = str(HERE.parent / f"{row['video']}.mp4")
            shown = [{"type": "video", "value": video}]
        else:
            paths = self.save_video_frames(row["video"])
            shown = [{"type": "image", "value": path} for path in paths]
        return [*shown, {"type": "text", "value": row["question"]}]

    def evaluate(self, eval_file, **judge_kwargs):
        rows = load(eval_file)
        found = [LETTER.search(str(answer)) for answer in rows["prediction"]]
        letters = [None if match is None else match[1] for match in found]
        right = [one == answer for one, answer in zip(letters, rows["answer"])]
        return {"acc": 100 * sum(right) / len(right), "no_letter": letters.count(None)}


def register(nframe=8, fps=-1):
    """Add the datasets to VLMEvalKit; fps above 0 samples by time, with nframe 0."""
    from vlmeval import dataset
    from vlmeval.dataset.video_dataset_config import supported_video_datasets

    dataset.DATASET_CLASSES.append(CorruptedVideos)
    for name in CorruptedVideos.supported_datasets():
        dataset.SUPPORTED_DATASETS.append(name)
        make = partial(CorruptedVideos, dataset=name, nframe=nframe, fps=fps)
        supported_video_datasets[name] = make
'''


def index(export: Export) -> dict[str, str]:
    """Return `vlmevalkit/<dataset>_<cell>.tsv` and the module `corrupted_videos.py` beside them."""
    texts = {
        f"vlmevalkit/{export.dataset}_{cell.name}.tsv": _table(export, cell)
        for cell in export.cells
    }
    return texts | {"vlmevalkit/corrupted_videos.py": MODULE.replace("@LETTER@", LETTER)}


def _table(export: Export, cell: ExportCell) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, clip in enumerate(cell.clips):
        question = choice_question(export, clip)
        video = path(cell, clip)
        if not video.endswith(".mp4"):
            raise SettingsError(
                f"vlmevalkit: its reader opens .mp4 files only (got {video!r}); export a dataset "
                "whose payload.codec is jpeg or h264."
            )
        writer.writerow(
            (
                number,
                video.removesuffix(".mp4"),
                question.text,
                question.answer,
                export.classes[clip.label],
                json.dumps(question.choices),
                clip.key,
                cell.corruption,
                cell.severity,
            )
        )
    return text.getvalue()
