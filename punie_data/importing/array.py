"""Files that are one JSON array of rows, as many published sets are: read an element at a time, so that memory does not grow with the file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import orjson

from punie_data import jsonl
from punie_data.jsonl import Line

_BLOCK = 1024 * 1024
_MARK = b"\xef\xbb\xbf"
_TOKEN = re.compile(rb'"|[\[\]{}]')
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BETWEEN = re.compile(rb"[\s,]*")


def read(path: Path) -> Iterator[Line]:
    """The rows of a file of JSON Lines, or of one that is an array of objects. UserError as `jsonl.read`."""
    with jsonl.opened(path) as file:
        if _is_array(file, path):
            yield from elements(file)
        else:
            yield from jsonl.lines(file)


def _is_array(file: IO[bytes], path: Path) -> bool:
    """In a .jsonl file a line may be a list of messages: there only an array that is spread over lines counts."""
    start = file.peek(4096)[:4096].removeprefix(_MARK).lstrip()  # type: ignore[attr-defined]
    if not start.startswith(b"["):
        return False
    inside = start[1:].lstrip()
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return start.partition(b"\n")[0].strip() == b"[" and inside[:1] in (b"{", b"]")
    return inside[:1] in (b"{", b"]")


def elements(file: IO[bytes]) -> Iterator[Line]:
    """The elements of the array that a file is, each with the line that it begins in. What is no JSON ends the reading, with a problem."""
    data = bytearray(file.read(_BLOCK).removeprefix(_MARK))
    line = 1
    position = data.index(b"[") + 1
    line += data.count(b"\n", 0, position)
    while True:
        gap = _BETWEEN.match(data, position)
        end = gap.end() if gap else position
        line += data.count(b"\n", position, end)
        del data[:end]
        position = 0
        if not data:
            data.extend(file.read(_BLOCK))
            if data:
                continue
            yield Line(line, problem="the file ends in the middle of the array: it was cut short")
            return
        if data.startswith(b"]"):
            rest = bytes(data[1:]) + file.read(_BLOCK)
            if rest.strip():
                yield Line(line, problem="not JSON: something stands behind the array")
            return
        end = _end_of_value(data, file)
        if end < 0:
            yield Line(line, problem=_UNENDED[end])
            return
        raw = bytes(data[:end])
        try:
            yield Line(line, orjson.loads(raw), "", raw)
        except orjson.JSONDecodeError as error:
            yield Line(line, None, f"not JSON: {error}", raw)
        line += raw.count(b"\n")
        position = end


_UNENDED = {
    -1: "the file ends in the middle of a row: it was cut short",
    -2: f"the row is longer than {jsonl.LINE_LIMIT} bytes, which are read at the most; what follows it is not read",
    -3: "not JSON: an element of the array is no object; what follows it is not read",
}


def _end_of_value(data: bytearray, file: IO[bytes]) -> int:
    """Where the object or array ends that `data` begins with, more of the file being read for it; one of `_UNENDED` where it does not."""
    if data[:1] not in (b"{", b"["):
        return -3
    depth = position = 0
    while True:
        token = _TOKEN.search(data, position)
        if token is not None and token[0] == b'"':
            string = _STRING.match(data, token.start())
            if string is not None:
                position = string.end()
                continue
            position = token.start()
        elif token is not None:
            depth += 1 if token[0] in b"[{" else -1
            position = token.end()
            if not depth:
                return position
            continue
        else:
            position = len(data)
        if len(data) > jsonl.LINE_LIMIT:
            return -2
        # Twice as much each time: a long string is looked through from its start again.
        more = file.read(max(_BLOCK, len(data)))
        if not more:
            return -1
        data.extend(more)
