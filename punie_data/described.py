"""What a manifest says of its rows that does not stand in them: the system prompt, and the signatures of tools that aren't ours.

    "system_prompt": "…"                                        of every row, but for
    "system_prompts": [{"text": "…", "rows": "<id> <id> …"}]      those that came with another one
    "signatures": {"get_weather": {"description": "…", "arguments": {JSON Schema}, "result": null}}
    "signature_variants": [{"tool": "get_weather", "signature": {…}, "rows": "<id> <id> …"}]

A signature has the shape of those in `schemas/tools.schema.json`; `written` beside it is the foreign row's own description, where a validator could
not take it as it was. Foreign sets give one name several signatures: `signatures` holds the one that most rows mean, or nothing where the name is that of a tool of
ours, which is then meant by all rows that no variant names. Of a tool that rows call and never describe, as in session files, it holds what the calls
show of its parameters, and `seen_in_calls` says how many they were.
"""

from collections import ChainMap
from collections.abc import Mapping
from typing import Any

KEYS = ("system_prompt", "system_prompts", "signatures", "signature_variants")
"""The keys of a manifest that are carried over from dataset to dataset."""


class Described:
    """The system prompt and the foreign tools of each row of a dataset, by the row's id."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self._prompt: str = manifest.get("system_prompt") or ""
        self._prompts = {
            row: each["text"] for each in manifest.get("system_prompts", ()) for row in each["rows"].split()
        }
        self._entries: dict[str, Mapping[str, Any]] = dict(manifest.get("signatures", {}))
        self._common = {name: openai_form(name, entry) for name, entry in self._entries.items()}
        self._variants: dict[str, dict[str, Mapping[str, Any]]] = {}
        for each in manifest.get("signature_variants", ()):
            for row in each["rows"].split():
                self._variants.setdefault(row, {})[each["tool"]] = each["signature"]

    def prompt(self, row: str) -> str:
        """The system prompt of the row with this id."""
        return self._prompts.get(row, self._prompt)

    def own_prompt(self, row: str) -> str | None:
        """That of a row which brings another one than most; None of any other."""
        return self._prompts.get(row)

    def signatures(self, row: str) -> Mapping[str, Mapping[str, Any]]:
        """The tools that aren't ours, by name, in OpenAI's form, as the row with this id means them."""
        others = self._variants.get(row)
        if others is None:
            return self._common
        return ChainMap({name: openai_form(name, entry) for name, entry in others.items()}, self._common)

    def variants(self, row: str) -> Mapping[str, Mapping[str, Any]]:
        """Those as they stand in the manifest that this row means otherwise than most."""
        return self._variants.get(row, {})

    def entries(self, row: str) -> Mapping[str, Mapping[str, Any]]:
        """The same as they stand in the manifest."""
        others = self._variants.get(row)
        return self._entries if others is None else ChainMap(dict(others), self._entries)


def openai_form(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A signature as chat templates take it."""
    return {
        "type": "function",
        "function": {"name": name, "description": entry["description"], "parameters": entry["arguments"]},
    }
