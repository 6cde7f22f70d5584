"""Calls and results that stand in the text of a message, in the wrappers of section "dialects": tags, fences, labels, bare code."""

import ast
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from punie_data.dialects.qwen3_xml import value_of
from punie_data.importing.calls import UNREADABLE, calls_of_text, is_call
from punie_data.importing.conversation import SpokenCall, Unconvertible
from punie_data.importing.values import from_literal, objects_in, written

CODE_TOOL = "execute_code"
CODE_PARAMETER = "code"
TOOLCALL = "<TOOLCALL>"

_MARKS = r"<tool_call>|<function=|<functioncall>|<TOOLCALL>|\[TOOL_CALLS\]|<\|python_tag\|>|^Tool call:"
_OPENING = re.compile(_MARKS, re.MULTILINE)
_QUOTED_OR_OPENING = re.compile(rf"```.*?(?:```|\Z)|`[^`\n]*`|({_MARKS})", re.DOTALL | re.MULTILINE)
_CLOSED_BY = {
    "<tool_call>": ("</tool_call>", True),
    "<function=": ("</function>", True),
    "<functioncall>": ("</functioncall>", False),
    "<TOOLCALL>": ("</TOOLCALL>", False),
    "[TOOL_CALLS]": ("", False),
    "<|python_tag|>": ("<|eom_id|>", False),
    "Tool call:": ("", False),
}
"""What ends a call, and whether it must."""
_FENCE = re.compile(r"```(json|tool_call|tool_code|python|py)?[ \t]*\n")
_MOST_ENDS = 20
"""How many ends of a fence are tried: a call's arguments may hold fences of their own."""
_FUNCTION = re.compile(r"\s*<function=([^>\s]+)>(.*?)(?:</function>\s*|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"\s*<parameter=([^>\s]+)>(.*?)</parameter>\s*", re.DOTALL)
_ENDS = ("<|endoftext|>", "<|im_end|>", "<|eot_id|>", "</s>")
_SOMETHING = re.compile(r"\S")
_RESULT_TAG = re.compile(r"\s*<(tool_response|TOOL_RESPONSE)>(.*?)</\1>\s*", re.DOTALL)
_RESULT_LABEL = re.compile(
    r"\s*\[?(?:tool|function|execution|command|code)[ _-](?:result|output|response)s?\]?\s*:[ \t]?\n?|\s*(?:observation|result|output)\s*:[ \t]?\n?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """An assistant's text taken apart: what it says before its calls, and the calls (none: the text is all it says)."""

    text: str
    calls: tuple[SpokenCall, ...]


def spoken(
    content: str, parameters: Callable[[str], Mapping[str, Any] | None], before_result: bool
) -> Spoken:
    """The calls in an assistant's text. `parameters` gives a known tool's parameters (name → schema) and None for a name that is no tool's;
    `before_result` says that a result follows, which makes a fence or bare JSON a call that could be an example otherwise.

    Unconvertible where something begins like a call and can't be read as one, and where text follows a call.
    """
    content = _without_end(content)
    opening = _first_opening(content)
    if opening >= 0:
        return Spoken(content[:opening].strip(), _wrapped(content[opening:], parameters))
    if "```" in content:
        fenced = _fenced(content, parameters, before_result)
        if fenced is not None:
            return fenced
    bare = content.strip()
    if bare[:1] in ("{", "[") and bare[-1:] in ("}", "]"):
        try:
            value = from_literal(bare)
        except Unconvertible:
            value = None
        items = value if isinstance(value, list) else [value]
        if items and all(is_call(item) for item in items):
            calls = calls_of_text(bare)
            if before_result or all(parameters(call.name) is not None for call in calls):
                return Spoken("", calls)
    elif "(" in bare and _is_code(bare, parameters):
        return Spoken("", (_code_call(bare),))
    return Spoken(content, ())


def wrapped_calls(text: str) -> tuple[SpokenCall, ...]:
    """The calls of a text that begins with a wrapper and holds nothing but calls."""
    return _wrapped(text, lambda name: None)


def results_of(content: str, names: Sequence[str] = ()) -> tuple[str, ...] | None:
    """The results that a text is, without their wrappers; None where it has no mark of a result. `names` are the tools whose results are due."""
    found, position = [], 0
    while match := _RESULT_TAG.match(content, position):
        found.extend(_results_in(match[1], match[2]))
        position = match.end()
    if found and position == len(content):
        return tuple(found)
    named = _named_results(content, names)
    if named is not None:
        return named
    label = _RESULT_LABEL.match(content)
    if label is not None:
        return (content[label.end() :],)
    return None


def is_result(content: str) -> bool:
    """Whether a user's message has the mark of a result."""
    return content.startswith("Result of ") or results_of(content) is not None


def _named_results(content: str, names: Sequence[str]) -> tuple[str, ...] | None:
    """`Result of NAME:` and what follows, for each of the names in their order."""
    found = []
    for number, name in enumerate(names):
        mark = f"Result of {name}:\n\n"
        if not content.startswith(mark):
            return None
        content = content.removeprefix(mark)
        following = f"\nResult of {names[number + 1]}:\n\n" if number + 1 < len(names) else ""
        result, between, _ = content.partition(following) if following else (content, "", "")
        if following and not between:
            return None
        found.append(result)
        content = content[len(result) + 1 :]
    return tuple(found) or None


def unwrapped(content: str, name: str) -> str:
    """A result without Hermes's object around it (`{"name": …, "content": …}`); any other text as it stands."""
    text = content.strip()
    if not (text.startswith("{") and text.endswith("}") and "content" in text and "name" in text):
        return content
    try:
        value = from_literal(text)
    except Unconvertible:
        return content
    if (
        not isinstance(value, dict)
        or value.get("name") != name
        or not {"name", "content"} <= value.keys() <= {"name", "content", "tool_call_id", "role"}
    ):
        return content
    inner = value["content"]
    return inner if isinstance(inner, str) else written(inner)


def _without_end(text: str) -> str:
    """The text without the token that ends a turn, which some sets carry in the content."""
    bare = text.rstrip()
    end = next((token for token in _ENDS if bare.endswith(token)), "")
    return bare.removesuffix(end).rstrip() if end else text


def _first_opening(content: str) -> int:
    """Where the first call begins that is not quoted between backticks; -1 where none does."""
    return next((match.start(1) for match in _QUOTED_OR_OPENING.finditer(content) if match[1]), -1)


def _wrapped(text: str, parameters: Callable[[str], Mapping[str, Any] | None]) -> tuple[SpokenCall, ...]:
    calls: list[SpokenCall] = []
    absent: set[str] = set()
    position = 0
    while position < len(text):
        opening = _OPENING.match(text, position)
        if opening is None:
            rest = text[position:].strip()
            if rest:
                raise Unconvertible("text stands behind a call", repr(rest[:60]))
            break
        mark = opening[0]
        closing, needed = _CLOSED_BY[mark]
        start = position if mark == "<function=" else opening.end()
        end = text.find(closing, start) if closing and closing not in absent else -1
        if end < 0 and needed:
            raise Unconvertible(UNREADABLE, f"{mark} is not closed")
        if mark == "<function=":
            end += len(closing)
            position = end
        elif end < 0:
            absent.add(closing)
            later = _OPENING.search(text, start)
            end = position = later.start() if later else len(text)
        else:
            position = end + len(closing)
        calls.extend(_body(text[start:end], mark, parameters))
        following = _SOMETHING.search(text, position)
        position = following.start() if following else len(text)
    return tuple(calls)


def _body(
    body: str, mark: str, parameters: Callable[[str], Mapping[str, Any] | None]
) -> tuple[SpokenCall, ...]:
    body = _without_end(body)
    if "<function=" in body[:40]:
        return _xml_calls(body, parameters)
    text = body.strip()
    fence = _FENCE.match(text)
    if fence is not None and text.endswith("```"):
        text = text[fence.end() : -3].strip()
    if text[:1] in ("{", "["):
        if mark in ("<functioncall>", "Tool call:", "[TOOL_CALLS]"):
            # These end nowhere: what follows the value is something else, which must not be lost.
            for start, end in objects_in(text):
                if start == 0 and text[end:].strip():
                    raise Unconvertible("text stands behind a call", repr(text[end:].strip()[:60]))
                break
        try:
            return calls_of_text(text)
        except Unconvertible:
            if not _is_code(text, parameters):
                raise
    if mark == "<tool_call>" and _is_code(text, parameters):
        return (_code_call(text),)
    raise Unconvertible(UNREADABLE, f"behind {mark}: {text[:60]!r}")


def _xml_calls(body: str, parameters: Callable[[str], Mapping[str, Any] | None]) -> tuple[SpokenCall, ...]:
    """Qwen3-Coder's: `<function=NAME><parameter=KEY>value</parameter></function>`, one or several."""
    calls, position = [], 0
    while position < len(body):
        match = _FUNCTION.match(body, position)
        if match is None:
            if body[position:].strip():
                raise Unconvertible(UNREADABLE, repr(body[position:].strip()[:60]))
            break
        known = parameters(match[1]) or {}
        arguments: dict[str, Any] = {}
        inside, text = 0, match[2]
        while inside < len(text):
            parameter = _PARAMETER.match(text, inside)
            if parameter is None:
                if text[inside:].strip():
                    raise Unconvertible(UNREADABLE, repr(text[inside:].strip()[:60]))
                break
            if parameter[1] in arguments:
                raise Unconvertible(UNREADABLE, f"the parameter {parameter[1][:60]!r} stands twice")
            schema = known.get(parameter[1])
            try:
                # As the runtime's parser reads a value: by its type, as text where there is none.
                value = value_of(
                    parameter[2].removeprefix("\n").removesuffix("\n"),
                    schema if isinstance(schema, Mapping) else None,
                )
            except (ValueError, OverflowError, RecursionError, MemoryError):
                raise Unconvertible(
                    UNREADABLE, f"the value of {parameter[1][:60]} is not of its type"
                ) from None
            arguments[parameter[1]] = value
            inside = parameter.end()
        calls.append(SpokenCall(match[1], arguments))
        position = match.end()
    return tuple(calls)


@dataclass(frozen=True, slots=True)
class _Block:
    """A fenced block: its language, what it holds, and where it stands with its fences."""

    kind: str
    body: str
    start: int
    end: int


def _blocks(content: str) -> Iterator[_Block]:
    position = 0
    while opening := _FENCE.search(content, position):
        kind = opening[1] or ""
        ends = []
        position = opening.end()
        while len(ends) < _MOST_ENDS and (end := content.find("```", position)) >= 0:
            ends.append(end)
            position = end + 3
        if not ends:
            return
        bodies = (content[opening.end() : end].strip() for end in ends)
        is_json = kind in ("", "json", "tool_call")
        at = next((n for n, body in enumerate(bodies) if is_json and _is_whole(body)), 0)
        position = ends[at] + 3
        yield _Block(kind, content[opening.end() : ends[at]].strip(), opening.start(), position)


def _is_whole(body: str) -> bool:
    if body[:1] not in ("{", "[") or body[-1:] not in ("}", "]"):
        return False
    try:
        from_literal(body)
    except Unconvertible:
        return False
    return True


def _fenced(
    content: str, parameters: Callable[[str], Mapping[str, Any] | None], before_result: bool
) -> Spoken | None:
    """Fences at the end of a text whose JSON, or code, calls. A fence that only might is a call before a result, or of a known tool."""
    blocks = list(_blocks(content))
    calls: list[SpokenCall] = []
    first = last = None
    for block in blocks:
        try:
            found = _fence_calls(block.kind, block.body, parameters, before_result)
        except Unconvertible:
            if before_result and block is blocks[-1] and not calls:
                raise
            found = ()
        if not found and not calls:
            continue
        between = content[last.end : block.start] if last else ""
        if not found or between.strip():
            raise Unconvertible("text stands behind a call", repr((between or block.body).strip()[:60]))
        first, last = first or block, block
        calls.extend(found)
    if first is None or last is None:
        return None
    if content[last.end :].strip():
        raise Unconvertible("text stands behind a call", repr(content[last.end :].strip()[:60]))
    return Spoken(content[: first.start].strip(), tuple(calls))


def _fence_calls(
    kind: str,
    body: str,
    parameters: Callable[[str], Mapping[str, Any] | None],
    before_result: bool,
) -> tuple[SpokenCall, ...]:
    if kind in ("python", "py", "tool_code"):
        return (_code_call(body),) if before_result and _is_code(body, parameters) else ()
    if body[:1] not in ("{", "["):
        return ()
    try:
        value = from_literal(body)
    except Unconvertible as trouble:
        if before_result and '"name"' in body:
            raise Unconvertible(UNREADABLE, str(trouble)) from None
        return ()
    items = value if isinstance(value, list) else [value]
    if not items or not all(is_call(item) for item in items):
        return ()
    calls = calls_of_text(body)
    if before_result or kind == "tool_call" or all(parameters(call.name) is not None for call in calls):
        return calls
    return ()


def _code_call(code: str) -> SpokenCall:
    return SpokenCall(CODE_TOOL, {CODE_PARAMETER: code})


def _is_code(text: str, parameters: Callable[[str], Mapping[str, Any] | None]) -> bool:
    """Whether a text is Python that calls a known tool."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    try:
        called = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
    except RecursionError:
        return False
    return any(parameters(name) is not None for name in called)


def _results_in(tag: str, body: str) -> Collection[str]:
    text = body.removeprefix("\n").removesuffix("\n")
    if tag == "TOOL_RESPONSE" and text.lstrip().startswith("["):
        try:
            value = from_literal(text)
        except Unconvertible:
            return [text]
        if isinstance(value, list):
            return [item if isinstance(item, str) else written(item) for item in value]
    return [text]
