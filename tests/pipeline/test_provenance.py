"""A recipe changes with what it describes, and with nothing else."""

import json
from pathlib import Path

import corruptions
from pipeline import provenance
from pipeline.provenance import code_hash, corruption_code, recipe_hash
from pipeline.stages.recipes import write_recipes


def test_comments_and_docstrings_do_not_count(tmp_path: Path) -> None:
    file = tmp_path / "code.py"

    def hash_of(text: str) -> str:
        file.write_text(text)
        code_hash.cache_clear()
        return code_hash(file)

    plain = hash_of("def f(x):\n    return x + 1\n")
    assert plain == hash_of(
        '"""Doc."""\n\n\ndef f(x):  # why\n    """Doc."""\n    return (x + 1)\n'
    )
    assert plain != hash_of("def f(x):\n    return x + 2\n")


def test_a_recipe_is_a_hash_of_its_parts() -> None:
    assert recipe_hash({"a": 1, "b": 2}) == recipe_hash({"b": 2, "a": 1})
    assert recipe_hash({"a": 1}) != recipe_hash({"a": 2})
    assert len(recipe_hash({})) == 32


def test_a_corruption_s_code_is_what_it_imports() -> None:
    fog = corruption_code(corruptions.load("fog"))
    assert {"spatial/fog.py", "types.py"} <= set(fog)
    assert not any(name.startswith(("temporal/", "compression/")) for name in fog)
    assert "codec.py" in corruption_code(corruptions.load("h264_crf"))
    assert "dialect.py" in corruption_code(corruptions.load("fog", "original"))


def test_one_file_per_corruption_and_an_edit_changes_one(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "gone.json").write_text("{}")
    write_recipes(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(before) == {f"{name}.json" for name in corruptions.names()}
    assert json.loads(before["fog.json"])["ours"]["family"] == "spatial"
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    fog = corruptions.load("fog").file
    true_hash = provenance.code_hash
    monkeypatch.setattr(
        provenance, "code_hash", lambda file: "edited" if file == fog else true_hash(file)
    )
    write_recipes(tmp_path)
    changed = [path.name for path in tmp_path.iterdir() if path.read_bytes() != before[path.name]]
    assert changed == ["fog.json"]
    assert [name for name in times if (tmp_path / name).stat().st_mtime_ns != times[name]] == [
        "fog.json"
    ]


def test_versions_of_the_libraries_are_in_every_recipe() -> None:
    versions = provenance.library_versions()
    assert {"av", "numpy", "opencv-python-headless", "simplejpeg", "scipy", "ffmpeg"} == set(
        versions
    )
