"""Class lists are written from the annotations of every format, and then read with them."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.datasets.annotations import read_annotations
from pipeline.datasets.class_list import read_classes
from pipeline.errors import SettingsError
from pipeline.params import Params
from pipeline.tools.class_lists import write_class_list
from tests.pipeline.datasets.test_official_lists import write_diving48, write_hmdb51, write_ucf101
from tests.support.project import write_params


def params_of(root: Path, **source: Any) -> Params:
    common = {"videos": "videos", "annotations": ".", "classes": "made.csv"}
    params = write_params(root)
    values = params.model_dump(mode="json")
    values["filter"]["sources"]["demo"] = common | source
    return Params.model_validate(values)


@pytest.mark.parametrize(
    ("write", "names"),
    [
        (write_ucf101, ["ApplyEyeMakeup", "Archery"]),
        (write_hmdb51, ["brush_hair", "clap"]),
        (write_diving48, ["Inward Dive NoTwis PIKE"]),
    ],
)
def test_classes_have_the_order_of_the_official_list(
    tmp_path: Path, write: Any, names: list[str]
) -> None:
    source = write(tmp_path)
    params = params_of(tmp_path, format=source.format, splits=source.splits)
    path = write_class_list(params, tmp_path, "demo")
    assert read_classes(path) == names
    assert read_annotations(params.filter.sources["demo"].below(tmp_path))
    with pytest.raises(SettingsError, match="made.csv: exists; replace it with --force"):
        write_class_list(params, tmp_path, "demo")


def test_classes_of_a_list_are_sorted_by_name(tmp_path: Path) -> None:
    lines = ["path,label,split", 'a.mp4,"walk, run",val', "b.mp4,cut,val", "c.mp4,Cut,val"]
    (tmp_path / "list.csv").write_text("\n".join(lines) + "\n")
    params = params_of(tmp_path, format="list", splits={"val": "list.csv"})
    assert read_classes(write_class_list(params, tmp_path, "demo")) == ["cut", "walk, run"]
    assert len(read_annotations(params.filter.sources["demo"].below(tmp_path))) == 3
