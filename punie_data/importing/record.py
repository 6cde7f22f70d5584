"""A conversation of any format as a record: calls paired with their results, the label by rule, and an origin that says it was imported."""

from dataclasses import dataclass
from typing import Any

import orjson

from punie_data.chat import KINDS, Example, Kind, Label, Origin
from punie_data.importing.calls import UNREADABLE
from punie_data.importing.conversation import Conversation, Signature, Turn, Unconvertible
from punie_data.importing.kept import kept_example, prompt_of
from punie_data.importing.pairing import IMPORTED, Parameters, paired
from punie_data.importing.prompts import prompt_and_tools
from punie_data.importing.spoken import CODE_TOOL


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
    written, turns = _without_system(conversation.turns)
    prompt, described = prompt_and_tools(written)
    signatures = _united(conversation.signatures, described)
    parameters = Parameters(signatures, turns)
    spoken_calls = not conversation.native and not any(turn.calls for turn in turns)
    kept = kept_example(conversation, turns, signatures, parameters, spoken_calls)
    if kept is not None:
        whole = prompt_of(kept, conversation, written)
        return Converted(kept, conversation.format, prompt if whole is None else whole, signatures)
    messages, runs = paired(turns, parameters, spoken_calls)
    if len(messages) < 2:
        raise Unconvertible("no conversation", f"{len(messages)} message{'s' * (len(messages) != 1)}")
    called = [call.name for message in messages for call in message.tool_calls]
    offered = [*conversation.offered, *(signature.name for signature in signatures)]
    if spoken_calls and CODE_TOOL in called and offered and CODE_TOOL not in offered:
        raise Unconvertible(UNREADABLE, "Python that calls tools which the row offers one by one")
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
