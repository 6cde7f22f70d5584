"""A conversation of any format as a record: calls paired with their results, the label by rule, and an origin that says it was imported."""

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from punie_data.chat import KINDS, Example, Kind, Label, Message, Origin, Run, ToolCall, message_from_json
from punie_data.dialects import DIALECTS, Refused, load
from punie_data.importing.conversation import Conversation, Signature, SpokenCall, Turn, Unconvertible
from punie_data.importing.prompts import prompt_and_tools
from punie_data.importing.spoken import results_of, spoken, unwrapped
from punie_data.importing.values import is_json
from punie_data.resources import path_of

IMPORTED = "imported"
"""The tool version of a run that nobody saw happen, and the category of a row that came without one."""
_KEPT_ORIGIN = {"generator": str, "repo": str, "revision": str, "license": str, "paths": list, "spans": list, "symbol": str, "seed": int}  # fmt: skip
_KEPT_RUN = {"call_id": str, "tool_version": str, "exit": int, "sha256": str, "truncated": bool}


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows are read from: the file's stem, its digest as a revision, and the licence that the user gave."""

    repo: str
    revision: str
    license: str = "unknown"
    tools: tuple[str, ...] = ()
    """Offered in rows that do not say what was."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A record with what does not belong into rows: the system prompt and the tools that the row described."""

    example: Example
    format: str
    prompt: str
    signatures: tuple[Signature, ...]


def converted(conversation: Conversation, source: Source, line: int) -> Converted:
    """The record of a conversation that was read from `line` of the source. Unconvertible, with the reason."""
    prompt, turns = _without_system(conversation.turns)
    prompt, described = prompt_and_tools(prompt)
    signatures = _united(conversation.signatures, described)
    parameters = _Parameters(signatures, turns)
    spoken_calls = not conversation.native and not any(turn.calls for turn in turns)
    if conversation.kept:
        kept = _kept(conversation, turns, parameters, spoken_calls)
        if kept is not None:
            return Converted(kept, conversation.format, prompt, signatures)
    messages, runs = _paired(turns, parameters, spoken_calls)
    if len(messages) < 2:
        raise Unconvertible("no conversation", f"{len(messages)} message{'s' * (len(messages) != 1)}")
    called = [call.name for message in messages for call in message.tool_calls]
    offered = [*conversation.offered, *(signature.name for signature in signatures)]
    tools = dict.fromkeys([*(offered or source.tools), *called])
    kind: Kind = "tool" if called else "direct"
    if conversation.kind in KINDS and (conversation.kind == "tool") == bool(called):
        kind = conversation.kind  # type: ignore[assignment]
    elif conversation.kind:
        raise Unconvertible("the label and the calls disagree", f"{conversation.kind}, {len(called)} calls")
    license_ = conversation.license or source.license
    example = Example(
        messages=tuple(messages),
        tools=tuple(tools),
        label=Label(kind, conversation.category or IMPORTED),
        origin=Origin(
            f"import:{conversation.format}", source.repo, source.revision, license_, symbol=f"line {line}"
        ),
        runs=tuple(runs),
    )
    return Converted(example, conversation.format, prompt, signatures)


def row_bytes(example: Example) -> tuple[dict[str, Any], bytes]:
    """The record as a row and as its line. Unconvertible where it can't be written."""
    try:
        row = example.to_json()
        return row, orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        raise Unconvertible("it can't be written as JSON", str(error)[:80]) from None


class _Parameters:
    """A known tool's parameters by name. Tools that the row does not describe are known by our own signatures, or by being called."""

    def __init__(self, signatures: tuple[Signature, ...], turns: list[Turn]) -> None:
        self._known: dict[str, Mapping[str, Any]] = {
            signature.name: signature.arguments.get("properties", {}) for signature in signatures
        }
        self._called = {call.name for turn in turns for call in turn.calls}

    def signatures(self) -> list[dict[str, Any]]:
        """Every tool that is described here or shipped, in OpenAI's form, for a parser that needs the types of parameters."""
        names = dict.fromkeys([*self._known, *shipped_tools()])
        return [
            {
                "type": "function",
                "function": {"name": name, "parameters": {"properties": dict(self(name) or {})}},
            }
            for name in names
        ]

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


def _without_system(turns: tuple[Turn, ...]) -> tuple[str, list[Turn]]:
    prompts = [turn.text for turn in turns if turn.role == "system"]
    rest = [turn for turn in turns if turn.role != "system"]
    if any(turn.role == "system" for turn in turns[len(prompts) :]):
        raise Unconvertible("a system message stands inside the conversation")
    return "\n\n".join(prompt for prompt in prompts if prompt.strip()), rest


def _united(first: tuple[Signature, ...], second: tuple[Signature, ...]) -> tuple[Signature, ...]:
    """The row's own list first: the same tools may stand in its system prompt once more."""
    known = {signature.name for signature in first}
    return (*first, *(signature for signature in second if signature.name not in known))


