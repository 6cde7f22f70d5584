"""What the code in a call and the text of a result say, without running or fully parsing either."""

import re
from typing import Any

import orjson

_STRING = re.compile(
    r"""(?P<kind>(?<!\w)[rbuftRBUFT]{0,2})(?P<quote>\"\"\"|'''|"|')(?P<body>(?:\\.|(?!(?P=quote))[^\\])*)(?P=quote)|\#[^\n]*""",
    re.DOTALL,
)
_PLACE = re.compile(r"\{([^{}]*)\}")
_FIELD = re.compile(r"(?<=[\w\])])\s*\.\s*[A-Za-z_]\w*+(?!\s*\()")
_FOUND = re.compile(r'\{"success":true,(?:"[^"\\]*":(?:"[^"\\]*"|[0-9]+),)*"[a-z_]+_count":[1-9]')
"""How most results begin: they need not be parsed to be told."""

_IMPORT = re.compile(r"^\s*(?:import|from)\b[^\n]*", re.MULTILINE)


def reads_a_field(arguments: Any) -> bool:
    """Whether the `code` among a call's arguments reads an attribute of something: a method that is called is no field.

    `arguments` is a mapping or, as OpenAI writes it, JSON in a string.
    """
    if type(arguments) is str:
        if '"code"' not in arguments:
            return False
        try:
            arguments = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            return False
    code = arguments.get("code") if type(arguments) is dict else None
    if type(code) is not str or "." not in code:
        return False
    bare = _STRING.sub(_without_text, code)
    if "import" in bare:
        bare = _IMPORT.sub("", bare)
    return _FIELD.search(bare) is not None


def _without_text(found: re.Match[str]) -> str:
    """What is left of a string or a comment: what an f-string computes, and nothing of the rest."""
    if "f" in (found["kind"] or "").lower() or "t" in (found["kind"] or "").lower():
        inside = found["body"].replace("{{", "").replace("}}", "")
        return f"({', '.join(place[1].partition(':')[0] for place in _PLACE.finditer(inside))})"
    return "''" if found["quote"] else ""


def outcome(content: Any) -> str:
    """`failure`, `empty` or `success`.

    A tool that could not do its work failed: text that begins with `Error: `, an object with a `parse_error` or an `error`, or one that says
    `success: false` and has nothing else to say about it. A result is empty where it found nothing: no text, no elements, counts that are all zero.
    A checker that found mistakes is a success.
    """
    if type(content) is not str:
        return "empty" if not content else "success"
    if _FOUND.match(content):
        return "success"
    text = content.strip()
    if not text:
        return "empty"
    if text[0] not in "{[":
        return "failure" if text.startswith(("Error: ", "Traceback (most recent call last)")) else "success"
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return "success"
    if not value:
        return "empty"
    return _of_object(value) if type(value) is dict else "success"


def _of_object(value: dict[str, Any]) -> str:
    counts = [each for key, each in value.items() if key.endswith("_count") and type(each) is int]
    if value.get("success") is True and any(counts):
        return "success"
    if value.get("parse_error") or value.get("error"):
        return "failure"
    if value.get("success") is False and "parse_error" not in value:
        return "failure"
    if counts:
        return "success" if any(counts) else "empty"
    lists = [each for each in value.values() if type(each) is list]
    if lists:
        return "success" if any(lists) else "empty"
    return "success"
