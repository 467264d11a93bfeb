"""Official annotation files in, listed clips out; a wrong file is one clear error."""

import csv
import json
from pathlib import Path

import pytest

from pipeline.datasets.annotations import read_annotations
from pipeline.datasets.class_list import read_classes
from pipeline.errors import SettingsError
from pipeline.settings import SourceSettings
from tests.support.project import REPOSITORY

HEADER = "label,youtube_id,time_start,time_end,split"


def kinetics(folder: Path, lines: list[str], header: str = HEADER) -> SourceSettings:
    (folder / "val.csv").write_text("\n".join([header, *lines]) + "\n")
    classes = folder / "classes.csv"
    if not classes.exists():
        classes.write_text('class_id,class_name\n0,abseiling\n1,"petting animal (not cat)"\n')
    return SourceSettings(
        format="kinetics",
        videos=folder,
        annotations=folder,
        classes=classes,
        splits={"val": "val.csv"},
    )


GOOD = [
    "abseiling,3E7Jib8Yq5M,118,128,validate",
    "petting animal (not cat),-aBcD_12345,0,10,validate",
    "zumba,_aBcD-12345,5,15,validate",
]


def test_kinetics_keeps_the_listed_classes(tmp_path: Path) -> None:
    clips = read_annotations(kinetics(tmp_path, GOOD))
    assert [clip.key for clip in clips] == [
        "-aBcD_12345_000000_000010",
        "3E7Jib8Yq5M_000118_000128",
    ]
    assert [clip.label_id for clip in clips] == [1, 0]
    assert [clip.source_label_id for clip in clips] == [1, 0]
    assert {clip.split for clip in clips} == {"val"}


def test_kinetics_other_columns_and_underscores(tmp_path: Path) -> None:
    lines = [line + ",0" for line in GOOD]
    lines[1] = lines[1].replace("petting animal (not cat)", "petting_animal_(not_cat)")
    clips = read_annotations(kinetics(tmp_path, lines, HEADER + ",is_cc"))
    assert {clip.label_name for clip in clips} == {"abseiling", "petting animal (not cat)"}


@pytest.mark.parametrize(
    ("lines", "header", "words"),
    [
        (GOOD, "label,id,start,end,split", "header is .*columns are missing: youtube_id"),
        ([*GOOD, GOOD[0]], HEADER, "duplicated clip: 3E7Jib8Yq5M_000118_000128"),
        (GOOD[:1], HEADER, r"classes that no file .* names: 'petting animal \(not cat\)'"),
        ([*GOOD, "abseiling,../etc/pas,1,2,val"], HEADER, r"line 5: youtube_id is '../etc/pas'"),
        ([*GOOD, "abseiling,AAAAAAAAAAA,x,2,val"], HEADER, "line 5: time_start is 'x'"),
        ([*GOOD, "abseiling,AAAAAAAAAAA,-4,2,val"], HEADER, "line 5: time_start is '-4'"),
        ([*GOOD, "abseiling,AAAAAAAAAAA"], HEADER, "line 5: has 2 fields, the header has 5"),
    ],
)
def test_wrong_kinetics_files(tmp_path: Path, lines: list[str], header: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_annotations(kinetics(tmp_path, lines, header))


def test_missing_and_binary_files(tmp_path: Path) -> None:
    source = kinetics(tmp_path, GOOD)
    (tmp_path / "val.csv").write_bytes(b"\xff\xfe\x00label")
    with pytest.raises(SettingsError, match="not valid UTF-8"):
        read_annotations(source)
    (tmp_path / "val.csv").unlink()
    with pytest.raises(SettingsError, match=r"val.csv: no such file.*filter.sources"):
        read_annotations(source)


def ssv2(folder: Path, clips: object) -> SourceSettings:
    (folder / "validation.json").write_text(json.dumps(clips))
    (folder / "labels.json").write_text(json.dumps({"Closing something": "20"}))
    (folder / "classes.csv").write_text("class_id,class_name\n0,Closing [something]\n")
    return SourceSettings(
        format="ssv2",
        videos=folder,
        annotations=folder,
        classes=folder / "classes.csv",
        splits={"val": "validation.json"},
        labels="labels.json",
    )


def test_ssv2_matches_templates_with_and_without_brackets(tmp_path: Path) -> None:
    clips = read_annotations(
        ssv2(
            tmp_path,
            [
                {"id": "74225", "label": "x", "template": "Closing [something]"},
                {"id": "7", "template": "Closing something", "placeholders": ["a"]},
                {"id": "8", "template": "Opening [something]"},
            ],
        )
    )
    assert [(clip.key, clip.label_id, clip.source_label_id) for clip in clips] == [
        ("7", 0, 20),
        ("74225", 0, 20),
    ]


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        ({"id": "1"}, "must be a list"),
        ([{"id": "1"}], "entry 0: must have `id` and `template`"),
        ([{"id": "../1", "template": "Closing [something]"}], r"entry 0: id is '../1'"),
        ([{"id": "1", "template": "Closing [something]"}] * 2, "duplicated clip: 1"),
    ],
)
def test_wrong_ssv2_files(tmp_path: Path, clips: object, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_annotations(ssv2(tmp_path, clips))


def test_official_files_of_all_classes_are_read(tmp_path: Path) -> None:
    """A CSV with all 200 official names, quotes and commas included."""
    path = REPOSITORY / "manifests/classes/mini_kinetics.csv"
    source = kinetics(tmp_path, []).model_copy(update={"classes": path})
    names = read_classes(path)
    with (tmp_path / "val.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.split(","))
        for number, name in enumerate(names):
            writer.writerow([name, f"{number:011d}", 0, 10, "validate"])
    clips = read_annotations(source)
    assert [clip.label_id for clip in clips] == list(range(200))
