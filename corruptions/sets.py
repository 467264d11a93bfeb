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

IMAGENET_C15 = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "linear_motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg",
)

SETS: dict[str, tuple[str, ...]] = {
    # What the sample figures of the paper show; our default.
    "paper12": PAPER12,
    # What the authors' evaluator lists.
    "code12": tuple("h264_crf" if name == "h265_abr" else name for name in PAPER12),
    "all14": (*PAPER12, "h264_crf", "h264_abr"),
    # Temporal and camera perturbations of UCF101-P and Kinetics400-P (Schiappa et al., CVPR 2023).
    "ucf101p": (
        "freeze",
        "jumble",
        "box_jumble",
        "reverse",
        "sampling",
        "rotation_static",
        "rotation_dynamic",
        "translation",
    ),
    # Localised corruptions of temporal action detection (Zeng et al., CVPR 2024).
    "tad": (
        "black_frames",
        "over_exposure",
        "occlusion",
        "local_motion_blur",
        "local_packet_loss",
    ),
    # The twelve of video test-time adaptation (Lin et al., CVPR 2023), its motion blur by
    # ImageMagick; contrast, rain, shot_noise and h265_abr with our severity tables.
    "tta12": (
        "gaussian_noise",
        "pepper_noise",
        "salt_noise",
        "shot_noise",
        "impulse_noise",
        "zoom_blur",
        "defocus_blur",
        "motion_blur_magick",
        "jpeg",
        "contrast",
        "rain",
        "h265_abr",
    ),
    # The fifteen of ImageNet-C (Hendrycks and Dietterich, ICLR 2019) on every frame. Contrast has
    # the video benchmark's severity table (0.5 to 0.1; ImageNet-C: 0.4 to 0.05), frost is drawn,
    # and what is on the lens (glass, frost, fog, spatter, elastic) stays in place during a clip.
    "imagenet_c15": IMAGENET_C15,
    # With the four that ImageNet-C holds out for validation.
    "imagenet_c19": (*IMAGENET_C15, "speckle_noise", "gaussian_blur", "spatter", "saturate"),
    # The visual corruptions of Kinetics50-C and VGGSound-C (Yang et al., ICLR 2024): the same
    # fifteen; its code draws all random numbers of every frame anew.
    "kinetics50_c": IMAGENET_C15,
}


def set_of(corruptions: list[str] | tuple[str, ...]) -> str:
    """Name of the set that these corruptions are, in any order; "custom" if it has no name."""
    for name, members in SETS.items():
        if sorted(members) == sorted(corruptions):
            return name
    return "custom"
