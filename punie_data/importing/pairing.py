"""Turns as messages: calls and results taken out of texts, every result paired with its call, a run for each."""

import functools
import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from punie_data.chat import Message, Run, ToolCall
from punie_data.importing.conversation import Signature, SpokenCall, Turn, Unconvertible
from punie_data.importing.spoken import is_result, results_of, spoken, unwrapped
from punie_data.importing.values import is_json
from punie_data.resources import path_of

IMPORTED = "imported"
"""The tool version of a run that nobody saw happen."""


class Parameters:
    """A known tool's parameters by name. Tools that the row does not describe are known by our own signatures, or by being called."""

    def __init__(self, signatures: tuple[Signature, ...], turns: list[Turn]) -> None:
        self._known: dict[str, Mapping[str, Any]] = {
            signature.name: signature.arguments.get("properties", {}) for signature in signatures
        }
        self._called = {call.name for turn in turns for call in turn.calls}

    def __call__(self, name: str) -> Mapping[str, Any] | None:
        known = self._known.get(name)
        if known is None and name in shipped_tools():
            known = shipped_tools()[name]["arguments"].get("properties", {})
        if known is None and name in self._called:
            return {}
        return known


@functools.cache
def shipped_tools() -> Mapping[str, Mapping[str, Any]]:
    """Our own tools, as they stand in `schemas/tools.schema.json`."""
    return orjson.loads(path_of("schemas", "tools.schema.json").read_bytes())["tools"]


def _taken_apart(turns: list[Turn], parameters: Parameters, spoken_calls: bool) -> list[Turn]:
    """The turns with the calls and the results that stood in their texts. Where calls are spoken, results come as the user's messages."""
    found: list[Turn] = []
    for index, turn in enumerate(turns):
        if turn.role == "assistant" and spoken_calls:
            following = turns[index + 1] if index + 1 < len(turns) else None
            before_result = following is not None and (
                following.role == "tool" or (following.role == "user" and is_result(following.text))
            )
            said = spoken(turn.text, parameters, before_result)
            found.append(Turn("assistant", said.text, said.calls))
        elif turn.role == "user" and found and found[-1].role == "assistant" and found[-1].calls:
            due = [call.name for call in found[-1].calls]
            results = results_of(turn.text, due)
            if results is not None and len(results) != len(due):
                raise Unconvertible(
                    "the results are not those of the calls", f"{len(results)} for {len(due)} calls"
                )
            if results is not None:
                found.extend(Turn("tool", result) for result in results)
            elif spoken_calls:
                raise Unconvertible(
                    "a user message follows a call and has no mark of a result", repr(turn.text[:60])
                )
            else:
                found.append(turn)
        elif turn.role == "tool" and not turn.call_id:
            results = results_of(turn.text) if "<" in turn.text[:40] else None
            found.extend(
                Turn("tool", text, (), "", turn.name, turn.failed) for text in results or (turn.text,)
            )
        else:
            found.append(turn)
    return found


def paired(turns: list[Turn], parameters: Parameters, spoken_calls: bool) -> tuple[list[Message], list[Run]]:
    """Messages in which every result names its call, and a run for each result. Ids are kept where they are whole and new where not."""
    turns = _taken_apart(turns, parameters, spoken_calls)
    given = [call.id for turn in turns for call in turn.calls]
    keep_ids = all(given) and len(set(given)) == len(given)
    messages: list[Message] = []
    runs: list[Run] = []
    waiting: list[tuple[ToolCall, str]] = []
    number = 0
    for turn in turns:
        if turn.role == "tool":
            call = _answered(turn, waiting)
            content = unwrapped(turn.text, call.name) if spoken_calls else turn.text
            messages.append(Message("tool", content, (), call.id, call.name))
            digest = hashlib.sha256(content.encode()).hexdigest()
            runs.append(Run(call.id, IMPORTED, int(turn.failed), digest))
            continue
        waiting = []
        calls = []
        for said in turn.calls:
            identity = said.id if keep_ids else f"call_{number}"
            number += 1
            call = ToolCall(identity, said.name, _without_filling(said, parameters))
            if not is_json(call.arguments):
                raise Unconvertible("it can't be written as JSON", f"the arguments of {call.name[:60]}")
            calls.append(call)
            waiting.append((call, said.id))
        if turn.role == "user" and not turn.text:
            raise Unconvertible("an empty user message")
        messages.append(Message(turn.role, turn.text, tuple(calls)))  # type: ignore[arg-type]
    return messages, runs


def _answered(turn: Turn, waiting: list[tuple[ToolCall, str]]) -> ToolCall:
    """The open call that a result answers, by its id, else by its name, else by its place; it is open no longer."""
    if turn.call_id:
        index = next((n for n, (_, given) in enumerate(waiting) if given == turn.call_id), None)
        if index is None and any(given for _, given in waiting):
            raise Unconvertible("a result answers no call", f"its id is {turn.call_id[:60]!r}")
    else:
        index = None
    if index is None and turn.name:
        index = next((n for n, (call, _) in enumerate(waiting) if call.name == turn.name), None)
        if index is None and waiting:
            raise Unconvertible("a result answers no call", f"it is of {turn.name[:60]!r}")
    if index is None:
        if not waiting:
            raise Unconvertible("a result answers no call", repr(turn.text[:60]))
        index = 0
    return waiting.pop(index)[0]


def _without_filling(call: SpokenCall, parameters: Parameters) -> Mapping[str, Any]:
    """The arguments without the nulls that Arrow fills in for the parameters of other tools."""
    if None not in call.arguments.values():
        return call.arguments
    known = parameters(call.name)
    if not known:
        return call.arguments
    return {key: value for key, value in call.arguments.items() if value is not None or key in known}
