"""Named sets of corruptions; an mPC is reported with the set that it averages over."""

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
    # fifteen, with our definitions.
    "kinetics50_c": IMAGENET_C15,
    # KITTI-FC and GoPro-FC (Yi et al., 2024) without their blur by measured point spread functions,
    # for which there is no formula: 23 of 24. Object motion blur is `frame_accumulation`; exposure
    # is wrong in all frames, not in one of two; contrast, fog and bit errors have our tables.
    "flow_fc": (
        "gaussian_noise",
        "shot_noise",
        "impulse_noise",
        "gaussian_blur",
        "defocus_blur",
        "glass_blur",
        "linear_motion_blur",
        "frame_accumulation",
        "spatter",
        "fog",
        "frost",
        "snow",
        "brightness",
        "low_light",
        "over_exposure_ev",
        "under_exposure",
        "jpeg",
        "pixelate",
        "contrast",
        "saturate",
        "h264_crf",
        "h264_abr",
        "bit_error",
    ),
    # The 36 kinds of noise of NoisyVideo (2025), where needed by another formula of ours: its block
    # on the objects that a detector finds is `moving_block`; its bit error and H.265 are painted or
    # coded twice, ours are the real streams; its severity is the share of the frames that are hit.
    "noisyvideo36": (
        "gaussian_noise",
        "impulse_noise",
        "speckle_noise",
        "shot_noise",
        "frame_drop",
        "frame_shuffle",
        "frame_repeat",
        "temporal_jitter",
        "gaussian_blur",
        "linear_motion_blur",
        "defocus_blur",
        "glass_blur",
        "zoom_blur",
        "brightness",
        "contrast",
        "color_shift",
        "flicker",
        "over_exposure_ev",
        "under_exposure",
        "rain",
        "fog",
        "snow",
        "frost",
        "reflection",
        "shadow",
        "rolling_shutter",
        "resolution",
        "aspect_stretch",
        "jagged_edges",
        "banding",
        "elastic_transform",
        "random_block",
        "moving_block",
        "jpeg",
        "bit_error",
        "h265_crf",
    ),
}


def set_of(corruptions: list[str] | tuple[str, ...]) -> str:
    """Return the name of the set with these corruptions in any order, "custom" if there is none.

    Of sets with the same corruptions, the first.
    """
    for name, members in SETS.items():
        if sorted(members) == sorted(corruptions):
            return name
    return "custom"
