"""The JSON Schema for editors: `python -m config.schema > config/attitre.schema.json`."""

from __future__ import annotations

import json
import sys
from typing import Any

from config.settings import Settings


def schema() -> dict[str, Any]:
    """The JSON Schema of the YAML. Unknown keys are refused, descriptions are French."""
    built = Settings.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **built, "title": "attitre"}


def schema_text() -> str:
    """The content of the shipped schema file."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
