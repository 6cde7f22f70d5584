"""Tool signatures as foreign rows describe them, as JSON Schema that a validator accepts; the row's own words are kept beside it."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from punie_data.importing.conversation import Signature, Unconvertible
from punie_data.importing.values import from_literal

_TYPES = {
    "str": "string", "string": "string", "text": "string", "int": "integer", "integer": "integer", "long": "integer", "float": "number",
    "double": "number", "number": "number", "numeric": "number", "bool": "boolean", "boolean": "boolean", "list": "array", "array": "array",
    "tuple": "array", "set": "array", "dict": "object", "object": "object", "dictionary": "object", "map": "object", "null": "null", "none": "null",
}  # fmt: skip
_WORDS = {"title": str, "description": str, "format": str, "enum": list, "examples": list}
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_SIZES = ("minLength", "maxLength", "minItems", "maxItems")
_DEEPEST = 40
_MOST_KNOWN, _LONG = 1024, 16_384
"""Signatures that are remembered, and bytes of one that is not."""
UNREADABLE = "a tool's signature that can't be read"


def signatures_of(value: Any) -> tuple[Signature, ...]:
    """The tools of a row: a list of them or one, as objects or as JSON texts. Unconvertible where one has no name."""
    if isinstance(value, str):
        if not value.strip():
            return ()
        try:
            value = from_literal(value)
        except Unconvertible as trouble:
            raise Unconvertible(UNREADABLE, str(trouble)) from None
    if value is None:
        return ()
    found: dict[str, Signature] = {}
    for each in value if isinstance(value, list) else [value]:
        signature = _signature_of(each)
        if found.setdefault(signature.name, signature) != signature:
            raise Unconvertible(UNREADABLE, f"two tools are called {signature.name[:60]!r}")
    return tuple(found.values())


def _signature_of(value: Any) -> Signature:
    """The signature of a tool. Most rows of a set describe the same few tools: those are read once."""
    try:
        key = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return _read_signature(value)
    if len(key) > _LONG:
        return _read_signature(value)
    found = _known.get(key)
    if found is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        found = _known[key] = _read_signature(value)
    return found


_known: dict[bytes, Signature] = {}


def _read_signature(value: Any) -> Signature:
    if isinstance(value, str):
        try:
            value = from_literal(value)
        except Unconvertible as trouble:
            raise Unconvertible(UNREADABLE, str(trouble)) from None
    if not isinstance(value, Mapping):
        raise Unconvertible(UNREADABLE, "it is not an object")
    inner = value.get("function")
    tool = inner if isinstance(inner, Mapping) else value
    name = tool.get("name")
    if not isinstance(name, str) or not name:
        raise Unconvertible(UNREADABLE, "it has no name")
    description = tool.get("description")
    given = next(
        (tool[key] for key in ("parameters", "input_schema", "inputSchema", "arguments") if key in tool), None
    )
    if isinstance(given, str):
        try:
            given = from_literal(given)
        except Unconvertible as trouble:
            raise Unconvertible(UNREADABLE, str(trouble)) from None
    schema = _object_schema(given)
    plain = {key: tool[key] for key in tool if key not in ("name", "description", "parameters", "type")}
    same = schema == given and not plain and isinstance(description, str | None)
    return Signature(
        name, description if isinstance(description, str) else "", schema, None if same else dict(tool)
    )


def _object_schema(given: Any) -> dict[str, Any]:
    """Of a JSON Schema, or of a plain mapping from a parameter to what it is (xLAM, older Hermes)."""
    if not isinstance(given, Mapping) or not given:
        return {"type": "object", "properties": {}}
    if isinstance(given.get("properties"), Mapping) or given.get("type") in ("object", "dict"):
        schema = _schema(given, 0)
        return {**schema, "type": "object"}
    properties, required = {}, []
    for name, what in given.items():
        inner = what if isinstance(what, Mapping) else {"type": what} if isinstance(what, str) else {}
        properties[name] = _schema(inner, 1)
        optional = "default" in inner or "optional" in str(inner.get("type", "")).lower()
        if not optional or inner.get("required") is True:
            required.append(name)
    return {
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
    }


def _schema(given: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        return {}
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key == "type":
            kind = _type(value)
            if kind is not None:
                found["type"] = kind
        elif key in ("properties", "$defs") and isinstance(value, Mapping):
            found[key] = {
                name: _schema(inner, depth + 1) if isinstance(inner, Mapping) else {}
                for name, inner in value.items()
            }
        elif key in ("items", "additionalProperties") and isinstance(value, Mapping):
            found[key] = _schema(value, depth + 1)
        elif key in ("anyOf", "oneOf", "allOf") and isinstance(value, list) and value:
            found[key] = [_schema(each, depth + 1) if isinstance(each, Mapping) else {} for each in value]
        elif key == "required" and isinstance(value, list) and all(isinstance(name, str) for name in value):
            found[key] = list(dict.fromkeys(value))
        elif key == "default" or _is_plain(key, value):
            found[key] = value
    return found


def _is_plain(key: str, value: Any) -> bool:
    """Whether a keyword has a value that a validator takes."""
    if key in _WORDS:
        return isinstance(value, _WORDS[key]) and bool(value)
    if key in _SIZES:
        return type(value) is int and value >= 0
    return (key in _BOUNDS and type(value) in (int, float)) or (
        key == "additionalProperties" and isinstance(value, bool)
    )


def _type(given: Any) -> Any:
    """The JSON Schema type of what a row calls a type; None where it says nothing a validator could hold anybody to."""
    if isinstance(given, list):
        kinds = [_type(each) for each in given]
        known = list(dict.fromkeys(kind for kind in kinds if isinstance(kind, str)))
        return known if known and None not in kinds else None
    if not isinstance(given, str):
        return None
    word = re.split(r"[\[,(]", given.strip().lower())[0].strip().removeprefix("typing.")
    return _TYPES.get(word)
