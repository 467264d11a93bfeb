"""The tutorials, run on small files in the official formats."""

import csv
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import transformers
import yaml

from pipeline.models.zoo import x3d_m
from tests.docs import tutorial
from tests.support.adaptation import make_adaptable
from tests.support.project import REPOSITORY, make_project, run_stages, write_params
from tests.support.videos import H264, make_video, moving_clip

SMALL = {"short_side": 48, "crop": 40, "clips_per_shard": 4}
GRID = {
    "corruptions": ["fog"],
    "severities": [3],
    "report": {"bootstrap_resamples": 20},
    "decode": {"pictures": {"mini_kinetics": SMALL, "mini_ssv2": SMALL}},
}
CLASS_LISTS = REPOSITORY / "manifests/classes"


def class_names(dataset: str) -> list[str]:
    with (CLASS_LISTS / f"{dataset}.csv").open(newline="") as file:
        return [row["class_name"] for row in csv.DictReader(file)]


def videos(folder: Path, names: list[str]) -> None:
    for number, name in enumerate(names):
        make_video(folder / name, *H264, clip=moving_clip(12, seed=number))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small dataset `demo` with one corruption, and nothing to train; for reading only."""
    root = tmp_path_factory.mktemp("demo")
    run_stages(make_project(root, num_clips=4, num_train=0, **GRID), root)
    values = yaml.safe_load((root / "params.yaml").read_text())
    values["models"]["demo"], values["train"]["demo"] = {}, {}
    (root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    return root


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that commands and imports start from."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "my_model", raising=False)
    return tmp_path


@pytest.fixture
def own(demo: Path, folder: Path) -> Path:
    """A copy of the dataset to change."""
    shutil.copytree(demo, folder, dirs_exist_ok=True)
    return folder


def new_project(folder: Path) -> None:
    """Settings and class lists as a clone has them, with small pictures."""
    shutil.copytree(CLASS_LISTS, folder / "manifests/classes")
    write_params(folder, **GRID)


def test_kinetics(folder: Path) -> None:
    new_project(folder)
    data = folder / "disk"
    names = class_names("mini_kinetics")
    rows = [(name, f"{number:011d}", 3, 13, "validate") for number, name in enumerate(names)]
    (data / "annotations").mkdir(parents=True)
    with (data / "annotations/validate.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("label", "youtube_id", "time_start", "time_end", "split"), *rows]
        )
    videos(data / "val", [f"{rows[0][0]}/{number:011d}_000003_000013.mp4" for number in range(2)])
    network = x3d_m.build(num_classes=len(names))
    torch.save({"model_state": network.state_dict()}, data / "x3d_m.pyth")
    printed = tutorial.run(
        "kinetics",
        folder,
        {"/data/kinetics400": str(data), "/checkpoints/x3d_m.pyth": str(data / "x3d_m.pyth")},
    )
    assert "x3d_m" in printed
    metrics = json.loads((folder / "report/metrics.json").read_text())
    assert metrics["mini_kinetics"]["x3d_m"]["num_clips"] == 2


def test_something_something(folder: Path, own_network: Path) -> None:
    new_project(folder)
    data = folder / "disk"
    (data / "annotations").mkdir(parents=True)
    names = class_names("mini_ssv2")
    clips = [{"id": str(number), "template": name} for number, name in enumerate(names, 1)]
    labels = {name: str(number) for number, name in enumerate(names)}
    for part, content in (("validation", clips), ("labels", labels)):
        path = data / f"annotations/something-something-v2-{part}.json"
        path.write_text(json.dumps(content))
    videos(data / "videos", ["1.mp4", "2.mp4"])
    weights = data / "my_net.pt"
    torch.save({"head.weight": torch.zeros(87, 3), "head.bias": torch.zeros(87)}, weights)
    tutorial.run("ssv2", folder, {"/data/ssv2": str(data), "/checkpoints/my_net.pt": str(weights)})
    metrics = json.loads((folder / "report/metrics.json").read_text())
    assert metrics["mini_ssv2"]["my_net"]["num_clips"] == 2


@pytest.fixture
def own_network(folder: Path) -> Path:
    """The file of the tutorial on a model of one's own."""
    text = (tutorial.TUTORIALS / "own_model.md").read_text()
    (code,) = [code for _, code in tutorial.BLOCK.findall(text) if code.startswith("# my_model.py")]
    path = folder / "my_model.py"
    path.write_text(code)
    return path


