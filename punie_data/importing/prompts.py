"""System messages: the prompt, and the tools that are described inside it."""

import re
from functools import lru_cache

from punie_data.importing.conversation import Signature, Unconvertible
from punie_data.importing.signatures import signatures_of
from punie_data.importing.values import from_json, objects_in

_SECTION = re.compile(r"\n*^# Tools\b", re.MULTILINE)
"""With this heading Qwen's template begins what it writes about the tools; nothing of the prompt follows it."""
_EMPTY_TAGS = re.compile(r"<(tools|AVAILABLE_TOOLS)>[\s,]*</\1>")
_LONG, _LONG_PROMPT = 16_384, 65_536
"""Characters of a piece and of a prompt that are not remembered."""
_GAPS = re.compile(r"\n{3,}")


def prompt_and_tools(text: str) -> tuple[str, tuple[Signature, ...]]:
    """The system prompt without the signatures in it, and those. A text without any comes back as it is."""
    return _taken_apart(text) if len(text) < _LONG_PROMPT else _taken_apart.__wrapped__(text)


@lru_cache(256)
def _taken_apart(text: str) -> tuple[str, tuple[Signature, ...]]:
    found: list[Signature] = []
    kept, position = [], 0
    for start, end in objects_in(text) if '"name"' in text else ():
        piece = text[start:end]
        described = _described_in(piece) if len(piece) < _LONG else _described_in.__wrapped__(piece)
        if described:
            found.extend(described)
            kept.append(text[position:start])
            position = end
    if not found:
        return text, ()
    unique = {signature.name: signature for signature in found}
    if len(unique) < len(found) and any(unique[each.name] != each for each in found):
        raise Unconvertible(
            "a tool's signature that can't be read", "the system prompt gives one tool two signatures"
        )
    section = _SECTION.search(text)
    if section is not None and section.start() <= len(kept[0]):
        prompt = text[: section.start()]
    else:
        prompt = _EMPTY_TAGS.sub("", "".join([*kept, text[position:]]))
    return _GAPS.sub("\n\n", prompt).strip(), tuple(unique.values())


@lru_cache(1024)
def _described_in(piece: str) -> tuple[Signature, ...]:
    """The tools that a piece of JSON describes, none where it describes anything else. Most prompts of a set describe the same ones."""
    try:
        value = from_json(piece)
    except Unconvertible:
        return ()
    items = value if isinstance(value, list) else [value]
    return signatures_of(items) if items and all(_is_signature(item) for item in items) else ()


def _is_signature(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    inner = value.get("function")
    tool = inner if isinstance(inner, dict) else value
    return isinstance(tool.get("name"), str) and (
        any(isinstance(tool.get(key), dict) for key in ("parameters", "input_schema"))
        or ("description" in tool and "arguments" not in tool)
    )
