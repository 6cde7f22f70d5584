"""Is the answer grounded? Every number, path, name and piece of code in it must stand in a result or a question.

The check is deliberately literal. A generator that wants to say more than its evidence says has to run another tool.
"""

import re
from collections.abc import Iterable

import orjson

FENCE = re.compile(r"^[ \t]*```[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)
TICKS = re.compile(r"`([^`\n]+)`")
PATH = re.compile(
    r"(?<![\w/.-])(?:[\w.-]+/)*[\w-]+(?:\.[\w-]+)*\.(?:pyi|py|md|rst|toml|cfg|txt|ini|yml|yaml|json|html|js|css)\b"
)
NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?![\w])")
NAME = re.compile(r"\b(?:[A-Za-z]\w*\.)*(?:[A-Za-z]+_\w+|[a-z]+[A-Z]\w*|[A-Z][a-z0-9]+[A-Z]\w*)(?:\.\w+)*\b")
_FILE = r"`?((?:[\w.-]+/)*[\w.-]+\.[A-Za-z]\w*)`?"
PLACE = re.compile(
    rf"{_FILE}(?:,? (?:at|on|in))?,? lines? (\d+)|\blines? (\d+)(?:, column \d+,?| \(column \d+\))? (?:of|in) {_FILE}"
)
"""A file and a line said together in prose: "`cart.py`, line 12", "line 12 of `cart.py`"."""
WORDS = {
    word: str(number)
    for number, word in enumerate(
        [
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
        ],
        2,
    )
}
WORD_NUMBER = re.compile(rf"\b({'|'.join(WORDS)})\b", re.IGNORECASE)


def evidence(contents: Iterable[tuple[str, str]]) -> str:
    """One text of all that was seen, from (content, file) pairs: `file` is what a call was about, "" where it was about no file.

    A result is there as it is and, where it is JSON, with every string decoded and with a `file:line` (and `file:line:column`) for each
    object that has a line: an answer that says `core.py:12` is then held to both at once, not to a path here and a number there.
    """
    parts: list[str] = []
    for content, file in contents:
        parts.append(content)
        if content[:1] in "{[":
            try:
                _walk(orjson.loads(content), file, parts)
            except orjson.JSONDecodeError:
                continue
    return "\n".join(parts)


def places(text: str) -> list[str]:
    """`file:line` for each place that the text names in prose."""
    return [f"{m[1] or m[4]}:{m[2] or m[3]}" for m in PLACE.finditer(text)]


def ungrounded(answer: str, seen: str, counted: Iterable[Iterable[str]] = ()) -> str | None:
    """The first thing in the answer that `seen` does not hold, in words for the ledger; None when all of it is grounded.

    `counted`: groups of strings; a number equal to a group's size is grounded if every member stands in `seen`.
    """
    numbers = {match[0].replace(",", "") for match in NUMBER.finditer(seen)}
    numbers |= {WORDS[match[0].lower()] for match in WORD_NUMBER.finditer(seen)}
    for group in counted:
        members = list(group)
        missing = next((member for member in members if member not in seen), None)
        if missing is not None:
            return f"counts {missing!r}, which no result has"
        numbers.add(str(len(members)))
    flat = " ".join(seen.split())
    rest = answer
    for block in FENCE.finditer(answer):
        for line in block[1].splitlines():
            if line.strip() and " ".join(line.split()) not in flat:
                return f"shows code that no result has: {line.strip()!r}"
    rest = FENCE.sub(" ", rest)
    for place in places(rest):
        if place not in seen:
            return f"puts together {place}, which no result does"
    for match in TICKS.finditer(rest):
        if " ".join(match[1].split()) not in flat:
            return f"names `{match[1]}`, which no result has"
    rest = TICKS.sub(" ", rest)
    for match in PATH.finditer(rest):
        if match[0] not in seen:
            return f"names the path {match[0]}, which no result has"
    rest = PATH.sub(" ", rest)
    for match in NAME.finditer(rest):
        if match[0] not in seen:
            return f"names {match[0]}, which no result has"
    rest = NAME.sub(" ", rest)
    # "1." at the start of a line numbers a list; it states nothing.
    rest = re.sub(r"(?m)^\s*\d+[.)]\s", " ", rest)
    for match in NUMBER.finditer(rest):
        if match[0].replace(",", "") not in numbers:
            return f"says {match[0]}, which no result has"
    for match in WORD_NUMBER.finditer(rest):
        if WORDS[match[0].lower()] not in numbers:
            return f"says {match[0].lower()}, which no result has"
    return None


def _walk(value: object, file: str, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(value)
    elif isinstance(value, list):
        for item in value:
            _walk(item, file, parts)
    elif isinstance(value, dict):
        own = value.get("file") or value.get("file_path") or file
        if own and "line" in value:
            parts.append(f"{own}:{value['line']}:{value.get('column', '')}")
            for line in value.get("call_lines", ()):
                parts.append(f"{own}:{line}")
        for item in value.values():
            _walk(item, own, parts)
