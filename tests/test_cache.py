"""DVC's cache shares its bytes with the project: links, which no stage writes through."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import torch

from pipeline import models
from pipeline.params import Params
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.filter import filter_clips
from pipeline.stages.recipes import write_recipes
from pipeline.stages.report.report import report
from pipeline.stages.synthesize.synthesize import synthesize
from pipeline.storage.paths import DatasetPaths
from tests.support.project import REPOSITORY, tree, write_params

OUTPUTS = ("data", "manifests/demo", "report")


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


def run_all(params: Params, root: Path, seed: int) -> None:
    """Every stage but train, whose weights are replaced as it replaces them."""
    write_recipes(params, root)
    synthesize(params, root)
    filter_clips(params, root, "demo")
    decode(params, root, "demo")
    corrupt(params, root, "demo", "shot_noise")
    torch.manual_seed(seed)
    weights = DatasetPaths(root, "demo").weights("tiny_r2plus1d")
    weights.parent.mkdir(parents=True, exist_ok=True)
    temporary = weights.with_name("new.pt")
    torch.save(models.load("tiny_r2plus1d").build(12).state_dict(), temporary)
    temporary.replace(weights)
    evaluate(params, root, "demo")
    report(params, root)


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
    run_all(write_params(root, **settings), root, 0)
    for name in OUTPUTS:  # as DVC links them
        for path in (root / name).rglob("*"):
            if path.is_file():
                link = cache / path.relative_to(root)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.hardlink_to(path)
                path.chmod(0o444)
    before = tree(cache)
    run_all(write_params(root, **settings, seed=1), root, 1)
    assert tree(cache) == before
    after = tree(root)
    changed = [name for name, data in before.items() if after.get(name) != data]
    for part in ("clean/val", "corrupted", "evaluate", "predictions", "videos", "index.html"):
        assert [name for name in changed if part in name], f"{part} was written again"
