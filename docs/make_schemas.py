"""Write the JSON Schema of result files: python -m docs.make_schemas."""

import json
from pathlib import Path
from typing import Any

from pipeline.stages.report.result import Result

FILE = Path(__file__).parent / "schemas" / "result-2.json"


def schema() -> str:
    """Return the JSON Schema of version 2."""
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Result.model_json_schema()
    return json.dumps(closed(found), indent=2, sort_keys=True) + "\n"


def closed(node: Any) -> Any:
    """Forbid keys that match no pattern, which pydantic checks and does not write."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    extra = {"additionalProperties": False} if "patternProperties" in node else {}
    return {key: closed(item) for key, item in node.items()} | extra


if __name__ == "__main__":
    FILE.write_text(schema())
