"""Printed tables count the rows of manifests."""

from rich.table import Table

from pipeline.cli import tables


def column(table: Table, number: int) -> list[str]:
    return [str(cell) for cell in table.columns[number].cells]


def test_clip_accounting() -> None:
    rows = [
        {"dataset": "demo", "split": split, "status": status, "reason": reason}
        for split, status, reason in (
            ("train", "ok", ""),
            ("val", "ok", ""),
            ("val", "ok", ""),
            ("val", "missing", "no file"),
            ("val", "broken", "no video stream"),
        )
    ]
    table = tables.clip_table(rows)
    assert column(table, 0) == ["listed", "found", "usable", "  no file", "  no video stream"]
    assert column(table, 1) == ["1", "1", "1", "0", "0"]
    assert column(table, 2) == ["4", "3", "2", "1", "1"]


def test_clip_accounting_without_losses() -> None:
    rows = [{"dataset": "demo", "split": "val", "status": "ok", "reason": ""}]
    assert column(tables.clip_table(rows), 1) == ["1", "1", "1"]


def test_clips_that_need_a_choice_are_counted() -> None:
    common = {"dataset": "demo", "split": "val", "status": "ok", "reason": ""}
    plain = {"sample_aspect_ratio": "1:1", "color_transfer": "bt709", "field_order": "progressive"}
    rows = [
        common | plain,
        common | plain | {"variable_frame_rate": True, "color_transfer": "smpte2084"},
        common | plain | {"sample_aspect_ratio": "64:51", "field_order": "tt", "mirrored": True},
        common | plain | {"field_order": "bb"},
        common | plain | {"status": "broken", "reason": "x", "field_order": "bb"},
    ]
    table = tables.clip_table(rows)
    counted = dict(zip(column(table, 0), column(table, 1), strict=True))
    assert counted["usable"] == "4"
    assert counted["  of them variable frame rate"] == "1"
    assert counted["  of them high dynamic range"] == "1"
    assert counted["  of them pixels not square"] == "1"
    assert counted["  of them interlaced"] == "2"
    assert counted["  of them mirrored"] == "1"


def test_cells() -> None:
    common = {"corruption": "packet_loss", "params": "{}", "num_frames": 10, "size": 2_000_000}
    rows = [
        {**common, "severity": 1, "status": "ok", "psnr": 30.0, "damaged_frames": 1},
        {**common, "severity": 1, "status": "ok", "psnr": 40.0, "damaged_frames": 2},
        {**common, "severity": 2, "status": "failed"},
        {**common, "severity": 3, "status": "ok", "psnr": None},
    ]
    table = tables.cells(rows)
    assert [column(table, number)[0] for number in range(8)] == [
        "1", "2", "0", "20", "4.0", "35.0 dB", "1.5", "-"
    ]  # fmt: skip
    assert column(table, 2) == ["0", "1", "0"]
    assert column(table, 5) == ["35.0 dB", "-", "-"]
