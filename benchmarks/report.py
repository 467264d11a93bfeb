"""How long and how large the report of a full run is: 60 cells x 10,000 clips x 7 models.

python -m benchmarks.report [--keep FOLDER]

The predictions and manifests are made up, as large as those of Mini Kinetics-C; the shards of a few
clips are real ones of 224 x 224 pixels, so that the page has its videos. The report stage runs in a
process of its own, whose time and peak memory are what is printed; each of the workers that code
the videos takes about 0.1 GB beside it.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from corruptions import corrupt, names
from corruptions.types import Clip
from pipeline.io.hashing import sha256_file
from pipeline.params import Params, load
from pipeline.stages.report.page.clips import CLIPS as NUM_SHOWN
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.payload import write_payload

ROOT = Path(__file__).resolve().parent.parent
DATASET = "mini_kinetics"
NUM_CLIPS, NUM_CLASSES = 10_000, 200
CLIPS_PER_SHARD = 64
MODELS = (
    "timesformer", "resnet3d_50", "i3d", "slowfast_8x4", "tam_resnet50", "resnet3d_18", "x3d_m",
)  # fmt: skip
FRAMES, SIDE, FPS = 75, 224, Fraction(25)
LIMITS = {"seconds": 60.0, "peak GB": 2.0, "page MB": 20.0}


def write_params(root: Path) -> Params:
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    values["datasets"] = [DATASET]
    values["models"][DATASET] = {name: {"weights": f"{name}.pt"} for name in MODELS}
    (root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    shutil.copytree(ROOT / "manifests/classes", root / "manifests/classes")
    shutil.copy(ROOT / "manifests/leaderboards.csv", root / "manifests/leaderboards.csv")
    return load(root / "params.yaml")


def keys() -> list[str]:
    return [f"clip{number:07d}_000010_000020" for number in range(NUM_CLIPS)]


def labels() -> np.ndarray:
    return np.arange(NUM_CLIPS) % NUM_CLASSES


def picture(seed: int) -> Clip:
    """A clip as hard to code as a real one: a textured picture, panned, with sensor noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 1, (SIDE * 2, SIDE * 2, 3)).cumsum(0).cumsum(1)
    scaled = (coarse - coarse.min()) / np.ptp(coarse) * 200 + 20
    detail = scaled + rng.normal(0, 12, scaled.shape)
    frames = []
    for index in range(FRAMES):
        view = detail[index : index + SIDE, 2 * index : 2 * index + SIDE]
        frames.append(np.clip(view + rng.normal(0, 3, view.shape), 0, 255).astype(np.uint8))
    return np.stack(frames)


