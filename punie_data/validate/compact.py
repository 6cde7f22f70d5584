"""Typed results as our tools write them: each type as one regular expression of the compiled validator.

To prove that a result is of its type, one decodes it and walks over all its values. Our tools write compact JSON with the keys in the order of the
schema, and whether a text is such a one is told by a linear expression in half the time and without making an object. A result that is written
otherwise may be as good: it is left to those who decode it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs

_STRING = r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u00[01][0-9a-f])*"'
_INTEGER = "-?(?:0|[1-9][0-9]{0,14})"
"""Of so many digits that a double holds each of them."""
_SCALARS = {
    "string": _STRING,
    "integer": _INTEGER,
    "number": rf"{_INTEGER}(?:\.[0-9]{{1,17}})?",
    "boolean": "(?:true|false)",
    "null": "null",
}
_UNDERSTOOD = frozenset({"type", "properties", "required", "additionalProperties", "items", "$ref", "$defs", "description"})  # fmt: skip
_LEVELS = 2
"""How often a type may stand inside itself."""


class _NoExpression(ValueError):
    """The schema says something that no expression of this module says."""


def compact_check(schema: Mapping[str, Any]) -> Callable[[str], bool]:
    """Whether a text is compact JSON of the schema: True proves that it decodes and satisfies the schema, False proves nothing."""
    if all(value.get("type") != "array" for value in schema.get("properties", {}).values()):
        return _never  # there is little to walk over, and a long string decodes faster than an expression reads it
    try:
        expression = _expression(schema, schema.get("$defs", {}), ())
    except _NoExpression:
        return _never
    return jsonschema_rs.validator_for(
        {"pattern": f"^{expression}$"}, pattern_options=jsonschema_rs.RegexOptions()
    ).is_valid


def _never(text: str) -> bool:
    return False


def _expression(schema: Mapping[str, Any], named: Mapping[str, Any], inside: tuple[str, ...]) -> str:
    """`named` are the schemas that references mean, `inside` those that this one stands in."""
    if not _UNDERSTOOD.issuperset(schema):
        raise _NoExpression
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        if len(schema) > 1 or name not in named or inside.count(name) >= _LEVELS:
            raise _NoExpression
        return _expression(named[name], named, (*inside, name))
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if _SCALARS.keys() >= set(kinds):
        return f"(?:{'|'.join(_SCALARS[each] for each in kinds)})"
    if kind == "array" and "items" in schema:
        try:
            item = _expression(schema["items"], named, inside)
        except _NoExpression:
            return r"\[\]"
        return rf"\[(?:{item}(?:,{item})*)?\]"
    if kind == "object" and "properties" in schema:
        properties = schema["properties"]
        if not set(schema.get("required", ())) <= set(properties) or not all(
            map(str.isidentifier, properties)
        ):
            raise _NoExpression
        members = (f'"{key}":{_expression(value, named, inside)}' for key, value in properties.items())
        return rf"\{{{','.join(members)}\}}"
    raise _NoExpression
