"""Croissant 1.1 description of a dataset, with Responsible-AI and provenance fields (JSON-LD).

Specifications: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html,
https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html, https://www.w3.org/TR/prov-o/.
"""

import json
from typing import Any

import pyarrow as pa

from ..io.hashing import sha256_file
from ..storage import schemas
from ..storage.columns import CELLS, CLIPS
from .citation import CITATION
from .dataset_facts import Described, ManifestFile, ShardFile

FILE_NAME = "croissant.json"

CONFORMS_TO = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]

PARQUET = "application/x-parquet"
TAR = "application/x-tar"

OWN_TERMS = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field",
    "fileProperty", "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset",
    "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
"""Terms of the Croissant namespace, abbreviated in the context."""

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in OWN_TERMS},
}

TYPES = {"string": "sc:Text", "bool": "sc:Boolean", "double": "sc:Float", "float": "cr:Float32"}
"""Type of a field by that of its column; whole numbers are sc:Integer."""


def croissant(described: Described) -> str:
    """Return the description of a dataset as JSON-LD."""
    about, facts = described.about, described.facts
    document = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": about.title,
        "description": about.description,
        "license": about.license_url,
        "usageInfo": about.source.terms,
        "url": about.url,
        "creator": [{"@type": "Organization", "name": name} for name in about.creators],
        "datePublished": str(about.published),
        "version": facts.software.version,
        "keywords": ["video", "action recognition", "robustness", "corruption"],
        "citeAs": CITATION,
        "isLiveDataset": False,
        **_responsible(described),
        **_provenance(described),
        "distribution": [
            *map(_manifest, described.manifests),
            *(_shard(shard, facts.dataset) for shard in described.shards),
        ],
        "recordSet": [_record_set(one) for one in described.manifests],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _responsible(described: Described) -> dict[str, Any]:
    about, facts = described.about, described.facts
    return {
        "rai:dataCollection": f"Videos and annotations of {about.source.name}.",
        "rai:dataCollectionMissingData": facts.missing(),
        "rai:dataPreprocessingProtocol": facts.preprocessing(),
        "rai:dataManipulationProtocol": facts.manipulation(),
        "rai:dataAnnotationProtocol": f"Labels are those of the annotations of "
        f"{about.source.name}, of {len(facts.classes)} classes.",
        "rai:hasSyntheticData": True,
        "rai:dataUseCases": about.purpose,
        "rai:dataLimitations": about.limitations,
        "rai:dataBiases": about.biases,
        "rai:personalSensitiveInformation": about.sensitive,
        "rai:dataSocialImpact": about.social_impact,
        "rai:dataReleaseMaintenancePlan": about.maintenance,
    }


def _provenance(described: Described) -> dict[str, Any]:
    about, facts = described.about, described.facts
    agent: dict[str, Any] = {
        "@type": "prov:SoftwareAgent",
        "name": facts.software.name,
        "version": facts.software.version,
    }
    if facts.software.commit:
        agent["identifier"] = f"git:{facts.software.commit}"
    recipes = sorted({shard.recipe for shard in described.shards})
    return {
        "prov:wasDerivedFrom": {
            "@id": about.source.url,
            "@type": "prov:Entity",  # a second Dataset could be taken for this one
            "name": about.source.name,
            "usageInfo": about.source.terms,
        },
        "prov:wasGeneratedBy": {
            "@type": ["prov:Activity", "sc:Action"],
            "prov:label": "Decoding and corruption of the source videos",
            "description": f"{facts.preprocessing()} {facts.manipulation()}",
            "prov:wasAssociatedWith": agent,
            "identifier": [f"recipe:{recipe}" for recipe in recipes],
            "softwareRequirements": [
                f"{name} {version}" for name, version in facts.software.libraries.items()
            ],
            "additionalProperty": [
                {"@type": "PropertyValue", "name": name, "value": value}
                for name, value in parameters(described).items()
            ],
        },
    }


def parameters(described: Described) -> dict[str, str]:
    """Return the parameters that determine the bytes of a dataset, as JSON by name."""
    facts = described.facts
    values = facts.params.model_dump(mode="json")
    chosen = {
        "seed": values["seed"],
        "dialect": values["dialect"],
        "corruptions": list(facts.corruptions),
        "severities": list(facts.severities),
        "decode.pictures": values["decode"]["pictures"][facts.dataset],
        "payload": values["payload"],
        "corrupt.frames": values["corrupt"]["frames"],
        "corrupt.levels": values["corrupt"]["levels"][facts.dataset],
        "corrupt.custom_levels": values["corrupt"]["custom_levels"],
        "corrupt.timing": values["corrupt"]["timing"],
    }
    return {name: json.dumps(value, sort_keys=True) for name, value in chosen.items()}


def _manifest(file: ManifestFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": file.url,
        "contentSize": f"{file.path.stat().st_size} B",
        "encodingFormat": PARQUET,
        "sha256": sha256_file(file.path),
    }


def _shard(shard: ShardFile, dataset: str) -> dict[str, Any]:
    cell = "clean" if shard.severity == 0 else f"{shard.corruption} at severity {shard.severity}"
    return {
        "@type": "cr:FileObject",
        "@id": shard.name,
        "name": shard.name,
        "description": f"Clips of {dataset}, {cell}: video, class and metadata of each.",
        "contentUrl": shard.url,
        "contentSize": f"{shard.size} B",
        "encodingFormat": TAR,
        "sha256": shard.sha256,
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": cell,
            "identifier": f"recipe:{shard.recipe}",
        },
    }


def _record_set(file: ManifestFile) -> dict[str, Any]:
    said = CLIPS if file.stem == "clips" else CELLS
    key = ["key"] if file.stem in ("clips", schemas.CLEAN) else ["key", "severity"]
    return {
        "@type": "cr:RecordSet",
        "@id": file.stem,
        "name": file.stem,
        "description": "Every listed clip, also missing and broken ones."
        if file.stem == "clips"
        else f"Every clip of {file.stem}.parquet: one row per clip and severity.",
        "key": [{"@id": f"{file.stem}/{name}"} for name in key],
        "field": [_field(file, column, said[column.name]) for column in file.schema],
    }


def _field(file: ManifestFile, column: pa.Field, meaning: str) -> dict[str, Any]:
    listed = pa.types.is_list(column.type)
    kind = str(column.type.value_type if listed else column.type)
    array = {"isArray": True, "arrayShape": "-1"} if listed else {}
    return {
        "@type": "cr:Field",
        "@id": f"{file.stem}/{column.name}",
        "name": f"{file.stem}/{column.name}",
        "description": meaning,
        "dataType": TYPES.get(kind, "sc:Integer"),
        **array,
        "source": {"fileObject": {"@id": file.name}, "extract": {"column": column.name}},
    }
