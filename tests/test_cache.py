"""DVC's cache shares its bytes with the project: links, which no stage writes through."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from pipeline.params import Params, load
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.filter import filter_clips
from pipeline.stages.model_files import write_model_files
from pipeline.stages.recipes import write_recipes
from pipeline.stages.report.report import report
from pipeline.stages.synthesize.synthesize import synthesize
from pipeline.stages.train.train import train
from tests.support.project import REPOSITORY, set_params, tree, write_params

OUTPUTS = ("data", "manifests/demo", "report")
MODEL = "tiny_frame2d"
TRAINING = {
    "epochs": 1, "batch_size": 4, "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.0,
    "scales": [1.0], "flip": False, "threads": 1,
}  # fmt: skip


def test_the_cache_is_hard_linked(tmp_path: Path) -> None:
    """By the repository's own configuration of DVC, in a file system that can link."""
    dvc = [str(Path(sys.executable).with_name("dvc"))]
    environment = os.environ | {"DVC_NO_ANALYTICS": "1"}

    def run(*arguments: str) -> None:
        subprocess.run(
            [*dvc, *arguments], cwd=tmp_path, env=environment, check=True, capture_output=True
        )

    run("init", "--no-scm", "--quiet")
    shutil.copy(REPOSITORY / ".dvc/config", tmp_path / ".dvc/config")
    run("config", "core.no_scm", "true")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/shard.tar").write_bytes(os.urandom(2 << 20))
    run("add", "--quiet", "data")
    status = (tmp_path / "data/shard.tar").stat()
    assert status.st_nlink == 2
    assert status.st_mode & 0o222 == 0, "read-only, since a change would change the cache"


def run_all(params: Params, root: Path) -> None:
    """Run every stage."""
    write_recipes(params, root)
    write_model_files(params, root)
    synthesize(params, root)
    filter_clips(params, root, "demo")
    decode(params, root, "demo")
    corrupt(params, root, "demo", "shot_noise")
    train(params, root, "demo")
    evaluate(params, root, "demo")
    report(params, root)


def graph_outputs(root: Path) -> set[str]:
    """Return the outputs of the graph that are in DVC's cache, for the demo."""
    graph = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]
    found = set()
    for stage in graph.values():
        for out in [*stage.get("outs", []), *stage.get("metrics", [])]:
            ((name, options),) = out.items() if isinstance(out, dict) else ((out, {}),)
            if options.get("cache", True):
                name = name.replace("${item.dataset}", "demo")
                found.add(name.replace("${item.corruption}", "shot_noise"))
    return found


def test_stages_replace_files_and_never_write_into_them(tmp_path: Path) -> None:
    root, cache = tmp_path / "project", tmp_path / "cache"
    root.mkdir()
    shutil.copytree(REPOSITORY / "manifests/classes", root / "manifests/classes")
    shutil.copy(REPOSITORY / "manifests/leaderboards.csv", root / "manifests")
    settings = {
        "corruptions": ["shot_noise"],
        "severities": [1, 5],
        "decode": {"pictures": {"demo": {"short_side": 120, "crop": 112}}},
        "synthesize": {"train_clips_per_class": 1, "val_clips_per_class": 1, "broken_per_split": 1},
        "report": {"bootstrap_resamples": 20},
    }
    write_params(root, **settings)
    params = root / "params.yaml"
    values = yaml.safe_load(params.read_text())
    values["models"]["demo"], values["train"]["demo"] = {MODEL: {}}, {MODEL: TRAINING}
    params.write_text(yaml.safe_dump(values, sort_keys=False))
    run_all(load(params), root)
    for output in graph_outputs(root):
        assert (root / output).exists(), output
        assert output.startswith(OUTPUTS), output
    for name in OUTPUTS:  # as DVC links them
        for path in (root / name).rglob("*"):
            if path.is_file():
                link = cache / path.relative_to(root)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.hardlink_to(path)
                path.chmod(0o444)
    before = tree(cache)
    set_params(root, seed=1)
    run_all(load(params), root)
    assert tree(cache) == before
    after = tree(root)
    changed = [name for name, data in before.items() if after.get(name) != data]
    for part in ("clean/val", "corrupted", "evaluate", "predictions", "videos", "index.html",
                 "weights.pt", "training.json", "headline", "inputs", "evaluated"):  # fmt: skip
        assert [name for name in changed if part in name], f"{part} was written again"
