"""The tools' signatures for those who only check or render rows: read from one JSON file, nothing of the tools imported."""

from functools import cache
from typing import Any

import orjson

from punie_data.resources import path_of


@cache
def tool_schemas() -> dict[str, dict[str, Any]]:
    """By tool name: `description`, `arguments` (JSON Schema) and `result` (JSON Schema, None where it is text)."""
    return orjson.loads(path_of("schemas", "tools.schema.json").read_bytes())["tools"]
