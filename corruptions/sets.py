"""Named sets of corruptions: an mPC always says which one it averages."""

PAPER12 = (
    "shot_noise",
    "motion_blur",
    "fog",
    "contrast",
    "brightness",
    "saturate",
    "rain",
    "h265_abr",
    "h265_crf",
    "bit_error",
    "packet_loss",
    "frame_rate",
)

SETS: dict[str, tuple[str, ...]] = {
    # What the sample figures of the paper show; our default.
    "paper12": PAPER12,
    # What the authors' evaluator lists.
    "code12": tuple("h264_crf" if name == "h265_abr" else name for name in PAPER12),
    "all14": (*PAPER12, "h264_crf", "h264_abr"),
}


def set_of(corruptions: list[str] | tuple[str, ...]) -> str:
    """Name of the set that these corruptions are, in any order; "custom" if it has no name."""
    for name, members in SETS.items():
        if sorted(members) == sorted(corruptions):
            return name
    return "custom"
