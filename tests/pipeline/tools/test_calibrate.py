"""Calibration measures what users measure themselves, and says which severities are not worse."""

import csv
from pathlib import Path

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from typer.testing import CliRunner

from corruptions import SETS, corrupt
from pipeline.__main__ import app
from pipeline.datasets.video_sample import take_sample
from pipeline.errors import ClipError
from pipeline.media.quality import psnr, squared_error, ssim
from pipeline.tools.calibrate import COLUMNS, Level, calibrate, out_of_order
from tests.support.videos import H264, make_video, moving_clip


def frames(seed: int, height: int = 60, width: int = 90) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_ssim_and_psnr_are_those_of_scikit_image() -> None:
    clean = moving_clip(1, 60, 90)[0]
    for noise in (0.1, 0.6):
        made = (clean * (1 - noise) + frames(1) * noise).astype(np.uint8)
        grey = [one @ np.array([0.299, 0.587, 0.114]) for one in (made, clean)]
        expected = structural_similarity(
            *grey, data_range=255, gaussian_weights=True, use_sample_covariance=False
        )
        assert ssim(made, clean) == pytest.approx(expected, abs=2e-3)
        assert psnr(squared_error(made, clean), made.size) == pytest.approx(
            peak_signal_noise_ratio(clean, made), abs=1e-6
        )
    assert ssim(clean, clean) == pytest.approx(1)
    assert ssim(frames(0, 1, 3), frames(0, 1, 3)) == pytest.approx(1)


def test_the_table_holds_the_quality_and_the_bit_rate_of_every_severity(tmp_path: Path) -> None:
    clip = moving_clip(20, 256, 256)
    videos = [make_video(tmp_path / f"{n}.mp4", *H264, clip=clip) for n in ("a", "b")]
    arguments = ["calibrate", *map(str, videos), "-o", str(tmp_path / "out"), "--seconds", "0.4"]
    result = CliRunner().invoke(app, [*arguments, "-c", "contrast", "-c", "h264_crf"])
    assert result.exit_code == 0, result.output
    with (tmp_path / "out/calibration.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    cells = [(row["corruption"], row["severity"], row["clips"]) for row in rows]
    assert cells == [(name, str(s), "2") for name in ("contrast", "h264_crf") for s in range(1, 6)]
    rates = [row["kbit_per_second"] for row in rows]
    assert rates[:5] == [""] * 5
    assert sorted(map(float, rates[5:]), reverse=True) == list(map(float, rates[5:]))
    assert 0 < float(rates[9]) < 0.7 * float(rates[5])
    assert "<svg" in (tmp_path / "out/calibration.svg").read_text()
    sample = take_sample(videos[0], 0.4).clip
    made = corrupt(sample, "contrast", 3, key="preview")
    value = psnr(squared_error(made, sample), made.size)
    assert float(rows[2]["psnr_db"]) == pytest.approx(value, abs=0.006)
    again = CliRunner().invoke(app, [*arguments, "--set", "tad"])
    assert again.exit_code == 2
    assert "--force" in again.output


def test_a_severity_that_is_not_worse_is_named() -> None:
    good = [Level("fog", s, 1, 40.0 - s, 1 - s / 10, None) for s in (1, 2, 3)]
    assert out_of_order(good) == []
    assert out_of_order([*good, Level("rain", 1, 1, 50.0, 0.99, None)]) == []
    bad = [*good[:2], Level("fog", 3, 1, 38.5, 0.1, None)]
    assert out_of_order(bad) == [
        "fog: the PSNR of severity 3 is not below that of severity 2 (38.5 and 38)"
    ]


def test_a_video_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(ClipError, match="text.mp4: cannot open"):
        calibrate([tmp_path / "text.mp4"], tmp_path, ["fog"], seconds=1, force=False)


def test_a_set_is_previewed_by_its_name(tmp_path: Path) -> None:
    video = make_video(tmp_path / "clip.mp4", *H264, clip=moving_clip(10, 96, 128))
    arguments = ["preview", str(video), "-o", str(tmp_path / "out"), "--seconds", "0.2"]
    result = CliRunner().invoke(app, [*arguments, "--set", "tad"])
    assert result.exit_code == 0, result.output
    made = {path.stem for path in (tmp_path / "out").glob("*.mp4")}
    assert made == set(SETS["tad"])
    wrong = CliRunner().invoke(app, [*arguments, "--set", "tadd"])
    assert wrong.exit_code == 2
    assert "unknown set 'tadd'" in wrong.output
