"""The plainest rows, each as one schema: a question with its answer, or one call of a tool between them.

A row that satisfies such a schema is a record, its turns are in order, its call binds to the tool's signature and its result is of the tool's type
as the runtime writes it. One pass of the compiled validator proves all of it; a row that does not may be as good, and is left to others.
"""

import copy
import functools
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import orjson

from punie_data.resources import path_of
from punie_data.validate.signatures import Signatures

_STRING = r'"(?:[^"\\\x00-\x1f]|\\["\\nrtbf]|\\u00[01][0-9a-f])*"'
_INTEGER = r"-?(?:0|[1-9][0-9]{0,17})"
_NUMBER = rf"{_INTEGER}(?:\.[0-9]{{1,17}})?"
_DEEPEST = 3
"""How often a result may hold itself: the symbols of a class of a class. Deeper ones are decoded."""
_SCALARS = {"string": _STRING, "integer": _INTEGER, "number": _NUMBER, "boolean": "(?:true|false)", "null": "null"}  # fmt: skip


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
            schema = self._schema(tool) if not tool or tool in self._signatures else False
            found = self._made[tool] = jsonschema_rs.validator_for(
                schema, pattern_options=jsonschema_rs.RegexOptions()
            ).is_valid
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
            if (form := self._signatures.result(tool)) is not None:
                result["properties"]["content"] = {"type": "string", "pattern": f"^{pattern_of(form)}$"}
            messages = [user, assistant, result, answer]
            schema["$defs"]["run"]["properties"]["truncated"] = {"const": False}
        runs = properties["runs"]
        runs["minItems"] = runs["maxItems"] = int(bool(tool))
        properties["label"]["properties"]["kind"] = {"enum": kinds}
        properties["messages"] = {
            "type": "array", "minItems": len(messages), "maxItems": len(messages), "prefixItems": messages,
        }  # fmt: skip
        return schema


def pattern_of(schema: Mapping[str, Any]) -> str:
    """A regular expression for the JSON of a value of the schema, as the tools write it: fields in their order, no white space.

    Whatever it matches is valid; what it does not may be. An alternative that nothing matches where a part of the schema is of no known kind.
    """
    return _pattern(schema, schema.get("$defs", {}), 0)


def _pattern(schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _pattern(definitions[name], definitions, depth + 1)
    kind = schema.get("type")
    if isinstance(kind, list) and all(each in _SCALARS for each in kind):
        return f"(?:{'|'.join(_SCALARS[each] for each in kind)})"
    plain = schema.keys() <= {"type", "description", "default", "title"}
    if plain and isinstance(kind, str) and kind in _SCALARS:
        return _SCALARS[kind]
    if kind == "array" and "items" in schema:
        if depth > _DEEPEST:
            return r"\[\]"
        item = _pattern(schema["items"], definitions, depth)
        return rf"\[(?:{item}(?:,{item})*)?\]"
    if kind == "object" and not schema.get("additionalProperties", True):
        properties = schema["properties"]
        if list(properties) == schema.get("required"):
            inside = ",".join(
                f'"{name}":{_pattern(each, definitions, depth)}' for name, each in properties.items()
            )
            return rf"\{{{inside}\}}"
    return r"[^\s\S]"
