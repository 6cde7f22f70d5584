"""One answer, judged in layers: read by the runtime's parser, the right decision, the right tools, the right arguments. Each says why.

A layer is judged only where those before it hold; `strict` is all of them. What the answer says in prose is not judged here: a query that should
be answered directly is right when it is answered and not when it is answered well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from punie_data import dialects
from punie_data.dialects.base import Malformed
from punie_data.evaluate.queries import Query
from punie_data.scorers.arguments import Called, gold_of, match_calls, signature_of
from punie_data.scorers.decision import Decision, decision

LAYERS = ("parsed", "decision", "tools", "arguments")
PATHS = frozenset({"path", "file_path"})


@dataclass(frozen=True, slots=True)
class Score:
    """`layers` are those that were judged, in order, up to the first that failed; `explanation` says why it did, "" where none failed."""

    decided: Decision
    layers: Mapping[str, bool]
    explanation: str

    @property
    def strict(self) -> bool:
        return all(self.layers.values())


def score(query: Query, text: str, dialect: str) -> Score:
    """Judge what a model wrote in answer to a query."""
    parsed = dialects.load(dialect).parse(text, query.tools)
    decided = decision(parsed)
    if isinstance(parsed, Malformed):
        return Score(decided, {"parsed": False}, parsed.reason)
    layers = {"parsed": True, "decision": decided == query.kind}
    if decided != query.kind:
        return Score(decided, layers, f"{decided}, where {query.kind} was right")
    if query.kind != "tool":
        return Score(decided, layers, "")
    called = [Called(call.name, call.arguments) for call in parsed.calls]
    names, wanted = sorted(call.name for call in called), sorted(call.name for call in query.gold)
    layers["tools"] = names == wanted
    if names != wanted:
        return Score(decided, layers, f"called {', '.join(names)}, where {', '.join(wanted)} was wanted")
    signatures = {
        tool["function"]["name"]: signature_of(tool["function"]["parameters"], PATHS) for tool in query.tools
    }
    gold = [gold_of(call.name, call.arguments, signatures.get(call.name, {})) for call in query.gold]
    verdict = match_calls(called, gold, signatures)
    layers["arguments"] = verdict.matches
    return Score(decided, layers, verdict.explanation)


def reached(rows: "list[Mapping[str, Any]]", layer: str) -> tuple[int, int]:
    """(how many passed the layer and all before it, how many queries it applies to): what failed earlier has failed here too."""
    applies = [row for row in rows if layer in ("parsed", "decision") or row["kind"] == "tool"]
    passed = sum(
        all(row["layers"].get(name, False) for name in LAYERS[: LAYERS.index(layer) + 1]) for row in applies
    )
    return passed, len(applies)
