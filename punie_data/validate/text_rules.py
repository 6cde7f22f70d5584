"""PD11x: what must not stand inside a message's text."""

import functools
import re
from collections.abc import Iterator
from typing import Any

from punie_data.validate.rule import shown
from punie_data.validate.view import UNDECODED, View, strings_of

SPECIAL_TOKENS = (
    r"<\|[A-Za-z][A-Za-z0-9_]*\|>|<｜[^<>｜]{1,40}｜>|</?tool_call>|</?tool_response>|<function=[\w.-]+>|"
    r"\[/?INST\]|\[TOOL_CALLS\]|\[/?AVAILABLE_TOOLS\]|\[/?TOOL_RESULTS\]|<<SYS>>|<(?:start|end)_of_turn>"
)
_THINKING_TAGS = "think|thinking|reasoning|scratchpad|answer|tool_use|tool_result|function_calls"
_WRAPPERS = frozenset({"result", "results", "output", "content", "tool_response", "tool_result", "response", "stdout", "return"})  # fmt: skip


@functools.cache
def _special() -> re.Pattern[str]:
    return re.compile(SPECIAL_TOKENS)


@functools.cache
def _tags() -> re.Pattern[str]:
    return re.compile(rf"<(/?)({_THINKING_TAGS})>")


@functools.cache
def _example_marker() -> re.Pattern[str]:
    return re.compile(r"[(\[]\s*(?:example|variation|variant|sample)\s*#?\s*\d+\s*[)\]]", re.IGNORECASE)


@functools.cache
def _fence() -> re.Pattern[str]:
    # As CommonMark has it: three or more, at most three spaces in, and no backtick in an opening fence's info string.
    return re.compile(r"^ {0,3}(`{3,}|~{3,})([^`\n]*)$", re.MULTILINE)


def special_token(view: View) -> Iterator[str]:
    """A text holds a delimiter of some chat template: `<|im_start|>`, `<tool_call>`, `[TOOL_CALLS]`, `</tool_response>` and the like.

    Rendered, it is read as the real delimiter: the turn ends in the middle, or a call begins that nobody made.
    """
    for index, message in enumerate(view.messages):
        for text in _texts(message):
            found = _special().search(text)
            if found is not None:
                yield f"messages[{index}]: the text holds the delimiter {shown(found[0])}"
                break


def wrapped_result(view: View) -> Iterator[str]:
    """A result is wrapped twice: a typed result inside an object of one key such as `output`, a JSON string of JSON, or a fence around it.

    The wrapper is the dialect's business and is put on at export; in the data it comes twice.
    """
    for call in view.calls:
        if call.result is None:
            continue
        content = call.result.strip()
        schema = view.signatures.result(call.name)
        if content.startswith(("```", "Tool result:", "Tool output:", "Result:")) and (
            schema or content.endswith("```")
        ):
            yield f"messages[{call.result_turn}]: the result is wrapped in {shown(content.split()[0])}"
        elif schema is not None and content.startswith('"') and content.endswith('"') and len(content) > 1:
            yield f"messages[{call.result_turn}]: the result is a JSON string with JSON in it"
        else:
            value = view.decode(content)
            keys = list(value) if value is not UNDECODED and isinstance(value, dict) else []
            if (
                len(keys) == 1
                and keys[0] in _WRAPPERS
                and (schema is None or keys[0] not in schema["properties"])
            ):
                yield f"messages[{call.result_turn}]: the result is wrapped in an object with the single key {keys[0]!r}"


def unclosed(view: View) -> Iterator[str]:
    """A code fence or a tag in a message of the user's or the assistant's is opened and not closed.

    What follows is then swallowed by the fence, and a model learns answers that never end. Results are spared: a real file may do this.
    """
    for index, message in enumerate(view.messages):
        if message["role"] == "tool":
            continue
        text = message["content"]
        if "```" in text or "~~~" in text:
            rest = _outside_fences(text)
            if rest is None:
                yield f"messages[{index}]: a code fence is not closed"
                continue
        else:
            rest = text
        if "<" not in rest:
            continue
        open_tags: dict[str, int] = {}
        for closing, tag in _tags().findall(re.sub(r"`[^`\n]*`", "", rest)):
            open_tags[tag] = open_tags.get(tag, 0) + (-1 if closing else 1)
        for tag, count in open_tags.items():
            if count:
                yield f"messages[{index}]: the tag <{tag}> is not {'closed' if count > 0 else 'opened'}"


def example_marker(view: View) -> Iterator[str]:
    """A question or an answer carries the mark of a generator that counted its variations: "(example 1)".

    No user writes so; it makes near duplicates look different.
    """
    for index, message in enumerate(view.messages):
        if message["role"] != "tool":
            found = _example_marker().search(message["content"])
            if found is not None:
                yield f"messages[{index}]: the text holds the marker {shown(found[0])}"


def _outside_fences(text: str) -> str | None:
    """The text without its fenced blocks, None where the last one is not closed."""
    kept, start, fence = [], 0, ""
    for match in _fence().finditer(text):
        mark, info = match[1], match[2].strip()
        if not fence:
            fence = mark
            kept.append(text[start : match.start()])
        elif mark[0] == fence[0] and len(mark) >= len(fence) and not info:
            fence = ""
            start = match.end()
    if fence:
        return None
    kept.append(text[start:])
    return "".join(kept)


def _texts(message: Any) -> Iterator[str]:
    """A message's content and the strings among its calls' arguments."""
    yield message["content"]
    for call in message.get("tool_calls", ()):
        yield from strings_of(call["function"]["arguments"])
