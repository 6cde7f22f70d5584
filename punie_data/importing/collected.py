"""What the rows of a foreign set say that belongs into the manifest: system prompts and signatures, each with the rows that mean it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from punie_data.chat import canonical
from punie_data.importing.conversation import Signature
from punie_data.importing.pairing import shipped_tools
from punie_data.importing.record import Converted

_WIDTH = 10
"""Bytes of a row's id: its twenty hex digits. A million rows cost ten megabytes for the prompt, and as much for each tool that all of them offer."""


_MOST_KNOWN = 4096
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object", type(None): "null"}  # fmt: skip


class Collected:
    """Prompts and signatures in the order in which they were first met, with the ids of their rows."""

    def __init__(self) -> None:
        self._prompts: dict[str, bytearray] = {}
        self._tools: dict[str, dict[bytes, tuple[dict[str, Any], bytearray]]] = {}
        self._called: dict[str, _Called] = {}
        self._places: dict[int, tuple[Signature, tuple[dict[str, Any], bytearray]]] = {}
        """By the identity of an object that is held here, so that no other can get it."""

    def add(self, converted: Converted) -> None:
        """What a row said that was converted."""
        row = bytes.fromhex(converted.example.id)
        self._prompts.setdefault(converted.prompt, bytearray()).extend(row)
        for signature in converted.signatures:
            self._of(signature)[1].extend(row)
        for message in converted.example.messages:
            for call in message.tool_calls:
                if call.name not in self._tools and call.name not in shipped_tools():
                    self._called.setdefault(call.name, _Called()).add(call.arguments)

    def add_record(self, identity: str, prompt: str, entries: Mapping[str, Mapping[str, Any]]) -> None:
        """What the manifest of its dataset says of a record: its prompt, and the tools that aren't ours, by name."""
        row = bytes.fromhex(identity)
        self._prompts.setdefault(prompt, bytearray()).extend(row)
        for name, entry in entries.items():
            variants = self._tools.setdefault(name, {})
            key = hashlib.sha256(canonical(entry)).digest()
            variants.setdefault(key, (dict(entry), bytearray()))[1].extend(row)

    def _of(self, signature: Signature) -> tuple[dict[str, Any], bytearray]:
        """The entry of a signature, and the rows that mean it. Those of most rows are the very same objects, which is seen sooner than a digest is made."""
        known = self._places.get(id(signature))
        if known is not None and known[0] is signature:
            return known[1]
        entry = signature.to_json()
        key = hashlib.sha256(canonical(entry)).digest()
        place = self._tools.setdefault(signature.name, {}).setdefault(key, (entry, bytearray()))
        if len(self._places) < _MOST_KNOWN:
            self._places[id(signature)] = signature, place
        return place

    @property
    def prompts(self) -> int:
        return sum(bool(text) for text in self._prompts)

    @property
    def tools(self) -> int:
        return len(self._tools)

    @property
    def undescribed(self) -> int:
        """How many tools are called that no row describes."""
        return sum(name not in self._tools for name in self._called)

    def into_manifest(self) -> dict[str, Any]:
        """The keys that `described` documents; none for what no row has said."""
        found: dict[str, Any] = {}
        if any(self._prompts):
            (prompt, _), *others = _most_first(list(self._prompts.items()))
            found["system_prompt"] = prompt
            if others:
                found["system_prompts"] = [{"text": text, "rows": _ids(rows)} for text, rows in others]
        signatures, rest = {}, []
        for name, variants in sorted(self._tools.items()):
            others = _most_first(list(variants.values()))
            ours = shipped_tools().get(name)
            if ours is None:
                signatures[name] = others.pop(0)[0]
            else:
                others = [(entry, rows) for entry, rows in others if not _same(ours, entry)]
            rest += [{"tool": name, "signature": other, "rows": _ids(rows)} for other, rows in others]
        signatures |= {
            name: called.entry() for name, called in self._called.items() if name not in self._tools
        }
        if signatures:
            found["signatures"] = dict(sorted(signatures.items()))
        if rest:
            found["signature_variants"] = rest
        return found


@dataclass(slots=True)
class _Called:
    """A tool that is called and never described, as in session files: what its calls show of its parameters."""

    calls: int = 0
    parameters: dict[str, dict[str, int]] = field(default_factory=dict)
    """Parameter → JSON type → in how many calls."""

    def add(self, arguments: Mapping[str, Any]) -> None:
        self.calls += 1
        for name, value in arguments.items():
            types = self.parameters.setdefault(name, {})
            kind = _TYPES[type(value)]
            types[kind] = types.get(kind, 0) + 1

    def entry(self) -> dict[str, Any]:
        """A signature that all calls satisfy. `seen_in_calls` says that nobody has written it."""
        properties = {}
        for name, types in self.parameters.items():
            kinds = sorted(types)
            properties[name] = {"type": kinds[0] if len(kinds) == 1 else kinds}
        required = [name for name, types in self.parameters.items() if sum(types.values()) == self.calls]
        return {
            "description": "",
            "arguments": {"type": "object", "properties": properties, "required": required},
            "result": None,
            "seen_in_calls": self.calls,
        }


def _most_first(variants: list[tuple[Any, bytearray]]) -> list[tuple[Any, bytearray]]:
    return sorted(variants, key=lambda variant: -len(variant[1]))


def _ids(rows: bytearray) -> str:
    """Each row once: the same conversation may stand in a set several times."""
    return " ".join(dict.fromkeys(rows[at : at + _WIDTH].hex() for at in range(0, len(rows), _WIDTH)))


def _same(ours: Mapping[str, Any], entry: dict[str, Any]) -> bool:
    return ours["description"] == entry["description"] and ours["arguments"] == entry["arguments"]
