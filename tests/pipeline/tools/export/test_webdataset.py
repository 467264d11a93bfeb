"""WebDataset: links to shards, read by the library."""

from pathlib import Path

import pytest

from pipeline.tools.export.registry import Link
from tests.pipeline.tools.export.exporting import Project


@pytest.mark.parametrize("link", ["hard", "symbolic", "copy"])
def test_shards_are_linked_or_copied(project: Project, tmp_path: Path, link: Link) -> None:
    import webdataset

    folder = project.export("webdataset", tmp_path, names=["fog"], severities=[2], link=link)
    rows = project.rows("fog", 2)
    listed = (folder / "webdataset/val/fog-2.txt").read_text().splitlines()
    paths = [folder / path for path in listed]
    samples = list(webdataset.WebDataset([str(path) for path in paths], shardshuffle=False))
    assert [sample["__key__"] for sample in samples] == [row["key"] for row in rows]
    stored = [project.root / shard for shard in dict.fromkeys(row["shard"] for row in rows)]
    for path, shard in zip(paths, stored, strict=True):
        assert path.is_symlink() == (link == "symbolic")
        assert path.samefile(shard) == (link != "copy")
        assert path.read_bytes() == shard.read_bytes()


def test_another_link_replaces_the_first(project: Project, tmp_path: Path) -> None:
    folder = project.export("webdataset", tmp_path, names=["clean"], link="symbolic")
    project.export("webdataset", tmp_path, names=["clean"], link="copy")
    shards = list(folder.rglob("*.tar"))
    assert len(shards) == 2
    assert not any(path.is_symlink() for path in shards)
