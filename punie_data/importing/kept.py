"""Exports of ours, read back: beside the conversation they keep what the record held, and the id proves that it is the same one again."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from punie_data import dialects
from punie_data.chat import Example, example_from_json
from punie_data.dialects.base import Refused, Signatures
from punie_data.importing.conversation import Conversation, Signature, Turn, Unconvertible
from punie_data.importing.pairing import Parameters, paired
from punie_data.importing.shape import are_surroundings
from punie_data.importing.surroundings import kept_of

_MOST_NUMBERS = 6
"""Whole numbers among a row's arguments of which each may have been written with a point: so many can be tried out."""


def earlier_turn_of(row: Mapping[str, Any]) -> str:
    """The id of the record whose earlier turn a row is, "" for any other row: an export for mlx-lm writes a row for each turn, the last holds all."""
    kept = kept_of(row)
    turn, turns = kept.get("turn"), kept.get("turns")
    if type(turn) is int and type(turns) is int and 0 < turn < turns and isinstance(kept["id"], str):
        return kept["id"]
    return ""


def kept_example(
    conversation: Conversation,
    turns: list[Turn],
    signatures: tuple[Signature, ...],
    parameters: Parameters,
    spoken_calls: bool,
) -> Example | None:
    """The very record that an export was made from; None where the row is no export, or was changed since.

    A rendering can be read in more than one way: the one whose id is the kept one is right, and no other is.
    """
    kept = conversation.kept
    if not kept or not are_surroundings(kept):
        return None
    names = _names(kept, conversation)
    rest = {"tools": names, "label": kept["label"], "origin": kept["origin"], "runs": kept["runs"]}
    for messages in _readings(kept, names, turns, signatures, parameters, spoken_calls):
        for spelt in _spellings(_with_ids(messages, kept["runs"]), _dialect(kept)):
            example = example_from_json({"messages": spelt, **rest})
            try:
                if example.id == kept["id"]:
                    return example
            except orjson.JSONEncodeError:  # half of a surrogate pair, or nested too deep: that was no record
                break
    return None


def _spellings(messages: list[dict[str, Any]], dialect: str) -> Iterator[list[dict[str, Any]]]:
    """The messages, and as `qwen3-xml` could have meant them: the runtime's parser takes 54.0 for 54, which is equal and has another id."""
    yield messages
    if dialect != "qwen3-xml":
        return
    places = [
        (turn, number, name)
        for turn, message in enumerate(messages)
        for number, call in enumerate(message.get("tool_calls", ()))
        for name, value in call["function"]["arguments"].items()
        if type(value) is int and abs(value) < 2**53
    ]
    if not 0 < len(places) <= _MOST_NUMBERS:
        return
    for chosen in range(1, 2 ** len(places)):
        wanted = {place for bit, place in enumerate(places) if chosen >> bit & 1}
        yield [_with_points(message, turn, wanted) for turn, message in enumerate(messages)]


def _with_points(message: dict[str, Any], turn: int, wanted: set[tuple[int, int, str]]) -> dict[str, Any]:
    if not message.get("tool_calls"):
        return message
    calls = []
    for number, call in enumerate(message["tool_calls"]):
        arguments = call["function"]["arguments"]
        pointed = {
            name: float(value) if (turn, number, name) in wanted else value
            for name, value in arguments.items()
        }
        calls.append({**call, "function": {**call["function"], "arguments": pointed}})
    return {**message, "tool_calls": calls}


def prompt_of(example: Example, conversation: Conversation, written: str) -> str | None:
    """The system prompt of an export, without the section about the tools that its dialect put behind it; None where it wrote none."""
    name = _dialect(conversation.kept)
    if not name:
        return None
    tools = dialects.signatures(example.tools, _openai_forms(conversation.signatures))
    rendered = dialects.load(name).render(example.to_json(), [] if isinstance(tools, Refused) else tools, "")
    if isinstance(rendered, Refused) or rendered.messages[0]["role"] != "system":
        return None
    section = rendered.messages[0]["content"]
    return written.removesuffix(section).removesuffix("\n\n") if written.endswith(section) else None


def _readings(
    kept: Mapping[str, Any],
    names: list[str],
    turns: list[Turn],
    signatures: tuple[Signature, ...],
    parameters: Parameters,
    spoken_calls: bool,
) -> Iterator[list[dict[str, Any]]]:
    """The messages as they stand (an answer may show a call that nobody made), as the dialect reads them, and as anybody's are read."""
    for apart in (False, True) if spoken_calls else (False,):
        try:
            messages, _ = paired(turns, parameters, apart)
        except Unconvertible:
            pass
        else:
            yield [message.to_json() for message in messages]
        dialect = _dialect(kept)
        if apart or not spoken_calls or not dialect:
            continue
        tools = dialects.signatures(names, _openai_forms(signatures))
        restored = _restored(dialect, turns, [] if isinstance(tools, Refused) else tools)
        if restored is not None:
            yield restored
            if dialect == "code":
                # It brings all tools along, which no other reading needs.
                from punie_data.importing.programs import out_of_code_mode

                typed = out_of_code_mode(restored)
                if typed is not None:
                    yield typed


def _dialect(kept: Mapping[str, Any]) -> str:
    """The dialect that a row says it was written in, "" where there is none of that name."""
    name = kept.get("dialect")
    return name if isinstance(name, str) and name in dialects.DIALECTS else ""


def _restored(dialect: str, turns: list[Turn], tools: Signatures) -> list[dict[str, Any]] | None:
    # A chat template may give results to the tool, where the dialect gave them to the user.
    written = [{"role": "user" if turn.role == "tool" else turn.role, "content": turn.text} for turn in turns]
    restored = dialects.load(dialect).restore(written, tools)
    return None if isinstance(restored, Refused) else restored


def _openai_forms(signatures: tuple[Signature, ...]) -> dict[str, dict[str, Any]]:
    return {
        each.name: {
            "type": "function",
            "function": {
                "name": each.name,
                "description": each.description,
                "parameters": dict(each.arguments),
            },
        }
        for each in signatures
    }


def _names(kept: Mapping[str, Any], conversation: Conversation) -> list[str]:
    for key in ("offered", "tools"):
        given = kept.get(key)
        if isinstance(given, list) and all(isinstance(name, str) for name in given):
            return given
    return list(conversation.offered)


def _with_ids(messages: list[dict[str, Any]], runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages with the ids of the runs, which stand in the order of the calls, where the format had none to give."""
    calls = [call["id"] for message in messages for call in message.get("tool_calls", ())]
    proven = [run["call_id"] for run in runs]
    if len(calls) != len(proven) or calls == proven or len(set(calls)) < len(calls):
        return messages
    new = dict(zip(calls, proven, strict=True))
    found = []
    for message in messages:
        if message.get("tool_calls"):
            message = {
                **message,
                "tool_calls": [{**call, "id": new[call["id"]]} for call in message["tool_calls"]],
            }
        elif message["role"] == "tool":
            message = {**message, "tool_call_id": new.get(message["tool_call_id"], message["tool_call_id"])}
        found.append(message)
    return found
