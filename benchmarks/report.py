"""Time, memory and size of the report of a full run: 60 cells x 10,000 clips x 7 models.

    python -m benchmarks.report [--clips 10000] [--models 7] [--corruptions N] [--keep FOLDER]

The largest run that the report is made for is --clips 20000 --models 14 --corruptions 35. Time is
limited per million predictions, which are models x cells x clips, so that it must grow linearly.

The predictions and manifests are synthetic and as large as those of Mini Kinetics-C; the shards of
a few clips are real ones of 224 x 224 pixels, so that the page has its videos. The report stage
runs in a separate process, whose time and peak memory are printed; each of the workers that encode
the videos takes about 0.1 GB in addition. Exits with 1 if a limit is exceeded.
"""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from benchmarks import options
from corruptions import corrupt, names
from corruptions.types import Clip
from pipeline.io.hashing import sha256_file
from pipeline.models.registry import names as models_of_the_zoo
from pipeline.params import Params, load
from pipeline.stages.report.page.clips import CLIPS as NUM_SHOWN
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.payload import write_payload

ROOT = Path(__file__).resolve().parent.parent
DATASET = "mini_kinetics"
NUM_CLASSES = 200
SMALLEST = {"clips": 40, "models": 2, "frames": 8, "corruptions": "contrast,h265_crf"}
CLIPS_PER_SHARD = 64
MODELS = (
    "timesformer", "resnet3d_50", "i3d", "slowfast_8x4", "tam_resnet50", "resnet3d_18", "x3d_m",
    "model8", "model9", "model10", "model11", "model12", "model13", "model14",
)  # fmt: skip
SIDE, FPS = 224, Fraction(25)
LIMITS = {"seconds per million predictions": 15.0, "peak GB": 2.0, "page MB": 15.0}


@dataclass(frozen=True)
class Size:
    """Numbers of synthetic clips and models, and frames per stored clip."""

    clips: int
    models: int
    frames: int


def write_params(root: Path, models: int, corruptions: str | None) -> Params:
    """Write params.yaml and the inputs of the report; return the parameters."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    values["datasets"] = [DATASET]
    values["models"][DATASET] = {
        name: {"model": name if name in models_of_the_zoo() else "x3d_m", "weights": f"{name}.pt"}
        for name in MODELS[:models]
    }
    if corruptions is not None:
        number = corruptions.isdigit() and int(corruptions)
        values["corruptions"] = names()[:number] if number else corruptions.split(",")
    (root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    shutil.copytree(ROOT / "manifests/classes", root / "manifests/classes")
    shutil.copy(ROOT / "manifests/leaderboards.csv", root / "manifests/leaderboards.csv")
    return load(root / "params.yaml")


def keys(clips: int) -> list[str]:
    """Return the keys of the synthetic clips."""
    return [f"clip{number:07d}_000010_000020" for number in range(clips)]


def labels(clips: int) -> np.ndarray:
    """Return the labels of the synthetic clips."""
    return np.arange(clips) % NUM_CLASSES


def picture(seed: int, num_frames: int) -> Clip:
    """Return a clip as hard to encode as a real one: a panned texture with sensor noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 1, (SIDE * 2, SIDE * 2, 3)).cumsum(0).cumsum(1)
    scaled = (coarse - coarse.min()) / np.ptp(coarse) * 200 + 20
    detail = scaled + rng.normal(0, 12, scaled.shape)
    frames = []
    for index in range(num_frames):
        view = detail[index : index + SIDE, 2 * index : 2 * index + SIDE]
        frames.append(np.clip(view + rng.normal(0, 3, view.shape), 0, 255).astype(np.uint8))
    return np.stack(frames)


