"""Page of the calibration: a table of `video-corruptions calibrate`, by corruption and by set."""

import csv
from collections.abc import Sequence
from pathlib import Path

from corruptions import SETS, SEVERITIES
from docs.site.tables import table
from pipeline.tools.calibrate import Level, draw, out_of_order

TEXT = """# Calibration

How much each severity changes the pictures: the mean PSNR (dB) and the mean SSIM, and for codecs
the mean bit rate (kbit/s), over two samples:

- *demo*: {demo} videos of the demo dataset (32 frames each; drawn scenes of 160 x 128, enlarged to
  224 x 224),
- *cockatoo*: a filmed bird, 1.6 seconds of 1280 x 720 (32 frames, reduced to 224 x 224). It is
  `cockatoo.mp4` of ImageIO's [standard
  images](https://imageio.readthedocs.io/en/stable/user_guide/standardimages.html), which are in the
  public domain to the best of its authors' knowledge (SHA-256 `5fde35f5...`).

The numbers are the output of

```sh
python -m pipeline calibrate my_videos/*.mp4 --set paper12 --output calibration
```

which also draws them and names the severities that are not worse than the one before. Measure your
own videos the same way: bit rates and the effect of codecs depend on the content, and the few
clips here say little about corruptions that are drawn at random, such as lost packets. PSNR and
SSIM compare pixel by pixel: corruptions that move frames or pixels (order, speed, rotation) are not
measured by them. Equal frames count as 100 dB.
"""

FILES = {
    "demo": Path(__file__).with_name("calibration.csv"),
    "cockatoo": Path(__file__).with_name("calibration_cockatoo.csv"),
}


def page(pictures: Path) -> str:
    """Return the page, and draw its plots in `pictures`."""
    samples = {name: _read(path) for name, path in FILES.items()}
    parts = [TEXT.format(demo=samples["demo"][0].clips)]
    for name, levels in samples.items():
        parts += [f"## Sets: {name}", *_sets(levels)]
    for name, levels in samples.items():
        parts += [f"## Corruptions: {name}", *_corruptions(levels, name, pictures)]
    for name, levels in samples.items():
        parts += [f"## Severities that are not worse than the one before: {name}"]
        parts += ["\n".join(f"- {sentence}" for sentence in out_of_order(levels))]
    return "\n\n".join(parts) + "\n"


def _read(path: Path) -> list[Level]:
    with path.open() as file:
        return [
            Level(
                row["corruption"],
                int(row["severity"]),
                int(row["clips"]),
                float(row["psnr_db"]),
                float(row["ssim"]),
                1000 * float(row["kbit_per_second"]) if row["kbit_per_second"] else None,
            )
            for row in csv.DictReader(file)
        ]


def _corruptions(levels: Sequence[Level], sample: str, pictures: Path) -> list[str]:
    """Return the tables of one sample and its plot."""
    pictures.mkdir(parents=True, exist_ok=True)
    draw(levels, pictures / f"calibration_{sample}.svg")
    heads = [f"severity {severity}" for severity in SEVERITIES]
    parts = []
    for title, value in (
        ("PSNR", lambda level: f"{level.psnr:.1f}"),
        ("SSIM", lambda level: f"{level.ssim:.3f}"),
        (
            "Bit rate",
            lambda level: "" if level.bit_rate is None else f"{level.bit_rate / 1000:.0f}",
        ),
    ):
        shown = [
            (f"[{name}](../corruptions/{name}.md)", *map(value, _of(levels, name)))
            for name in dict.fromkeys(level.corruption for level in levels)
            if title != "Bit rate" or _of(levels, name)[0].bit_rate is not None
        ]
        parts += [f"{title}:", "\n".join(table(("corruption", *heads), shown))]
    about = f"PSNR (blue) and SSIM (orange) of every corruption by severity: {sample}"
    image = f'<img src="../pictures/calibration_{sample}.svg" alt="{about}" loading="lazy">'
    return [*parts, image]


def _of(levels: Sequence[Level], name: str) -> list[Level]:
    return [level for level in levels if level.corruption == name]


def _sets(levels: Sequence[Level]) -> list[str]:
    """Return the means of every set per severity, and its corruptions that are not in order."""
    parts = []
    for value, title in ((lambda one: one.psnr, "PSNR"), (lambda one: one.ssim, "SSIM")):
        rows = []
        for name, members in SETS.items():
            inside = [level for level in levels if level.corruption in members]
            means = []
            for severity in SEVERITIES:
                values = [value(level) for level in inside if level.severity == severity]
                means.append(f"{sum(values) / len(values):.{1 if title == 'PSNR' else 3}f}")
            wrong = {one.split(":")[0] for one in out_of_order(inside) if f"the {title}" in one}
            rows.append((f"`{name}`", *means, ", ".join(sorted(wrong))))
        heads = (*(f"severity {severity}" for severity in SEVERITIES), "not in order")
        parts += [f"Mean {title}:", "\n".join(table(("set", *heads), rows))]
    return parts
