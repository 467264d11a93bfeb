"""Descriptions of the columns of the manifests, for the documentation and for Croissant."""

IDENTITY = {
    "key": "Key of the sample in its shard, of characters `A-Z a-z 0-9 _ -`; joins the manifests.",
    "clip_id": "Equal to `key`: `<youtube_id>_<start>_<end>` for Kinetics, the number for SSV2.",
    "dataset": "Name of the dataset in `params.yaml`.",
    "split": "Split of the clip in the annotations.",
    "label_id": "Class index: position in the class list, from 0.",
    "label_name": "Class name in the class list.",
    "source_label_id": "Index of the class among all classes of the annotations; null if no labels "
    "file of SSV2 is given.",
}

SOURCE = {
    "source_path": "Path of the video in `filter.sources.<dataset>.videos`; null if missing.",
    "source_sha256": "SHA-256 of the video file.",
}

SEGMENT = {
    "segment_start": "First second of the video that belongs to the clip; null: its first frame.",
    "segment_end": "Second of the video before which the clip ends; null: its last frame.",
}

TIMES = {
    "ticks_per_second": "Unit of `frame_ticks`; null if the frames are evenly spaced.",
    "frame_ticks": "Variable frame rate: when each frame is shown and when the last one ends.",
}

CLIPS = {
    **IDENTITY,
    "status": "`ok`, `missing` or `broken`.",
    "reason": "Why the clip cannot be used, in one line, with the decoder's message; else empty.",
    **SOURCE,
    **SEGMENT,
    "source_size": "Size of the video file, bytes.",
    "container": "FFmpeg's name of the container.",
    "codec": "Codec of the source's video stream.",
    "pix_fmt": "FFmpeg's name of the pixel format of the source.",
    "width": "Width of the frames after the cropping that the file requests, pixels.",
    "height": "Height of the frames after the cropping that the file requests, pixels.",
    "rotation": "Rotation for display that the file requests, counter-clockwise: 0, 90, 180, 270.",
    "mirrored": "True if left and right are exchanged for display, after the rotation.",
    "fps_num": "Frame rate by the time stamps: numerator. The average if it is variable.",
    "fps_den": "Frame rate by the time stamps: denominator.",
    "stated_fps_num": "Frame rate that the header states: numerator; 0 if it states none.",
    "stated_fps_den": "Frame rate that the header states: denominator.",
    "variable_frame_rate": "True if the frames are not evenly spaced.",
    **TIMES,
    "num_frames": "Number of frames that are shown.",
    "duration_seconds": "Number of frames over the frame rate, seconds.",
    "bit_rate": "Bit rate of the video stream, without audio, bit/s.",
    "sample_aspect_ratio": "Width over height of a pixel, such as `64:51`, or `unknown`.",
    "color_range": "`tv` (limited), `pc` (full) or `unknown`.",
    "color_space": "FFmpeg's name of the colour matrix.",
    "color_transfer": "FFmpeg's name of the transfer characteristics.",
    "color_primaries": "FFmpeg's name of the primaries.",
    "field_order": "`progressive`, `tt`, `bb`, `tb`, `bt`, `interlaced` or `unknown`.",
}
"""Columns of clips.parquet; from `source_size` on they are null if the file cannot be read."""

CELLS = {
    **IDENTITY,
    "corruption": "Name of the corruption, or `clean`.",
    "family": "`spatial`, `temporal` or `compression`; `clean` in the clean set.",
    "severity": "1 to 5; 0 in the clean set.",
    "dialect": "`ours` or `original`; null in the clean set.",
    "params": "JSON: `level` of this severity, `timing` if `params.yaml` sets one and, for "
    "`bit_error` and `packet_loss`, `damage`: the number of damaged bytes and datagrams.",
    "seed": "Seed of the run; null in the clean set.",
    "status": "`ok` or `failed`.",
    "reason": "Why the clip could not be produced, in one line; else empty. The columns that "
    "describe the stored clip are then null.",
    "shard": "Path of the tar file, relative to the project's folder.",
    "member": "Name of the video inside the tar.",
    "offset": "Position of the first byte of the video in the tar, for `seek`.",
    "size": "Size of the video, bytes, for `read`.",
    "sha256": "SHA-256 of the bytes of the video.",
    "frames_sha256": "SHA-256 of the RGB frames before they were encoded as payload.",
    "codec": "Codec of the stored clip.",
    "pix_fmt": "Pixel format of the stored clip.",
    "width": "Width of the stored frames, pixels.",
    "height": "Height of the stored frames, pixels.",
    "fps_num": "Frame rate of the stored clip: numerator.",
    "fps_den": "Frame rate of the stored clip: denominator.",
    **TIMES,
    "num_frames": "Number of stored frames.",
    "num_frames_source": "Number of frames of the source.",
    "duration_seconds": "Duration of the stored clip, seconds.",
    **SOURCE,
    **SEGMENT,
    "damaged_frames": "Number of coded frames that `bit_error` or `packet_loss` changed.",
    "repeated_frames": "Number of frames that could not be decoded and repeat another one.",
    "psnr": "PSNR of the corrupted frames against the clean ones, before the payload, dB; null if "
    "they are equal, if the number of frames changes, and in the clean set.",
    "recipe_hash": "Hash of everything that determines the bytes of the shard.",
    "encoder": "Settings of the payload, preceded, for compression corruptions, by encoder, "
    "options and version.",
    "tool_version": "Version of this project.",
}