def write_shown(
    root: Path, params: Params, size: Size
) -> dict[tuple[str, str, int], dict[str, object]]:
    """Write the clips that the page shows, in every cell; return rows by key, name, severity."""
    rows: dict[tuple[str, str, int], dict[str, object]] = {}
    all_keys, all_labels = keys(size.clips), labels(size.clips)
    order = sorted(range(size.clips), key=lambda n: (all_labels[n], all_keys[n]))
    for number in range(NUM_SHOWN):
        key = all_keys[order[(2 * number + 1) * size.clips // (2 * NUM_SHOWN)]]
        clip = picture(number, size.frames)
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


def write_manifests(root: Path, params: Params, size: Size) -> None:
    """Write clips.parquet and the manifest of every corruption."""
    paths = DatasetPaths(root, DATASET)
    clips = [
        {
            "key": key,
            "split": "val",
            "label_id": label,
            "status": "ok",
            "reason": "",
            "source_path": f"val/{key}.mp4",
            "source_size": 10**6,
            "source_sha256": "0" * 64,
            "width": 340,
            "height": 256,
            "num_frames": size.frames,
            "fps_num": FPS.numerator,
            "fps_den": FPS.denominator,
        }
        for key, label in zip(keys(size.clips), labels(size.clips).tolist(), strict=True)
    ]
    manifest.write(paths.clips, clips, schemas.CLIPS)
    shown = write_shown(root, params, size)
    for corruption in ("clean", *params.corruptions):
        rows = []
        for severity in (0,) if corruption == "clean" else params.severities:
            for number, clip in enumerate(clips):
                row = {
                    **{name: clip[name] for name in clip if name in schemas.CELLS.names},
                    "corruption": corruption,
                    "family": "spatial",
                    "severity": severity,
                    "params": f'{{"level":{severity}}}',
                    "seed": 0,
                    "shard": f"data/{number // CLIPS_PER_SHARD}.tar",
                    "member": f"{clip['key']}.mp4",
                    "offset": 512,
                    "size": 20_000,
                    "sha256": "0" * 64,
                    "width": SIDE,
                    "height": SIDE,
                    "num_frames": size.frames,
                    "fps_num": FPS.numerator,
                    "fps_den": FPS.denominator,
                    "psnr": 20.0 + number % 7,
                    "recipe_hash": f"{corruption}{severity}{number // CLIPS_PER_SHARD:032d}",
                    "encoder": f"libx265 b={1000 * (number % 500)}",
                }
                rows.append(row | shown.get((str(clip["key"]), corruption, severity), {}))
        manifest.write(paths.manifest(corruption), rows, schemas.CELLS)


def scores(right: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return softmax statistics of predictions whose remaining probability is on one class."""
    p = np.where(right, rng.beta(6, 2, len(right)), rng.beta(3, 3, len(right)))
    p = np.maximum(p, 0.51).astype(np.float32)
    rest = np.maximum(1 - p, np.float32(1e-6))
    return {
        "confidence": p,
        "entropy": -p * np.log(p) - rest * np.log(rest),
        "logsumexp": np.log(p) + 9,
        "nll": -np.log(np.where(right, p, rest)),
        "sum_p2": p**2 + rest**2,
    }


def write_predictions(root: Path, params: Params, size: Size) -> None:
    """Write the predictions of models of different accuracy, column by column for speed."""
    rng = np.random.default_rng(7)
    ability = rng.normal(0, 1, size.clips)
    cells = [("clean", 0), *((c, s) for c in params.corruptions for s in params.severities)]
    hardness = {name: rng.uniform(0.1, 0.6) for name in names()}
    for rank, model in enumerate(MODELS[: size.models]):
        right = np.stack(
            [
                ability + rng.normal(0, 0.7, size.clips) + 1 - rank / 8
                > hardness.get(name, 0) * severity * rng.uniform(0.8, 1.2)
                for name, severity in cells
            ]
        ).ravel()
        count = len(cells) * size.clips
        label = np.tile(labels(size.clips), len(cells))
        answer = np.where(right, label, (label + 1) % NUM_CLASSES).astype(np.int32)
        best = np.stack([answer, *((answer + 2 + n) % NUM_CLASSES for n in range(4))], axis=1)
        ends = pa.array(np.arange(0, 5 * count + 1, 5, dtype=np.int32))
        logits = rng.random(5 * count, dtype=np.float32)
        table = pa.table(
            {
                "dataset": pa.repeat(DATASET, count),
                "model": pa.repeat(model, count),
                "protocol": pa.repeat("center", count),
                "key": pa.array(keys(size.clips) * len(cells)),
                "corruption": pa.array([name for name, _ in cells for _ in range(size.clips)]),
                "severity": np.repeat([s for _, s in cells], size.clips).astype(np.int32),
                "label_id": label.astype(np.int32),
                "status": pa.repeat("ok", count),
                "top5": pa.ListArray.from_arrays(ends, pa.array(best.ravel().astype(np.int32))),
                "top5_logits": pa.ListArray.from_arrays(ends, pa.array(logits)),
                "correct1": right,
                "correct5": right,
                **scores(right, rng),
                "device": pa.repeat("cpu", count),
                "precision": pa.repeat("fp32", count),
                "recipe_hash": pa.repeat("0" * 32, count),
            },
            schema=schemas.PREDICTIONS.arrow,
        )
        folder = DatasetPaths(root, DATASET).predictions
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, folder / f"{model}.parquet", compression="zstd")


def main() -> None:
    """Print the measurements; exit with 1 if a limit is exceeded."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--clips", type=int, default=10_000, help="number of clips")
    parser.add_argument("--models", type=int, default=7, help="number of models")
    parser.add_argument("--frames", type=int, default=75, help="frames of the stored clips")
    parser.add_argument(
        "--corruptions", help="names with commas, or a number; default: those of params.yaml"
    )
    parser.add_argument("--keep", type=Path, help="folder for the run, which is not deleted")
    chosen = options.parse(parser, SMALLEST)
    size = Size(chosen.clips, chosen.models, chosen.frames)
    with tempfile.TemporaryDirectory() as temporary:
        root = chosen.keep or Path(temporary)
        root.mkdir(exist_ok=True)
        params = write_params(root, size.models, chosen.corruptions)
        write_manifests(root, params, size)
        write_predictions(root, params, size)
        command = [sys.executable, "-m", "pipeline", "report", "--params", root / "params.yaml"]
        start = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - a list, no shell
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        size = (root / "report/index.html").stat().st_size / 1e6
    count = chosen.models * (1 + len(params.corruptions) * len(params.severities)) * chosen.clips
    print(f"{seconds:.0f} s for {count / 1e6:.1f} million predictions")
    per_million = seconds / (count / 1e6)
    measured = dict(zip(LIMITS, (per_million, peak, size), strict=True))
    for name, value in measured.items():
        print(f"{name}: {value:.1f} (limit {LIMITS[name]:g})")
    exceeded = any(value > LIMITS[name] for name, value in measured.items())
    sys.exit(exceeded and not chosen.smallest)


if __name__ == "__main__":
    main()
