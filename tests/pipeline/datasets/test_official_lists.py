"""Official files of UCF101, HMDB51, Diving48 and Kinetics-600/700, in exactly their formats."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.datasets.annotations import read_annotations
from pipeline.errors import SettingsError
from pipeline.settings import SourceSettings
from pipeline.stages.filter import filter_clips
from tests.support.project import write_params
from tests.support.videos import H264, make_video, moving_clip


def source(folder: Path, format_: str, classes: list[str], **splits: str) -> SourceSettings:
    lines = [f"{number},{name}" for number, name in enumerate(classes)]
    (folder / "classes.csv").write_text("\n".join(["class_id,class_name", *lines]) + "\n")
    values: dict[str, Any] = {"format": format_, "splits": splits}
    return SourceSettings(
        videos=folder / "videos", annotations=folder, classes=folder / "classes.csv", **values
    )


def write_ucf101(folder: Path) -> SourceSettings:
    lists = folder / "ucfTrainTestlist"
    lists.mkdir()
    (lists / "classInd.txt").write_text(
        "1 ApplyEyeMakeup\r\n2 ApplyLipstick\r\n3 Archery\r\n\r\n", newline=""
    )
    (lists / "trainlist01.txt").write_text(
        "ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1\r\nArchery/v_Archery_g08_c02.avi 3\r\n",
        newline="",
    )
    (lists / "testlist01.txt").write_text(
        "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi\r\nArchery/v_Archery_g01_c01.avi\r\n",
        newline="",
    )
    names = ["Archery", "ApplyEyeMakeup"]
    return source(folder, "ucf101", names, train="trainlist01.txt", val="testlist01.txt")


def test_split_lists_of_ucf101(tmp_path: Path) -> None:
    found = [
        (clip.split, clip.key, clip.label_id, clip.source_label_id)
        for clip in read_annotations(write_ucf101(tmp_path))
    ]
    assert found == [
        ("train", "v_ApplyEyeMakeup_g08_c01", 1, 1),
        ("train", "v_Archery_g08_c02", 0, 3),
        ("val", "v_ApplyEyeMakeup_g01_c01", 1, 1),
        ("val", "v_Archery_g01_c01", 0, 3),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "Archery/v_Archery_g01_c01.avi 2",
            "list01.txt, line 1: class 'Archery' with number 2",
        ),
        ("Bowling/v_Bowling_g01_c01.avi", "line 1: class 'Bowling' with number none does not"),
        ("v_Archery_g01_c01", "line 1: is 'v_Archery_g01_c01'; it must be `<class>/<video>.avi`"),
    ],
)
def test_wrong_lists_of_ucf101(tmp_path: Path, line: str, words: str) -> None:
    settings = write_ucf101(tmp_path)
    (tmp_path / "ucfTrainTestlist/testlist01.txt").write_text(line + "\n")
    with pytest.raises(SettingsError, match=words):
        read_annotations(settings)


def write_hmdb51(folder: Path) -> SourceSettings:
    lists = folder / "testTrainMulti_7030_splits"
    lists.mkdir()
    (lists / "brush_hair_test_split1.txt").write_text(
        "April_09_brush_hair_u_nm_np1_ba_goo_0.avi 1 \n"
        "#20_Rhythm_clap_u_nm_np1_fr_goo_0.avi 2 \n"
        "Blonde_being_brushed_brush_hair_f_nm_np2_ri_med_0.avi 0 \n"
    )
    (lists / "clap_test_split1.txt").write_text(
        "#20_Rhythm_clap_u_nm_np1_fr_goo_0.avi 1 \nA(1)&b!_clap_u_nm_np1_fr_goo_1.avi 2 \n"
    )
    (lists / "clap_test_split2.txt").write_text("other_clap_u_nm_np1_fr_goo_0.avi 1 \n")
    return source(folder, "hmdb51", ["brush_hair", "clap"], train="split1", val="split1")


def test_splits_of_hmdb51(tmp_path: Path) -> None:
    clips = read_annotations(write_hmdb51(tmp_path))
    found = {(clip.split, clip.video_id, clip.label_name) for clip in clips}
    assert found == {
        ("train", "April_09_brush_hair_u_nm_np1_ba_goo_0", "brush_hair"),
        ("train", "#20_Rhythm_clap_u_nm_np1_fr_goo_0", "clap"),
        ("val", "#20_Rhythm_clap_u_nm_np1_fr_goo_0", "brush_hair"),
        ("val", "A(1)&b!_clap_u_nm_np1_fr_goo_1", "clap"),
    }
    assert len({clip.key for clip in clips}) == 4


def test_wrong_files_of_hmdb51(tmp_path: Path) -> None:
    settings = write_hmdb51(tmp_path)
    with pytest.raises(SettingsError, match="no file `<class>_test_split3.txt`; put the official"):
        read_annotations(settings.model_copy(update={"splits": {"val": "split3"}}))
    path = tmp_path / "clap_test_split1.txt"
    path.write_text("a.avi 1\n")
    with pytest.raises(SettingsError, match="several files of one class and split"):
        read_annotations(settings)
    path.unlink()
    (tmp_path / "testTrainMulti_7030_splits/clap_test_split1.txt").write_text("a.avi 3\n")
    with pytest.raises(SettingsError, match=r"line 1: is 'a.avi 3'; it must be `<video>.avi` and"):
        read_annotations(settings)


PICTURE = {"short_side": 48, "crop": 40, "clips_per_shard": 3}
VOCABULARY = [["Back", "15som", "05Twis", "FREE"], ["Inward", "Dive", "NoTwis", "PIKE"]]


def write_diving48(folder: Path, label: object = 1, video: object = "-AbC_12345x_00001") -> Any:
    (folder / "Diving48_vocab.json").write_text(json.dumps(VOCABULARY))
    row = {"vid_name": video, "label": label, "start_frame": 0, "end_frame": 87}
    (folder / "Diving48_V2_test.json").write_text(json.dumps([row]))
    names = ["Inward Dive NoTwis PIKE"]
    return source(folder, "diving48", names, val="Diving48_V2_test.json")


def test_files_of_diving48(tmp_path: Path) -> None:
    (clip,) = read_annotations(write_diving48(tmp_path))
    assert (clip.key, clip.label_id, clip.source_label_id) == ("-AbC_12345x_00001", 0, 1)


@pytest.mark.parametrize(
    ("label", "video", "words"),
    [
        (2, "a_1", r"entry 0: label is 2, not in 0..1"),
        (True, "a_1", "entry 0: label is True"),
        (1, "../a", "entry 0: vid_name is '../a'; it must be"),
        (1, 7, "entry 0: vid_name is 7"),
    ],
)
def test_wrong_files_of_diving48(tmp_path: Path, label: object, video: object, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_annotations(write_diving48(tmp_path, label, video))
    (tmp_path / "Diving48_vocab.json").write_text('{"Back": 0}')
    with pytest.raises(SettingsError, match="must be a list of classes, each a list of words"):
        read_annotations(write_wrong_vocabulary(tmp_path))


def write_wrong_vocabulary(folder: Path) -> SourceSettings:
    settings: SourceSettings = write_diving48(folder)
    (folder / "Diving48_vocab.json").write_text('{"Back": 0}')
    return settings


@pytest.mark.parametrize("name", ["kinetics600", "kinetics700_2020"])
def test_kinetics_600_and_700_have_the_files_of_kinetics_400(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "validate.csv").write_text(
        "label,youtube_id,time_start,time_end,split\n"
        '"passing American football (not in game)",-0WZKTu0xfk,95.0,105.0,validate\n'
        "abseiling,-3gSs1Y2yJg,20,30,validate\n"
    )
    settings = source(tmp_path, "kinetics", ["abseiling"], val="val.csv")
    (clip,) = read_annotations(settings)
    assert (clip.key, clip.source_label_id) == ("-3gSs1Y2yJg_000020_000030", 0)


def test_videos_of_all_formats_are_found_and_counted(tmp_path: Path) -> None:
    sources = {}
    for name, write, files in (
        ("ucf101", write_ucf101, ("Archery/v_Archery_g01_c01.avi", "v_Archery_g08_c02.mp4")),
        ("hmdb51", write_hmdb51, ("clap/A(1)&b!_clap_u_nm_np1_fr_goo_1.avi",)),
        ("diving48", write_diving48, ("-AbC_12345x_00001.mp4",)),
    ):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        sources[name] = write(folder)
        for file in files:
            make_video(folder / "videos" / file, *H264, clip=moving_clip(8))
    values = {name: one.model_dump(mode="json") for name, one in sources.items()}
    params = write_params(
        tmp_path,
        datasets=["ucf101", "hmdb51", "diving48"],
        filter={"sources": values, "min_frames": 8},
        decode={"pictures": dict.fromkeys(values, PICTURE)},
        corrupt={"levels": dict.fromkeys(values, "mini_kinetics")},
        models={name: {} for name in values},
    )
    rows = {name: filter_clips(params, tmp_path, name) for name in values}
    found = {
        name: sorted(
            f"{row['source_path']} {row['status']} {row['reason']}".strip() for row in some
        )
        for name, some in rows.items()
    }
    assert found == {
        "ucf101": [
            "Archery/v_Archery_g01_c01.avi ok",
            *["None missing no file"] * 2,
            "v_Archery_g08_c02.mp4 ok",
        ],
        "hmdb51": ["None missing no file"] * 3 + ["clap/A(1)&b!_clap_u_nm_np1_fr_goo_1.avi ok"],
        "diving48": ["-AbC_12345x_00001.mp4 ok"],
    }
