"""What the columns of the manifests mean; the build stops where a column has no description."""

IDENTITY = {
    "key": "Name of the sample in its shard, made of `A-Z a-z 0-9 _ -`; joins the manifests.",
    "clip_id": "The same: `<youtube_id>_<start>_<end>` for Kinetics, the number for SSV2.",
    "dataset": "Name of the dataset in `params.yaml`.",
    "split": "Split that the annotations list the clip in.",
    "label_id": "Class index: place in the class list, from 0.",
    "label_name": "Class name as the class list has it.",
    "source_label_id": "Index of the class among all of the annotations; null where no labels file "
    "of SSV2 is named.",
}

SOURCE = {
    "source_path": "The video, below `filter.sources.<dataset>.videos`; null if there is none.",
    "source_sha256": "SHA-256 of the video file.",
}

CLIPS = {
    **IDENTITY,
    "status": "`ok`, `missing` or `broken`.",
    "reason": "One line that says why the clip cannot be used, in the decoder's words; else empty.",
    **SOURCE,
    "source_size": "Size of the video file, bytes.",
    "container": "FFmpeg's name of the container.",
    "codec": "Codec of the source's video stream.",
    "pix_fmt": "Pixel format of the source, in FFmpeg's words.",
    "width": "Width of the coded pictures, pixels.",
    "height": "Height of the coded pictures, pixels.",
    "rotation": "Degrees by which the file says the picture must be turned to be shown.",
    "fps_num": "Frame rate: numerator.",
    "fps_den": "Frame rate: denominator.",
    "num_frames": "Frames of the source: packets of its video stream.",
    "duration_seconds": "Length of the video stream.",
    "bit_rate": "Bits per second of the video stream alone.",
}
"""Null from `source_size` on where there is nothing to read."""

CELLS = {
    **IDENTITY,
    "corruption": "Name of the corruption, or `clean`.",
    "family": "`spatial`, `temporal` or `compression`; `clean` in the clean set.",
    "severity": "1 to 5; 0 in the clean set.",
    "dialect": "`ours` or `original`; null in the clean set.",
    "params": "JSON: `level` of this severity and, for `bit_error` and `packet_loss`, `damage`: "
    "how many bytes and datagrams were hit.",
    "seed": "Seed of the run; null in the clean set.",
    "status": "`ok` or `failed`.",
    "reason": "One line that says why there is no clip; else empty. What describes the clip is "
    "null then.",
    "shard": "The tar file, relative to the project's folder.",
    "member": "Name of the video inside the tar.",
    "offset": "First byte of the video in the tar: `seek` to it.",
    "size": "Bytes of the video: `read` so many.",
    "sha256": "SHA-256 of these bytes.",
    "frames_sha256": "SHA-256 of the RGB frames that went into the payload.",
    "codec": "Codec of the stored clip.",
    "pix_fmt": "Pixel format of the stored clip.",
    "width": "Width of the stored frames, pixels.",
    "height": "Height of the stored frames, pixels.",
    "fps_num": "Frame rate of the stored clip: numerator.",
    "fps_den": "Frame rate of the stored clip: denominator.",
    "num_frames": "Frames that are stored.",
    "num_frames_source": "Frames of the source.",
    "duration_seconds": "Length of the stored clip.",
    **SOURCE,
    "damaged_frames": "Coded pictures that `bit_error` or `packet_loss` changed a byte of.",
    "repeated_frames": "Frames that repeat another one because theirs could not be decoded.",
    "psnr": "PSNR of the corrupted frames against the clean ones, before the payload, dB; null "
    "where they are equal, where the number of frames changes, and in the clean set.",
    "recipe_hash": "Hash of everything that decided the bytes of the shard.",
    "encoder": "Settings of the payload; before them, for compression corruptions, encoder, "
    "options and version.",
    "tool_version": "Version of this project.",
}

PREDICTIONS = {
    "dataset": "Name of the dataset.",
    "model": "Name of the model in `params.yaml`.",
    "key": "Name of the sample, as in the other manifests.",
    "corruption": "Name of the corruption, or `clean`.",
    "severity": "1 to 5; 0 in the clean set.",
    "label_id": "True class index.",
    "status": "That of the clip in this cell; `failed` counts as wrong in `strict` accounting.",
    "top5": "The five class indices with the largest logits, largest first.",
    "top5_logits": "Their logits.",
    "correct1": "Whether the first is the true class.",
    "correct5": "Whether the true class is among the five.",
    "recipe_hash": "Hash of code, weights, parameters and clips that decided the answers.",
}

TABLES = {
    "CLIPS": (
        "clips.parquet",
        "Every listed clip, also those that are missing or broken; written by `filter`.",
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
        "What a model answered for every clip and cell; written by `evaluate`.",
        PREDICTIONS,
    ),
}
"""Schema in `pipeline.io.manifest` to its files, its sentence and its columns."""
