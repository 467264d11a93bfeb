"""Exports for harnesses of video language models, read as their documentation says."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import yaml

from pipeline.datasets.choices import chosen_letter
from tests.pipeline.tools.export.exporting import CELLS, Project
from tests.pipeline.tools.export.test_lists import with_decord
from tests.support.project import CLASSES


@pytest.fixture(scope="module", autouse=True)
def offline() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


@pytest.fixture(scope="module")
def exported(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("harnesses")
    project.export("lmms_eval", output)
    return project.export("vlmevalkit", output)


def documents(folder: Path, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Task and documents as lmms-eval's ConfigurableTask reads them: by `load_dataset`."""
    task = yaml.safe_load((folder / f"lmms_eval/val/{name}.yaml").read_text())
    import datasets  # reads HF_HUB_OFFLINE when it is imported

    data = datasets.load_dataset(
        task["dataset_path"], cache_dir=str(folder / ".cache"), **task["dataset_kwargs"]
    )[task["test_split"]]
    assert {task[name] for name in ("doc_to_visual", "doc_to_text", "doc_to_target")} <= set(
        data.features
    )
    return task, list(data)


@pytest.mark.parametrize(("corruption", "severity"), CELLS)
def test_lmms_eval_finds_every_video_and_its_class(
    project: Project, exported: Path, corruption: str, severity: int
) -> None:
    rows = {row["key"]: row for row in project.rows(corruption, severity)}
    for kind in ("label", "choice"):
        name = f"demo_{corruption}-{severity}_{kind}"
        task, found = documents(exported, name)
        assert task["task"] == name
        assert {one["key"] for one in found} == set(rows)
        for one in found:
            row = rows[one["key"]]
            assert len(with_decord(Path(one["video"]))) == row["num_frames"]
            label = CLASSES[row["label_id"]]
            answer = one["answer"]
            assert label == (one["choices"]["AB".index(answer)] if kind == "choice" else answer)
            assert label in one["question"]


def test_a_group_of_lmms_eval_has_all_corrupted_cells(exported: Path) -> None:
    group = yaml.safe_load((exported / "lmms_eval/val/demo_mpc_choice.yaml").read_text())
    assert group["task"] == [f"demo_{name}-{number}_choice" for name, number in CELLS[1:]]
    assert group["aggregate_metric_list"][0]["weight_by_size"] is False


def test_choices_are_the_same_in_every_cell_and_differ_with_the_seed(
    project: Project, exported: Path, tmp_path: Path
) -> None:
    def choices(folder: Path, name: str) -> dict[str, list[str]]:
        return {one["key"]: one["choices"] for one in documents(folder, name)[1]}

    first = choices(exported, "demo_clean-0_choice")
    assert choices(exported, "demo_fog-4_choice") == first
    assert {tuple(one) for one in first.values()} == {CLASSES, CLASSES[::-1]}
    seeds = [project.params.model_copy(update={"seed": seed}) for seed in range(1, 5)]
    others = [
        choices(
            Project(project.root, params).export(
                "lmms_eval", tmp_path / str(params.seed), names=["clean"]
            ),
            "demo_clean-0_choice",
        )
        for params in seeds
    ]
    assert any(other != first for other in others)


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        (" (C) walking", "C"),
        ("D. walking", "D"),
        ("The answer is B.", "B"),
        ("A man walks", None),
        ("E", None),
        ("", None),
    ],
)
def test_the_letter_of_an_answer(answer: str, letter: str | None) -> None:
    assert chosen_letter(answer) == letter


class VideoBaseDataset:
    """VLMEvalKit's base class, as far as its Development.md and video_base.py document it."""

    def __init__(self, dataset: str, nframe: int = 0, fps: float = -1) -> None:
        found = self.prepare_dataset(dataset)
        self.dataset_name, self.nframe, self.fps = dataset, nframe, fps
        self.data_root = Path(found["root"])
        self.data = pd.read_csv(found["data_file"], sep="\t")
        assert {"index", "question", "video"} <= set(self.data)

    def prepare_dataset(self, dataset: str) -> dict[str, str]:
        raise NotImplementedError

    def save_video_frames(self, video: str) -> list[str]:
        reader = with_decord(self.data_root / f"{video}.mp4")
        step = len(reader) / (self.nframe + 1)
        return [f"{video}-{int(number * step)}" for number in range(1, self.nframe + 1)]


def load_module(path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import the exported module among modules named as those of VLMEvalKit."""
    modules: dict[str, dict[str, Any]] = {
        "vlmeval": {},
        "vlmeval.smp": {"load": pd.read_csv},
        "vlmeval.dataset": {"DATASET_CLASSES": [], "SUPPORTED_DATASETS": []},
        "vlmeval.dataset.video_base": {"VideoBaseDataset": VideoBaseDataset},
        "vlmeval.dataset.video_dataset_config": {"supported_video_datasets": {}},
    }
    for name, values in modules.items():
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
    spec = importlib.util.spec_from_file_location("corrupted_videos", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_vlmevalkit_asks_and_scores_every_clip(
    project: Project, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load_module(exported / "vlmevalkit/corrupted_videos.py", monkeypatch)
    module.register(nframe=4)
    known = sys.modules["vlmeval.dataset.video_dataset_config"].supported_video_datasets
    assert sorted(known) == sorted(f"demo_{name}-{number}" for name, number in CELLS)
    dataset = known["demo_fog-2"]()
    assert len(dataset.data) == len(project.rows("fog", 2))
    for number, row in dataset.data.iterrows():
        video, text = dataset.build_prompt(number, video_llm=True)
        assert Path(video["value"]).is_file()
        assert text["value"] == row["question"]
        assert json.loads(row["choices"])["AB".index(row["answer"])] == row["label"]
    frames = dataset.build_prompt(0)
    assert [one["type"] for one in frames] == ["image"] * 4 + ["text"]
    answers = dataset.data.assign(prediction=[f"({one})" for one in dataset.data["answer"]])
    answers.loc[0, "prediction"] = "no idea"
    answers.to_csv(tmp_path / "answers.csv", index=False)
    scores = dataset.evaluate(tmp_path / "answers.csv")
    assert scores == {"acc": pytest.approx(100 * (1 - 1 / len(answers))), "no_letter": 1}


def test_the_card_names_every_configuration_for_tasks_of_mteb(
    project: Project, tmp_path: Path
) -> None:
    """A task of MTEB has a dataset with `video` and `label`, whose ClassLabel are the prompts."""
    folder = project.export("parquet", tmp_path) / "parquet"
    _, head, body = (folder / "README.md").read_text().split("---\n", 2)
    card = yaml.safe_load(head)
    assert card["task_categories"] == ["video-classification"]
    assert [one["config_name"] for one in card["configs"]] == sorted(
        f"{name}-{number}" for name, number in CELLS
    )
    assert "| `label` | class (feature `ClassLabel`) |" in body
    import datasets

    data = datasets.load_dataset(str(folder), "fog-2", cache_dir=str(tmp_path / "cache"))
    assert list(data) == ["val"]
    assert data["val"].features["label"].names == list(CLASSES)
    assert "Video" in str(data["val"].features["video"])