PREDICTIONS = {
    "dataset": "Name of the dataset.",
    "model": "Name of the model in `params.yaml`.",
    "protocol": "`benchmark` (one clip of uniform frames, one centre crop), or how the input of "
    "the model differs from it, such as `dense 16 x 4, 10 clips, 3 crops`.",
    "device": "`cpu`, or the name of the GPU that the model ran on.",
    "precision": "Numbers that the model computed in: `fp32`, `bf16` or `fp16`.",
    "key": "Key of the sample, as in the other manifests.",
    "corruption": "Name of the corruption, or `clean`.",
    "severity": "1 to 5; 0 in the clean set.",
    "label_id": "True class index.",
    "status": "Status of the clip in this cell; `failed` counts as wrong in `strict` accounting.",
    "top5": "The five class indices with the largest logits, largest first.",
    "top5_logits": "The logits of these classes.",
    "correct1": "True if the first of them is the true class.",
    "correct5": "True if the true class is among the five.",
    "confidence": "Largest softmax probability, 0 to 1.",
    "entropy": "Entropy of the softmax, nats.",
    "logsumexp": "Logarithm of the sum of the exponentials of the logits.",
    "nll": "Negative log probability of the true class, nats.",
    "sum_p2": "Sum of the squared softmax probabilities, for the Brier score.",
    "recipe_hash": "Hash of all code, weights, parameters and clips behind the predictions.",
}

EVALUATED = {
    **{name: IDENTITY[name] for name in ("key", "dataset", "split", "label_id")},
    **{
        name: CELLS[name]
        for name in ("corruption", "family", "severity", "dialect", "params", "seed", "status")
    },
    "reason": "Why the clip could not be produced, in one line; else empty.",
    "num_frames": "Number of frames that a shard would hold.",
    "frames": "Positions among them of the frames that were computed, ascending.",
    "frames_sha256": "SHA-256 of the RGB frames that were computed, before the payload.",
    "num_frames_source": CELLS["num_frames_source"],
    **SOURCE,
    **{name: CELLS[name] for name in ("damaged_frames", "repeated_frames")},
    "psnr": "PSNR of the frames that were computed against the clean ones, dB; null as in shards.",
    "recipe_hash": "Hash of everything that determines the frames of the unit.",
    "encoder": CELLS["encoder"],
}

TABLES = {
    "CLIPS": (
        "clips.parquet",
        "Every listed clip, including missing and broken ones; written by `filter`.",
        CLIPS,
    ),
    "CELLS": (
        "clean.parquet, <corruption>.parquet",
        "Every clip of the clean set, or of one corruption at all severities; written by `decode` "
        "and `corrupt`.",
        CELLS,
    ),
    "PREDICTIONS": (
        "predictions/<model>.parquet",
        "Predictions of a model for every clip and cell; written by `evaluate`. The columns from "
        "`confidence` to `sum_p2` are null in files of earlier versions.",
        PREDICTIONS,
    ),
    "EVALUATED": (
        "predictions/clips/<corruption>.parquet",
        "Every clip and cell that `evaluate` computed from its video; written with "
        "`evaluate.reads: videos`.",
        EVALUATED,
    ),
}
"""Schema of `pipeline.storage.schemas` to its files, a sentence and its columns."""
