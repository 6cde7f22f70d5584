"""The tools that rows were imported with: `import` keeps their signatures in the manifest, and rows are held to them as to those of our own tools."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from punie_data.described import Described
from punie_data.validate.sets import manifest_of_set
from punie_data.validate.signatures import Signatures, shipped
from punie_data.validate.view import View

IMPORTED = "import:"
"""How the generator of an imported row begins. Where nothing describes what such a row offers, nothing is known of it: it exists."""
_ANYTHING = {"type": "object"}
_MOST_KNOWN = 256


class Declared:
    """The signatures by which the rows of a set are judged: `common` for most, and for some others of their own."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self._described = Described(manifest)
        found = {name: schema_of(entry) for name, entry in self._described.entries("").items()}
        self.common = Signatures({**shipped().schemas, **found}) if found else shipped()
        self._others: dict[bytes, Signatures] = {}

    def view(self, row: Mapping[str, Any]) -> View:
        """A record as the rules see it."""
        known = self._known(row)
        origin = row["origin"]
        if origin["generator"].startswith(IMPORTED) and not origin["spans"]:
            # What a direct answer rests on is not in the row, and nobody says that it is.
            row = {**row, "origin": {**origin, "spans": ["imported:1-1"]}}
        return View(row, known)

    def _known(self, row: Mapping[str, Any]) -> Signatures:
        own = self._described.variants(row["id"])
        schemas = {name: schema_of(entry) for name, entry in own.items()}
        if row["origin"]["generator"].startswith(IMPORTED):
            unknown = (name for name in row["tools"] if name not in self.common and name not in schemas)
            schemas.update((name, {"arguments": _ANYTHING, "result": None}) for name in unknown)
        if not schemas:
            return self.common
        key = orjson.dumps(schemas, option=orjson.OPT_SORT_KEYS)
        if key not in self._others:
            if len(self._others) >= _MOST_KNOWN:
                self._others.clear()
            self._others[key] = Signatures({**self.common.schemas, **schemas})
        return self._others[key]

    def has_own(self, row: str) -> bool:
        """Whether the row with this id means tools otherwise than most."""
        return bool(self._described.variants(row))


def declared(path: Path) -> Declared:
    """What is declared for the rows of a file, by the manifest of its set."""
    return Declared(manifest_of_set(path))


def schema_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest's signature as the rules take it. Described parameters are all that there are, as for any function, unless it says otherwise."""
    arguments = dict(entry["arguments"])
    if arguments.get("properties") and "additionalProperties" not in arguments:
        arguments["additionalProperties"] = False
    return {"arguments": arguments if _can_be_checked(arguments) else _ANYTHING, "result": None}


def _can_be_checked(schema: dict[str, Any]) -> bool:
    if any(not each.startswith("#") for each in _references(schema)):  # nothing is fetched from anywhere
        return False
    try:
        jsonschema_rs.validator_for(schema)
    except ValueError:
        return False
    properties = schema.get("properties", {})
    return isinstance(properties, dict) and all(isinstance(each, dict) for each in properties.values())


def _references(schema: Any) -> list[str]:
    found, waiting = [], [schema]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            found += [str(item[key]) for key in ("$ref", "$dynamicRef") if key in item]
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return found
