"""Page of the calibration: a table of `video-corruptions calibrate`, by corruption and by set."""

import csv
from collections.abc import Sequence
from pathlib import Path

from corruptions import SETS, SEVERITIES
from docs.site.tables import table
from pipeline.tools.calibrate import Level, out_of_order

FILE = Path(__file__).with_name("calibration.csv")

TEXT = """# Calibration

How much each severity changes the pictures: the mean PSNR (dB) and the mean SSIM over {clips}
videos of the demo dataset (32 frames each; drawn scenes of 160 x 128, enlarged to 224 x 224), and
for codecs the mean bit rate (kbit/s). The numbers are the output of

```sh
python -m pipeline calibrate my_videos/*.mp4 --set paper12 --output calibration
```

which also draws them and names the severities that are not worse than the one before. Measure your
own videos the same way: bit rates and the effect of codecs depend on the content, and the few
clips here say little about corruptions that are drawn at random, such as lost packets. PSNR and
SSIM compare pixel by pixel: corruptions that move frames or pixels (order, speed, rotation) are not
measured by them. Equal frames count as 100 dB.
"""


def page() -> str:
    """Return the page."""
    with FILE.open() as file:
        rows = list(csv.DictReader(file))
    levels = [
        Level(
            row["corruption"],
            int(row["severity"]),
            int(row["clips"]),
            float(row["psnr_db"]),
            float(row["ssim"]),
            1000 * float(row["kbit_per_second"]) if row["kbit_per_second"] else None,
        )
        for row in rows
    ]
    parts = [TEXT.format(clips=levels[0].clips), "## By set", *_sets(levels)]
    heads = [f"severity {severity}" for severity in SEVERITIES]
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
        parts += [f"## {title}", "\n".join(table(("corruption", *heads), shown))]
    parts += ["## Severities that are not worse than the one before"]
    parts += ["\n".join(f"- {sentence}" for sentence in out_of_order(levels))]
    return "\n\n".join(parts) + "\n"


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
