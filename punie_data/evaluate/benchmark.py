"""What a public benchmark takes for right besides the gold conversation. It stands in the manifest of the suite that was made of its files:

    "suite": {…, "benchmark": {"name": "bfcl", "version": "v4",
        "answers": {"<id>": [{"get_weather": {"city": ["Oslo", "Oslo, Norway"], "unit": ["C", ""]}}]},
        "choices": {"<id>": {"tool": {"content": "", "calls": [{"name": …, "arguments": …}]}, "ask": {"content": "For which city?"}}}}}

`answers` are BFCL's: the calls that are wanted, each argument with all values that it may have ("" lets it be left out); [] where no call is right, and
everything that is none is. `choices` are When2Call's: what could be said, one of each kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from punie_data.scorers.arguments import BFCL, Convention, Gold, Signature, bfcl_gold, signature_of


@dataclass(frozen=True, slots=True)
class Accepted:
    """The decisions that are right, and of calls those that are: in the benchmark's own convention, held against its own signatures."""

    kinds: frozenset[str]
    gold: tuple[Gold, ...] = ()
    signatures: Mapping[str, Signature] | None = None
    convention: Convention = BFCL


class Benchmark:
    """Of a suite's manifest; of any other it is empty, and `name` is ""."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        suite = manifest.get("suite")
        told = suite.get("benchmark") if isinstance(suite, Mapping) else None
        self._told: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
        self.name: str = self._told.get("name", "")

    def accepted(self, row: str, entries: Mapping[str, Mapping[str, Any]]) -> Accepted | None:
        """What is right in answer to the row with this id; `entries` are its tools as they stand in the manifest. None where only the gold turn is."""
        answers = self._told.get("answers", {}).get(row)
        if answers is None:
            return None
        if not answers:
            return Accepted(frozenset({"direct", "ask", "cannot"}))
        gold = tuple(map(bfcl_gold, answers))
        signatures = {one.name: signature_of(parameters_of(entries.get(one.name, {}))) for one in gold}
        return Accepted(frozenset({"tool"}), gold, signatures)

    def choices(self, row: str) -> Mapping[str, Mapping[str, Any]]:
        """Kind → what the assistant would say, as a message of a record; nothing where there is no choice."""
        return {
            kind: _message(said) for kind, said in sorted(self._told.get("choices", {}).get(row, {}).items())
        }


def parameters_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters in the benchmark's own words: it tells a float from an integer and a tuple from a list, which JSON Schema does not."""
    written = entry.get("written")
    own = written.get("parameters") if isinstance(written, Mapping) else None
    return own if isinstance(own, Mapping) else entry.get("arguments", {})


def _message(said: Mapping[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said["content"]}
    if said.get("calls"):
        message["tool_calls"] = [
            {"id": f"call_{number}", "type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}
            for number, call in enumerate(said["calls"])
        ]  # fmt: skip
    return message
