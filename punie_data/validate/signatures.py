"""The tools' signatures as the rules need them: compiled once, when first asked for."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs
import orjson

from punie_data.tools.schemas import tool_schemas
from punie_data.validate.compact import compact_check


class Signatures:
    """`schemas` is by tool name: `arguments` (a JSON Schema) and `result` (a JSON Schema, None where the result is text)."""

    def __init__(self, schemas: Mapping[str, Mapping[str, Any]]) -> None:
        self.schemas = schemas
        self._arguments: dict[str, Any] = {}
        self._results: dict[str, Any] = {}
        self._compact: dict[str, Callable[[str], bool]] = {}

    def __contains__(self, tool: str) -> bool:
        return tool in self.schemas

    def parameters(self, tool: str) -> dict[str, dict[str, Any]]:
        """The JSON Schema of each parameter, by name."""
        return self.schemas[tool]["arguments"].get("properties", {})

    def required(self, tool: str) -> list[str]:
        return self.schemas[tool]["arguments"].get("required", [])

    def refers(self, tool: str) -> bool:
        """Whether the arguments' schema has references, which mean something else where it stands inside another schema."""
        return b'"$' in orjson.dumps(self.schemas[tool]["arguments"])

    def result(self, tool: str) -> dict[str, Any] | None:
        """The JSON Schema of what the tool returns, None where that is text or the tool is unknown."""
        return self.schemas[tool]["result"] if tool in self.schemas else None

    def arguments_check(self, tool: str) -> Any:
        """The compiled validator of a known tool's arguments."""
        found = self._arguments.get(tool)
        if found is None:
            found = self._arguments[tool] = jsonschema_rs.validator_for(self.schemas[tool]["arguments"])
        return found

    def result_check(self, tool: str) -> Any:
        """The compiled validator of a tool's result, None where the result is text or the tool is unknown."""
        if tool in self._results:
            return self._results[tool]
        schema = self.result(tool)
        found = self._results[tool] = None if schema is None else jsonschema_rs.validator_for(schema)
        return found

    def compact_check(self, tool: str) -> Callable[[str], bool]:
        """Whether a text plainly is a result of the tool, which returns typed ones; False proves nothing."""
        found = self._compact.get(tool)
        if found is None:
            found = self._compact[tool] = compact_check(self.schemas[tool]["result"])
        return found

    @functools.cached_property
    def words(self) -> frozenset[str]:
        """The names that any answer may use: of tools, of their parameters and of the fields of their results."""
        found: set[str] = set()
        for name, schema in self.schemas.items():
            found.add(name)
            found.update(self.parameters(name))
            found.update(_field_names(schema["result"] or {}))
        return frozenset(found)


def _field_names(schema: Mapping[str, Any]) -> set[str]:
    names = set(schema.get("properties", {}))
    for inner in schema.get("$defs", {}).values():
        names |= _field_names(inner)
    return names


@functools.cache
def shipped() -> Signatures:
    """The signatures of the tools that this version of punie-data has."""
    return Signatures(tool_schemas())
