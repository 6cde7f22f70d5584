"""The plainest rows, each as one schema: a question with its answer, or one call of a tool between them.

A row that satisfies such a schema is a record, its turns are in order, and its call binds to the tool's signature. One pass of the compiled
validator proves all of it; a row that does not may be as good, and is left to others.
"""

import copy
import functools
from typing import Any

import jsonschema_rs
import orjson

from punie_data.resources import path_of
from punie_data.validate.signatures import Signatures


@functools.cache
def record_schema() -> dict[str, Any]:
    return orjson.loads(path_of("schemas", "example.schema.json").read_bytes())


class Shapes:
    """The compiled schemas by tool, "" for a row without a call; made when first asked for."""

    def __init__(self, signatures: Signatures) -> None:
        self._signatures = signatures
        self._made: dict[str, Any] = {}

    def of(self, tool: str) -> Any:
        """The check of a row with one call of the tool. One that no row satisfies where the tool is unknown."""
        found = self._made.get(tool)
        if found is None:
            provable = not tool or (tool in self._signatures and not self._signatures.refers(tool))
            schema = self._schema(tool) if provable else False
            found = self._made[tool] = jsonschema_rs.validator_for(schema).is_valid
        return found

    def _schema(self, tool: str) -> dict[str, Any]:
        schema = copy.deepcopy(record_schema())
        user, assistant, result = schema["$defs"]["message"]["oneOf"]
        answer = copy.deepcopy(assistant)
        del answer["properties"]["tool_calls"]
        answer["properties"]["content"] = {"type": "string", "minLength": 1}
        messages = [user, answer]
        properties = schema["properties"]
        kinds = ["direct", "ask", "cannot"]
        if tool:
            kinds = ["tool"]
            properties["tools"]["contains"] = {"const": tool}
            call = schema["$defs"]["call"]
            call["properties"]["function"]["properties"] = {
                "name": {"const": tool},
                "arguments": self._signatures.schemas[tool]["arguments"],
            }
            assistant["required"] = ["role", "content", "tool_calls"]
            assistant["properties"]["content"] = {"const": ""}
            assistant["properties"]["tool_calls"] = {
                "type": "array", "minItems": 1, "maxItems": 1, "items": call,
            }  # fmt: skip
            result["properties"]["name"] = {"const": tool}
            messages = [user, assistant, result, answer]
            schema["$defs"]["run"]["properties"]["truncated"] = {"const": False}
        runs = properties["runs"]
        runs["minItems"] = runs["maxItems"] = int(bool(tool))
        properties["label"]["properties"]["kind"] = {"enum": kinds}
        properties["messages"] = {
            "type": "array", "minItems": len(messages), "maxItems": len(messages), "prefixItems": messages,
        }  # fmt: skip
        return schema
