"""JSON values out of text, as strictly as rows are read: no number is rounded, no key is lost, nothing is nested too deep to be written again."""

import ast
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import orjson

from punie_data.importing.conversation import Unconvertible

_DEEPEST = 200
"""What the writer can write is nested 254 deep; a record adds some levels of its own."""
_LONGEST_LITERAL = 200_000
_LONG_NUMBER = re.compile(rb"[-\[:,\s]\d{19}")
_DECODER = json.JSONDecoder()
_OPENS = re.compile(r"[{\[]")
_MOST_FAILURES = 100
"""Braces that begin no JSON. Text with more of them is no list of objects, and looking on would cost its length squared."""


def exact(data: bytes, value: Any) -> None:
    """Unconvertible where `value`, which was read from `data`, is not all that stands there: a key stands twice, a number was rounded."""
    try:
        again = orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise Unconvertible("nested too deep", "more than 254 levels") from None
    if len(again) == len(data) and again == data:
        return
    twice: list[str] = []
    wide: list[str] = []

    def pairs(given: list[tuple[str, Any]]) -> dict[str, Any]:
        seen = dict(given)
        if len(seen) < len(given):
            twice.append(next(key for n, (key, _) in enumerate(given) if key in [k for k, _ in given[:n]]))
        return seen

    def number(digits: str) -> int:
        if len(digits) > 20 or not -(1 << 63) <= int(digits) < 1 << 64:
            wide.append(digits)
        return 0

    # Most files are written with other spaces than ours: only what could be a repeated key or a wide number is worth a second reading.
    try:
        json.loads(data, object_pairs_hook=pairs, parse_int=number if _LONG_NUMBER.search(data) else int)
    except (ValueError, RecursionError) as error:
        raise Unconvertible("not JSON that two readers agree on", str(error)[:80]) from None
    if twice:
        raise Unconvertible("a key stands twice in one object", repr(twice[0][:60]))
    if wide:
        raise Unconvertible("a number does not fit into 64 bits", wide[0][:30])


def from_json(text: str) -> Any:
    """The value of a JSON text. Unconvertible where it is none, or not an exact one."""
    data = text.encode("utf-8", "surrogatepass")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Unconvertible("not JSON", str(error)[:80]) from None
    exact(data.strip(), value)
    return value


def from_literal(text: str) -> Any:
    """The value of a JSON text or of a Python literal made of what JSON can say (older sets were written with `repr`)."""
    try:
        return from_json(text)
    except Unconvertible as trouble:
        if trouble.reason != "not JSON" or len(text) > _LONGEST_LITERAL:
            raise
        try:
            value = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            # TypeError: a set of sets, or a list as a key.
            raise trouble from None
    if not is_json(value):
        raise Unconvertible("not JSON", "a Python value that JSON can't say")
    return value


def is_json(value: Any) -> bool:
    """Whether a Python value is one that JSON says exactly."""
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if depth > _DEEPEST:
            return False
        if isinstance(item, dict):
            if not all(isinstance(key, str) and _is_text(key) for key in item):
                return False
            waiting.extend((inner, depth + 1) for inner in item.values())
        elif isinstance(item, list):
            waiting.extend((inner, depth + 1) for inner in item)
        elif isinstance(item, str):
            if not _is_text(item):
                return False
        elif isinstance(item, float):
            if not math.isfinite(item):
                return False
        elif isinstance(item, int) and not isinstance(item, bool):
            if not -(1 << 63) <= item < 1 << 64:
                return False
        elif item is not None and not isinstance(item, bool):
            return False
    return True


def objects_in(text: str) -> Iterator[tuple[int, int]]:
    """Where the JSON objects and arrays stand that a text holds one after another between other words: (start, end) each."""
    position = failures = 0
    while failures < _MOST_FAILURES:
        found = _OPENS.search(text, position)
        if found is None:
            return
        start = found.start()
        try:
            _, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            position = start + 1
            failures += 1
            continue
        yield start, end
        position = end


def written(value: Any) -> str:
    """A value as compact JSON."""
    try:
        return orjson.dumps(value).decode()
    except (orjson.JSONEncodeError, UnicodeEncodeError):
        raise Unconvertible("nested too deep", "more than 254 levels") from None


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