def _taken_apart(turns: list[Turn], parameters: _Parameters, spoken_calls: bool) -> list[Turn]:
    """The turns with the calls and the results that stood in their texts. Where calls are spoken, results come as the user's messages."""
    found: list[Turn] = []
    for index, turn in enumerate(turns):
        if turn.role == "assistant" and spoken_calls:
            following = turns[index + 1] if index + 1 < len(turns) else None
            before_result = following is not None and (
                following.role == "tool"
                or (following.role == "user" and results_of(following.text) is not None)
            )
            said = spoken(turn.text, parameters, before_result)
            found.append(Turn("assistant", said.text, said.calls))
        elif turn.role == "user" and found and found[-1].role == "assistant" and found[-1].calls:
            results = results_of(turn.text)
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


def _paired(
    turns: list[Turn], parameters: _Parameters, spoken_calls: bool
) -> tuple[list[Message], list[Run]]:
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


def _without_filling(call: SpokenCall, parameters: _Parameters) -> Mapping[str, Any]:
    """The arguments without the nulls that Arrow fills in for the parameters of other tools."""
    if None not in call.arguments.values():
        return call.arguments
    known = parameters(call.name)
    if not known:
        return call.arguments
    return {key: value for key, value in call.arguments.items() if value is not None or key in known}


def _kept(
    conversation: Conversation, turns: list[Turn], parameters: _Parameters, spoken_calls: bool
) -> Example | None:
    """The very record that an export was made from, None where the row has none or was changed since.

    The texts are tried as they stand first: an answer may show a call that nobody made.
    """
    kept = conversation.kept
    if not _is_whole(kept):
        return None
    proofs = tuple(Run(**run) for run in kept["runs"])
    origin = {
        **kept["origin"],
        "paths": tuple(kept["origin"]["paths"]),
        "spans": tuple(kept["origin"]["spans"]),
    }
    readings: list[Callable[[], list[Message]]] = [lambda: _paired(turns, parameters, False)[0]]
    if spoken_calls and kept.get("dialect") in DIALECTS:
        readings.append(lambda: _restored(kept["dialect"], turns, parameters))
    if spoken_calls:
        readings.append(lambda: _paired(turns, parameters, True)[0])
    for reading in readings:
        try:
            messages = reading()
        except Unconvertible:
            continue
        example = Example(
            messages=tuple(_with_ids(messages, proofs)),
            tools=tuple(kept.get("tools") or conversation.offered),
            label=Label(kept["label"]["kind"], kept["label"]["category"]),
            origin=Origin(**origin),
            runs=proofs,
        )
        if example.id == kept["id"]:
            return example
    return None


def _restored(dialect: str, turns: list[Turn], parameters: _Parameters) -> list[Message]:
    """The messages that were rendered in a dialect of ours, by its own inverse. Unconvertible where it finds that they were changed."""
    written = [{"role": turn.role, "content": turn.text} for turn in turns]
    messages = load(dialect).restore(written, parameters.signatures())
    if isinstance(messages, Refused):
        raise Unconvertible("not in the dialect that the row names", messages.reason)
    return [message_from_json(message) for message in messages]


def _with_ids(messages: list[Message], proofs: tuple[Run, ...]) -> list[Message]:
    """The messages with the ids of the runs, which stand in the order of the calls, where the format had none to give."""
    calls = [call.id for message in messages for call in message.tool_calls]
    if len(calls) != len(proofs) or calls == [proof.call_id for proof in proofs]:
        return messages
    new = dict(zip(calls, (proof.call_id for proof in proofs), strict=True))
    return [
        Message(
            message.role,
            message.content,
            tuple(ToolCall(new[call.id], call.name, call.arguments) for call in message.tool_calls),
            new.get(message.tool_call_id) if message.tool_call_id else None,
            message.name,
        )
        for message in messages
    ]


def _is_whole(kept: Mapping[str, Any]) -> bool:
    label, origin, runs, tools = kept["label"], kept["origin"], kept["runs"], kept.get("tools", [])
    return (
        isinstance(kept["id"], str)
        and isinstance(label, dict)
        and label.keys() == {"kind", "category"}
        and label["kind"] in KINDS
        and isinstance(label["category"], str)
        and _has_types(origin, _KEPT_ORIGIN)
        and all(isinstance(text, str) for text in (*origin["paths"], *origin["spans"]))
        and isinstance(runs, list)
        and all(_has_types(run, _KEPT_RUN) for run in runs)
        and (tools is None or (isinstance(tools, list) and all(isinstance(name, str) for name in tools)))
    )


def _has_types(value: Any, types: Mapping[str, type]) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == types.keys()
        and all(type(value[key]) is kind for key, kind in types.items())
    )
