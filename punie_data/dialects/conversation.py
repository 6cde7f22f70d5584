"""Conversations for the dialects that write calls and results as plain text: what is left are the roles system, user and assistant.

The answer to whether a row can be written is never guessed: every turn is parsed again, and a turn that is not read back as it was is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from punie_data.dialects.base import Call, Malformed, Parsed, Refused, Rendered, Signatures, calls_of

Write = Callable[[str, Sequence[Call]], str]
Parse = Callable[[str, Signatures], Parsed | Malformed]
Wrap = Callable[[str, str], tuple[str, str]]
"""(tool name, content) → what stands before the content and what stands behind it."""


def render(
    record: Mapping[str, Any], tools: Signatures, system: str, write: Write, parse: Parse, wrap: Wrap
) -> Rendered | Refused:
    """The record as text. `system` is the whole system prompt, the tools in it; results become messages of the user, those of one turn one message."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    results: list[tuple[str, str]] = []
    for number, message in enumerate([*record["messages"], {"role": "end", "content": ""}]):
        content = message["content"]
        if message["role"] == "tool":
            results.append((message["name"], content))
            continue
        if results:
            written = "\n".join(content.join(wrap(name, content)) for name, content in results)
            if _split(written, [name for name, _ in results], wrap) != [content for _, content in results]:
                return Refused(f"the results before message {number} could not be told apart")
            messages.append({"role": "user", "content": written})
            results = []
        if message["role"] == "assistant":
            calls = calls_of(message)
            written = write(content, calls)
            if parse(written, tools) != Parsed(content, calls):
                return Refused(f"message {number} would not be read back as it is")
            content = written
        if message["role"] != "end":
            messages.append({"role": message["role"], "content": content})
    return Rendered(tuple(messages), None)


def restore(
    messages: Sequence[Mapping[str, Any]], tools: Signatures, parse: Parse, wrap: Wrap
) -> list[dict[str, Any]] | Refused:
    """The record's messages of a rendered conversation."""
    found: list[dict[str, Any]] = []
    count = 0
    pending: tuple[tuple[str, Call], ...] = ()
    for number, message in enumerate(messages):
        role, content = message["role"], message["content"]
        if role == "system" and number == 0:
            continue
        if role == "user" and pending:
            results = _split(content, [call.name for _, call in pending], wrap)
            if results is None:
                return Refused(f"message {number} does not hold the results of the calls before it")
            found += [
                {"role": "tool", "content": result, "tool_call_id": name, "name": call.name}
                for (name, call), result in zip(pending, results, strict=True)
            ]
            pending = ()
        elif role == "user":
            found.append({"role": "user", "content": content})
        elif role == "assistant":
            parsed = parse(content, tools)
            if isinstance(parsed, Malformed):
                return Refused(f"message {number}: {parsed.reason}")
            pending = tuple((f"call_{count + at}", call) for at, call in enumerate(parsed.calls))
            count += len(pending)
            found.append(assistant(parsed.content, pending))
        else:
            return Refused(f"message {number} has the role {role}, which this dialect does not write")
    return found


def assistant(content: str, calls: Sequence[tuple[str, Call]]) -> dict[str, Any]:
    """An assistant's message of a record, the calls given with their ids."""
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = [
            {
                "id": name,
                "type": "function",
                "function": {"name": call.name, "arguments": dict(call.arguments)},
            }
            for name, call in calls
        ]
    return message


def _split(text: str, names: Sequence[str], wrap: Wrap) -> list[str] | None:
    """The results in a message of results, None where they can't be told apart."""
    found = []
    for at, name in enumerate(names):
        before, behind = wrap(name, "")
        if not text.startswith(before):
            return None
        text = text[len(before) :]
        if at + 1 == len(names):
            if not text.endswith(behind):
                return None
            found.append(text[: len(text) - len(behind)])
            break
        between = f"{behind}\n{wrap(names[at + 1], '')[0]}"
        if text.count(between) < 1:
            return None
        head, _, tail = text.partition(between)
        found.append(head)
        text = between.removeprefix(f"{behind}\n") + tail
    return found
