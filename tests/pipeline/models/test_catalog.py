"""The catalog says of every network what it is, what it takes and which weights load."""

from pipeline.models import catalog, registry


def test_rows_name_source_input_weights_and_published_row() -> None:
    row = catalog.row(registry.load("i3d_v2"), 200)
    assert (row.frames, row.size, row.mean) == (32, 224, (0.5, 0.5, 0.5))
    assert row.params == 12_492_264
    assert row.published.startswith("I3D")
    assert any("benchmark's framework" in form for form in row.checkpoints)
    assert row.options == ("temporal_stride", "pooling")


def test_every_published_row_has_one_network() -> None:
    entries = [registry.load(name) for name in registry.names()]
    published = [entry.published for entry in entries if entry.published]
    assert len(published) == len(set(published)) == 7
    assert all(entry.source for entry in entries)
    # Networks for the demo have no published weights.
    assert {entry.name for entry in entries if not entry.checkpoints} == {
        "tiny_frame2d",
        "tiny_r2plus1d",
    }
