"""Croissant: validated and read by mlcroissant, with provenance that RDF tools find."""

import json
import logging
from hashlib import sha256
from pathlib import Path

import pytest
import rdflib
import yaml
from huggingface_hub import DatasetCard

from pipeline import __version__
from pipeline.errors import SettingsError
from pipeline.metadata.about import read_about
from pipeline.provenance import library_versions
from tests.pipeline.tools.export.exporting import Project
from tests.support.about import write_about

PROV = rdflib.Namespace("http://www.w3.org/ns/prov#")
RAI = rdflib.Namespace("http://mlcommons.org/croissant/RAI/")
MINIMAL = (
    "dataLimitations", "dataBiases", "personalSensitiveInformation", "dataUseCases",
    "dataSocialImpact", "hasSyntheticData",
)  # fmt: skip
"""Responsible-AI fields that the NeurIPS 2026 evaluations and datasets track requires."""


@pytest.fixture(scope="module")
def folder(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Croissant export of one of two corruptions."""
    return project.export("croissant", tmp_path_factory.mktemp("out"), names=["fog"]) / "croissant"


def test_mlcroissant_finds_nothing_wrong_and_reads_the_rows(
    project: Project, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import mlcroissant

    with caplog.at_level(logging.WARNING):
        dataset = mlcroissant.Dataset(jsonld=folder / "croissant.json")
    assert [str(one) for one in dataset.metadata.ctx.issues.errors] == []
    assert [str(one) for one in dataset.metadata.ctx.issues.warnings] == []
    assert [record.message for record in caplog.records] == []
    assert {one.uuid for one in dataset.metadata.record_sets} == {"clips", "clean", "fog"}
    rows = [*project.rows("fog", 2), *project.rows("fog", 4)]
    records = list(dataset.records(record_set="fog"))
    assert len(records) == len(rows)
    expected = {(row["key"], row["severity"]): row for row in rows}
    for record in records:
        row = expected[record["fog/key"].decode(), record["fog/severity"]]
        for name in ("sha256", "shard", "label_name"):
            assert record[f"fog/{name}"].decode() == row[name]  # type: ignore[literal-required]
        assert record["fog/num_frames"] == row["num_frames"]
        assert record["fog/psnr"] == row["psnr"]
    assert len(list(dataset.records(record_set="clips"))) == 8


def test_every_file_has_its_hash(folder: Path) -> None:
    files = json.loads((folder / "croissant.json").read_text())["distribution"]
    tars = [one for one in files if one["encodingFormat"] == "application/x-tar"]
    assert len(tars) == 2 * 3  # the clean set and two severities, of two shards each
    assert len(files) - len(tars) == 3
    for one in files:
        data = (folder / one["contentUrl"]).read_bytes()
        assert sha256(data).hexdigest() == one["sha256"]
        assert one["contentSize"] == f"{len(data)} B"


def test_provenance_and_responsible_ai_fields_are_statements_of_the_dataset(
    project: Project, folder: Path
) -> None:
    graph = rdflib.Graph().parse(folder / "croissant.json", format="json-ld")
    (dataset,) = graph.subjects(rdflib.DCTERMS.conformsTo, unique=True)
    about = read_about(project.root, "demo")
    (source,) = graph.objects(dataset, PROV.wasDerivedFrom)
    assert source == rdflib.URIRef(about.source.url)
    terms = graph.value(source, rdflib.URIRef("https://schema.org/usageInfo"))
    assert str(terms) == about.source.terms
    activity = graph.value(dataset, PROV.wasGeneratedBy)
    agent = graph.value(activity, PROV.wasAssociatedWith)
    assert str(graph.value(agent, rdflib.URIRef("https://schema.org/version"))) == __version__
    commit = str(graph.value(agent, rdflib.URIRef("https://schema.org/identifier")))
    assert len(commit.removeprefix("git:")) == 40
    said = {str(one) for one in graph.objects(activity)}
    shards = [*project.rows("clean", 0), *project.rows("fog", 2), *project.rows("fog", 4)]
    assert {f"recipe:{row['recipe_hash']}" for row in shards} <= said
    assert {f"{name} {version}" for name, version in library_versions().items()} <= said
    values = {
        str(graph.value(one, rdflib.URIRef("https://schema.org/name"))): json.loads(
            str(graph.value(one, rdflib.URIRef("https://schema.org/value")))
        )
        for one in graph.objects(activity, rdflib.URIRef("https://schema.org/additionalProperty"))
    }
    assert values["corruptions"] == ["fog"]
    assert values["severities"] == [2, 4]
    assert values["payload"] == project.params.payload.model_dump()
    for name in MINIMAL:
        assert graph.value(dataset, RAI[name]) is not None, name
    assert str(graph.value(dataset, RAI.dataBiases)) == about.biases


def test_the_card_is_one_of_the_hub_with_the_same_values(project: Project, folder: Path) -> None:
    card = DatasetCard((folder / "README.md").read_text())
    head = card.data.to_dict()
    assert head["license"] == "cc-by-4.0"
    assert head["task_categories"] == ["video-classification"]
    assert head["size_categories"] == ["n<1K"]
    assert [one["config_name"] for one in head["configs"]] == ["clips", "clean", "fog"]
    about = read_about(project.root, "demo")
    for words in (about.title, about.biases, about.source.terms, "seed 0", "val: 6 of 6"):
        assert words in card.text
    for one in head["configs"]:
        for files in one["data_files"]:
            assert (folder / files["path"]).is_file()


def test_missing_statements_are_requested_and_empty_ones_named(
    project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "manifests/about/demo.yaml"
    with pytest.raises(SettingsError, match=r"demo\.yaml: written; fill in its empty values"):
        read_about(tmp_path, "demo")
    assert yaml.safe_load(path.read_text())["source"]["name"].startswith("Rendered scenes")
    with pytest.raises(SettingsError, match="empty values: title, description, creators, license"):
        read_about(tmp_path, "demo")
    write_about(tmp_path)
    assert read_about(tmp_path, "demo").license_url == "https://spdx.org/licenses/CC-BY-4.0"
    path.write_text(path.read_text().replace("CC-BY-4.0", "free for all"))
    with pytest.raises(SettingsError, match="license: must match pattern"):
        read_about(tmp_path, "demo")
