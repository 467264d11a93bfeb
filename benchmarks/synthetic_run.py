"""Synthetic inputs of the report, as large as those of a full run.

Predictions and manifests have the sizes of Mini Kinetics-C and Mini SSV2-C. The shards are real
ones of 224 x 224 pixels of a few clips, which stand for all clips, so that the page has its videos.
"""

import shutil
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from corruptions import corrupt, names
from corruptions.types import Clip, UndecodableError
from pipeline.io.hashing import sha256_file
from pipeline.models.registry import names as models_of_the_zoo
from pipeline.params import Params, load
from pipeline.stages.report.page.clips import CLIPS as NUM_SHOWN
from pipeline.stages.report.predictions import BENCHMARK
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.payload import write_payload

ROOT = Path(__file__).resolve().parent.parent
NUM_CLASSES = {"mini_kinetics": 200, "mini_ssv2": 87}
CLIPS_PER_SHARD = 64
MODELS = (
    "timesformer", "resnet3d_50", "i3d", "slowfast_8x4", "tam_resnet50", "resnet3d_18", "x3d_m",
    "videomae_vit_large_patch16_224_kinetics400", "model9", "model10", "model11", "model12",
    "model13", "model14",
)  # fmt: skip
"""Most are of the zoo; one has a long name, as checkpoints of hubs have."""
SIDE, FPS = 224, Fraction(25)


@dataclass(frozen=True)
class Size:
    """Numbers of synthetic clips and models, frames per stored clip, and names of the datasets."""

    clips: int
    models: int
    frames: int
    datasets: tuple[str, ...] = ("mini_kinetics",)


def write_run(root: Path, size: Size, corruptions: str | None) -> Params:
    """Write all inputs of the report; `corruptions` are names with commas, or a number of names."""
    params = write_params(root, size, corruptions)
    shown = write_shown(root, params, size)
    for dataset in size.datasets:
        write_manifests(root, dataset, params, size, shown)
        write_predictions(root, dataset, params, size)
    return params


def write_params(root: Path, size: Size, corruptions: str | None) -> Params:
    """Write params.yaml, class lists and leaderboards; return the parameters."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    values["datasets"] = list(size.datasets)
    zoo = models_of_the_zoo()
    for dataset in size.datasets:
        values["models"][dataset] = {
            name: {"model": name if name in zoo else "x3d_m", "weights": f"{name}.pt"}
            for name in MODELS[: size.models]
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


def labels(clips: int, dataset: str) -> np.ndarray:
    """Return the labels of the synthetic clips."""
    return np.arange(clips) % NUM_CLASSES[dataset]


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


def decodable(clip: Clip, name: str, severity: int, number: int) -> Clip:
    """Corrupt with the first key whose damage leaves a picture that a decoder can restore."""
    for attempt in count():
        try:
            return corrupt(clip, name, severity, key=f"{number}-{attempt}", fps=FPS)
        except UndecodableError:
            continue
    raise AssertionError


def write_shown(
    root: Path, params: Params, size: Size
) -> list[dict[tuple[str, int], dict[str, object]]]:
    """Write the clips that the page shows in every cell; return what is stored where, per clip."""
    shown = []
    for number in range(NUM_SHOWN):
        clip = picture(number, size.frames)
        rows: dict[tuple[str, int], dict[str, object]] = {}
        cells = [("clean", 0), *((c, s) for c in params.corruptions for s in params.severities)]
        for name, severity in cells:
            made = clip if name == "clean" else decodable(clip, name, severity, number)
            path = root / f"data/shown/{number}-{name}-{severity}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(write_payload(made, FPS * len(made) / len(clip), params.payload))
            rows[name, severity] = {
                "shard": path.relative_to(root).as_posix(),
                "offset": 0,
                "size": path.stat().st_size,
                "sha256": sha256_file(path),
                "num_frames": len(made),
            }
        shown.append(rows)
    return shown


def write_manifests(
    root: Path,
    dataset: str,
    params: Params,
    size: Size,
    shown: list[dict[tuple[str, int], dict[str, object]]],
) -> None:
    """Write clips.parquet and the manifest of every corruption."""
    paths = DatasetPaths(root, dataset)
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
        for key, label in zip(keys(size.clips), labels(size.clips, dataset).tolist(), strict=True)
    ]
    manifest.write(paths.clips, clips, schemas.CLIPS)
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
                    "member": f"{clip['key']}.mp4",
                    "width": SIDE,
                    "height": SIDE,
                    "fps_num": FPS.numerator,
                    "fps_den": FPS.denominator,
                    "psnr": 20.0 + number % 7,
                    "recipe_hash": f"{corruption}{severity}{number // CLIPS_PER_SHARD:032d}",
                    "encoder": f"libx265 b={1000 * (number % 500)}",
                }
                rows.append(row | shown[number % NUM_SHOWN][corruption, severity])
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


def write_predictions(root: Path, dataset: str, params: Params, size: Size) -> None:
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
        total = len(cells) * size.clips
        classes = NUM_CLASSES[dataset]
        label = np.tile(labels(size.clips, dataset), len(cells))
        answer = np.where(right, label, (label + 1) % classes).astype(np.int32)
        best = np.stack([answer, *((answer + 2 + n) % classes for n in range(4))], axis=1)
        ends = pa.array(np.arange(0, 5 * total + 1, 5, dtype=np.int32))
        logits = rng.random(5 * total, dtype=np.float32)
        table = pa.table(
            {
                "dataset": pa.repeat(dataset, total),
                "model": pa.repeat(model, total),
                "protocol": pa.repeat(BENCHMARK, total),
                "key": pa.array(keys(size.clips) * len(cells)),
                "corruption": pa.array([name for name, _ in cells for _ in range(size.clips)]),
                "severity": np.repeat([s for _, s in cells], size.clips).astype(np.int32),
                "label_id": label.astype(np.int32),
                "status": pa.repeat("ok", total),
                "top5": pa.ListArray.from_arrays(ends, pa.array(best.ravel().astype(np.int32))),
                "top5_logits": pa.ListArray.from_arrays(ends, pa.array(logits)),
                "correct1": right,
                "correct5": right,
                **scores(right, rng),
                "device": pa.repeat("cpu", total),
                "precision": pa.repeat("fp32", total),
                "recipe_hash": pa.repeat("0" * 32, total),
            },
            schema=schemas.PREDICTIONS.arrow,
        )
        folder = DatasetPaths(root, dataset).predictions
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, folder / f"{model}.parquet", compression="zstd")
