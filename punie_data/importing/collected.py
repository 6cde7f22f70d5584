"""What the rows of a foreign set say that belongs into the manifest: system prompts and signatures, each with the rows that mean it."""

import hashlib
from collections.abc import Mapping
from typing import Any

from punie_data.chat import canonical
from punie_data.importing.pairing import shipped_tools
from punie_data.importing.record import Converted

_WIDTH = 10
"""Bytes of a row's id: its twenty hex digits. A million rows cost ten megabytes for the prompt, and as much for each tool that all of them offer."""


class Collected:
    """Prompts and signatures in the order in which they were first met, with the ids of their rows."""

    def __init__(self) -> None:
        self._prompts: dict[str, bytearray] = {}
        self._tools: dict[str, dict[bytes, tuple[dict[str, Any], bytearray]]] = {}

    def add(self, converted: Converted) -> None:
        row = bytes.fromhex(converted.example.id)
        self._prompts.setdefault(converted.prompt, bytearray()).extend(row)
        for signature in converted.signatures:
            entry = signature.to_json()
            variants = self._tools.setdefault(signature.name, {})
            key = hashlib.sha256(canonical(entry)).digest()
            variants.setdefault(key, (entry, bytearray()))[1].extend(row)

    @property
    def prompts(self) -> int:
        return sum(bool(text) for text in self._prompts)

    @property
    def tools(self) -> int:
        return len(self._tools)

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
        if signatures:
            found["signatures"] = signatures
        if rest:
            found["signature_variants"] = rest
        return found


def _most_first(variants: list[tuple[Any, bytearray]]) -> list[tuple[Any, bytearray]]:
    return sorted(variants, key=lambda variant: -len(variant[1]))


def _ids(rows: bytearray) -> str:
    """Each row once: the same conversation may stand in a set several times."""
    return " ".join(dict.fromkeys(rows[at : at + _WIDTH].hex() for at in range(0, len(rows), _WIDTH)))


def _same(ours: Mapping[str, Any], entry: dict[str, Any]) -> bool:
    return ours["description"] == entry["description"] and ours["arguments"] == entry["arguments"]