def test_a_model_of_your_own(own: Path) -> None:
    printed = tutorial.run("own_model", own, {"num_classes=12": "num_classes=2"})
    assert "my_net" in printed
    metrics = json.loads((own / "report/metrics.json").read_text())
    assert metrics["demo"]["my_net"]["num_clips"] == 4


def test_adaptation(folder: Path) -> None:
    make_adaptable(folder)
    printed = tutorial.run("adaptation", folder, {})
    assert "tiny_r2plus1d + Tent on demo" in printed
    table = (folder / "report/leaderboard.md").read_text()
    assert "Tent" in table
    assert "Mirrored" in table


def test_a_model_of_the_hugging_face_hub(own: Path) -> None:
    config = transformers.VideoMAEConfig(
        image_size=16, patch_size=8, num_frames=4, tubelet_size=2, hidden_size=8,
        num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        id2label={0: "moving left", 1: "moving right"},
        label2id={"moving left": 0, "moving right": 1},
    )  # fmt: skip
    checkpoint = own / "checkpoint"
    transformers.VideoMAEForVideoClassification(config).save_pretrained(checkpoint)
    processor = {"video_processor_type": "VideoMAEVideoProcessor", "crop_size": 16}
    (checkpoint / "video_preprocessor_config.json").write_text(json.dumps(processor))
    assert "videomae" in tutorial.run(
        "hugging_face", own, {"/checkpoints/videomae": str(checkpoint)}
    )


def test_a_video_language_model(own: Path) -> None:
    """What stands for lmms-eval answers every question with the letter A, and logs as it does."""

    def answer() -> None:
        for path in (own / "exports/demo/lmms_eval/val").glob("*_choice.jsonl"):
            documents = [json.loads(line) for line in path.read_text().splitlines()]
            rows = [{"doc": one, "resps": [["A"]], "filtered_resps": ["A"]} for one in documents]
            log = own / f"logs/qwen/20260504_120000_samples_{path.stem}.jsonl"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text("".join(json.dumps(row) + "\n" for row in rows))

    assert "qwen2_5_vl" in tutorial.run("language_model", own, {}, {"lmms-eval": answer})
    metrics = json.loads((own / "report/metrics.json").read_text())
    assert metrics["demo"]["qwen2_5_vl"]["num_clips"] == 4


def test_corrupt_a_folder(folder: Path) -> None:
    videos(folder / "mine", ["one.mp4", "below/two.mp4"])
    printed = tutorial.run("corrupt_folder", folder, {"/data/my_videos": str(folder / "mine")})
    assert "No problems found." in printed
    assert (folder / "foggy_videos/below/two.mp4").is_file()
    assert (folder / "corrupted/rain/5/one.mp4").is_file()


def test_publish_and_rebuild(own: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    clips = tmp_path_factory.mktemp("clips")
    shutil.copytree(own / "data/demo/videos", clips / "mine")
    printed = tutorial.run("publish", own, {"/data/my_clips": str(clips)})
    assert printed.rstrip().endswith("No problems found.")


def test_add_a_corruption(folder: Path) -> None:
    """In a copy of the repository: its commands and contract tests find the new file."""
    for name in ("corruptions", "pipeline", "tests"):
        shutil.copytree(
            REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    text = (tutorial.TUTORIALS / "corruption.md").read_text()
    blocks = tutorial.BLOCK.findall(text)
    (code,) = [code for language, code in blocks if language == "python"]
    found = tutorial.FILE.match(code)
    assert found
    (folder / found[1]).write_text(code[found.end() :])
    (commands,) = [code for language, code in blocks if language == "sh"]
    for command in commands.splitlines():
        done = subprocess.run(
            [sys.executable, *shlex.split(command)[1:]],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "chroma_blocks" in done.stdout or "passed" in done.stdout


def test_every_tutorial_is_run() -> None:
    source = Path(__file__).read_text()
    for path in tutorial.TUTORIALS.glob("*.md"):
        assert f'"{path.stem}"' in source or f'"{path.name}"' in source, path.name