def write_shown(root: Path, params: Params) -> dict[tuple[str, str, int], dict[str, object]]:
    """Files of the clips that the page will show, in every cell: rows by key, name, severity."""
    rows: dict[tuple[str, str, int], dict[str, object]] = {}
    all_keys = keys()
    order = sorted(range(NUM_CLIPS), key=lambda n: (labels()[n], all_keys[n]))
    for number in range(NUM_SHOWN):
        key = all_keys[order[(2 * number + 1) * NUM_CLIPS // (2 * NUM_SHOWN)]]
        clip = picture(number)
        cells = [("clean", 0), *((c, s) for c in params.corruptions for s in params.severities)]
        for name, severity in cells:
            made = clip if name == "clean" else corrupt(clip, name, severity, key=key, fps=FPS)
            fps = FPS * len(made) / len(clip)
            path = root / f"data/{DATASET}/shown/{key}-{name}-{severity}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(write_payload(made, fps, params.payload))
            rows[key, name, severity] = {
                "shard": path.relative_to(root).as_posix(),
                "offset": 0,
                "size": path.stat().st_size,
                "sha256": sha256_file(path),
                "num_frames": len(made),
                "fps_num": fps.numerator,
                "fps_den": fps.denominator,
            }
    return rows


def write_manifests(root: Path, params: Params) -> None:
    layout = DatasetPaths(root, DATASET)
    class_ids = labels()
    clips = [
        {"key": key, "split": "val", "label_id": label, "status": "ok", "reason": ""}
        for key, label in zip(keys(), class_ids.tolist(), strict=True)
    ]
    manifest.write(layout.clips, clips, schemas.CLIPS)
    shown = write_shown(root, params)
    for corruption in ("clean", *params.corruptions):
        rows = []
        for severity in (0,) if corruption == "clean" else params.severities:
            for number, clip in enumerate(clips):
                row = {
                    **clip,
                    "corruption": corruption,
                    "family": "spatial",
                    "severity": severity,
                    "params": f'{{"level":{severity}}}',
                    "seed": 0,
                    "shard": f"data/{number // CLIPS_PER_SHARD}.tar",
                    "psnr": 20.0 + number % 7,
                    "recipe_hash": f"{corruption}{severity}{number // CLIPS_PER_SHARD:032d}",
                    "encoder": f"libx265 b={1000 * (number % 500)}",
                }
                rows.append(row | shown.get((str(clip["key"]), corruption, severity), {}))
        manifest.write(layout.manifest(corruption), rows, schemas.CELLS)


def write_predictions(root: Path, params: Params) -> None:
    """What seven models answered, some better than others; column by column, since it is much."""
    rng = np.random.default_rng(7)
    ability = rng.normal(0, 1, NUM_CLIPS)
    cells = [("clean", 0), *((c, s) for c in params.corruptions for s in params.severities)]
    hardness = {name: rng.uniform(0.1, 0.6) for name in names()}
    for rank, model in enumerate(MODELS):
        right = np.stack(
            [
                ability + rng.normal(0, 0.7, NUM_CLIPS) + 1 - rank / 8
                > hardness.get(name, 0) * severity * rng.uniform(0.8, 1.2)
                for name, severity in cells
            ]
        ).ravel()
        count = len(cells) * NUM_CLIPS
        label = np.tile(labels(), len(cells))
        answer = np.where(right, label, (label + 1) % NUM_CLASSES).astype(np.int32)
        best = np.stack([answer, *((answer + 2 + n) % NUM_CLASSES for n in range(4))], axis=1)
        ends = pa.array(np.arange(0, 5 * count + 1, 5, dtype=np.int32))
        logits = rng.random(5 * count, dtype=np.float32)
        table = pa.table(
            {
                "dataset": pa.repeat(DATASET, count),
                "model": pa.repeat(model, count),
                "key": pa.array(keys() * len(cells)),
                "corruption": pa.array([name for name, _ in cells for _ in range(NUM_CLIPS)]),
                "severity": np.repeat([s for _, s in cells], NUM_CLIPS).astype(np.int32),
                "label_id": label.astype(np.int32),
                "status": pa.repeat("ok", count),
                "top5": pa.ListArray.from_arrays(ends, pa.array(best.ravel().astype(np.int32))),
                "top5_logits": pa.ListArray.from_arrays(ends, pa.array(logits)),
                "correct1": right,
                "correct5": right,
                "recipe_hash": pa.repeat("0" * 32, count),
            },
            schema=schemas.PREDICTIONS,
        )
        folder = DatasetPaths(root, DATASET).predictions
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, folder / f"{model}.parquet", compression="zstd")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="a folder to make the run in and leave it there")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as temporary:
        root = keep or Path(temporary)
        root.mkdir(exist_ok=True)
        params = write_params(root)
        write_manifests(root, params)
        write_predictions(root, params)
        command = [sys.executable, "-m", "pipeline", "report", "--params", root / "params.yaml"]
        start = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - a list, no shell
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        size = (root / "report/index.html").stat().st_size / 1e6
    measured = {"seconds": seconds, "peak GB": peak, "page MB": size}
    for name, value in measured.items():
        print(f"{name}: {value:.1f} (limit {LIMITS[name]:g})")
    sys.exit(any(value > LIMITS[name] for name, value in measured.items()))


if __name__ == "__main__":
    main()
