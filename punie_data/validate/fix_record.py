"""What is mended around the calls of a row: the keys of messages, roles, what Arrow fills in, parts that are empty, wrapped results, the id.

Each function mends a row in place and yields what it did. A row here is any JSON object: nothing is taken for granted.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import orjson

from punie_data.validate.forms import KEYS
from punie_data.validate.record_rules import identity

ROLES = frozenset({"user", "assistant", "tool"})
_OTHER_ROLES = frozenset({"system", "developer"})
_SAME_ROLE = {"human": "user", "gpt": "assistant", "model": "assistant", "function": "tool", "observation": "tool"}  # fmt: skip
_RESERVED = ("prompt", "completion", "text")
_KINDS = frozenset({"tool", "direct", "ask", "cannot"})
_WRAPPING_TAG = ("<tool_response>", "</tool_response>")


def messages_of(row: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    messages = row.get("messages")
    if not isinstance(messages, list):
        return []
    return [(index, message) for index, message in enumerate(messages) if isinstance(message, dict)]


def renamed(mapping: dict[str, Any], old: str, new: str) -> None:
    """The key `old` becomes `new` in its place."""
    items = [(new if key == old else key, value) for key, value in mapping.items()]
    mapping.clear()
    mapping.update(items)


def messages_keys(row: dict[str, Any]) -> Iterator[str]:
    """ShareGPT's `from` and `value` in a message become `role` and `content`."""
    changed: dict[str, int] = {}
    for _, message in messages_of(row):
        for old, new in (("from", "role"), ("value", "content")):
            if isinstance(message.get(old), str) and new not in message:
                renamed(message, old, new)
                changed[f"{old!r} becomes {new!r}"] = changed.get(f"{old!r} becomes {new!r}", 0) + 1
    for what, times in changed.items():
        yield f"{what} in {times} message{'s' * (times > 1)}"


def roles_written_plainly(row: dict[str, Any]) -> Iterator[str]:
    """`"assistant "` and `"User"` become what they mean; in a record `human` and `gpt` too."""
    foreign = not KEYS & (row.keys() - {"messages", "tools", "id"})
    for index, message in messages_of(row):
        role = message.get("role")
        if not isinstance(role, str):
            continue
        word = role.strip().lower()
        if not foreign:
            word = _SAME_ROLE.get(word, word)
        if word != role and (word in ROLES or word in _OTHER_ROLES):
            message["role"] = word
            yield f"messages[{index}]: the role {role[:30]!r} becomes {word!r}"


def without_reserved_nulls(row: dict[str, Any]) -> Iterator[str]:
    """`"text": null` and its like beside a record's own keys say nothing, and mislead mlx-lm."""
    if row.keys() >= KEYS:
        for key in _RESERVED:
            if key in row and row[key] is None:
                del row[key]
                yield f"the key {key!r}, which is null, goes"


def without_nulls(row: dict[str, Any]) -> Iterator[str]:
    """Keys whose value is null and that the format doesn't have there go: Arrow fills them in. An assistant's null content becomes empty."""
    for key in [key for key, value in row.items() if value is None and key not in KEYS]:
        if key not in _RESERVED:
            del row[key]
            yield f"the key {key[:30]!r}, which is null, goes"
    for index, message in messages_of(row):
        role = message.get("role")
        for key in [
            key for key, value in message.items() if value is None and key not in ("role", "content")
        ]:
            if not (role == "tool" and key in ("tool_call_id", "name")):
                del message[key]
                yield f"messages[{index}]: the key {key[:30]!r}, which is null, goes"
        if message.get("tool_calls") == []:
            del message["tool_calls"]
            yield f"messages[{index}]: 'tool_calls', which is empty, goes"
        has_calls = bool(message.get("tool_calls"))
        if role == "assistant" and has_calls and message.get("content") is None:
            rest = {key: value for key, value in message.items() if key not in ("role", "content")}
            message.clear()
            message.update({"role": role, "content": "", **rest})
            yield f"messages[{index}]: the content, which is null, becomes empty"


def kind_written_plainly(row: dict[str, Any]) -> Iterator[str]:
    """`"Tool "` becomes `"tool"`."""
    label = row.get("label")
    kind = label.get("kind") if isinstance(label, dict) else None
    if isinstance(kind, str) and kind not in _KINDS and (word := kind.strip().lower()) in _KINDS:
        label["kind"] = word
        yield f"label.kind: {kind[:30]!r} becomes {word!r}"


def empty_parts(row: dict[str, Any]) -> Iterator[str]:
    """Keys that are missing, or null, and can only be empty: every row has the same keys, or mlx-lm batches them apart."""
    if not (isinstance(row.get("messages"), list) and isinstance(row.get("label"), dict)):
        return
    if not any(message.get("tool_calls") for _, message in messages_of(row)):
        for key in ("tools", "runs"):
            if row.get(key) is None:
                row[key] = []
                yield f"{key!r}, which is missing and has nothing to hold, becomes []"
    origin = row.get("origin")
    if isinstance(origin, dict):
        for key, empty in (("paths", []), ("spans", []), ("symbol", "")):
            if origin.get(key) is None:
                origin[key] = empty
                yield f"origin: {key!r}, which is missing, becomes {empty!r}"


def results_unwrapped(row: dict[str, Any]) -> Iterator[str]:
    """A result whose inside is the text that the run recorded loses its wrapper: the checksum is the proof."""
    recorded = checksums(row)
    for index, message in messages_of(row):
        content, call_id = message.get("content"), message.get("tool_call_id")
        if message.get("role") != "tool" or not isinstance(content, str) or not isinstance(call_id, str):
            continue
        wanted = recorded.get(call_id)
        if wanted is None or digest(content) == wanted:
            continue
        inside = next((text for text in _insides(content) if digest(text) == wanted), None)
        if inside is not None:
            message["content"] = inside
            yield f"messages[{index}]: the wrapper around the result goes; its checksum proves what is inside"


def seal(row: dict[str, Any], before: dict[str, Any]) -> Iterator[str]:
    """The id of what the row holds now, where the old one was that of what it held before, or there was none.

    Any other id says that somebody edited the row, which is not undone by mending.
    """
    if not all(key in row for key in ("messages", "tools", "label")):
        return
    new, old = identity(row["messages"], row["tools"], row["label"]), row.get("id")
    if old == new:
        return
    was_right = (
        all(key in before for key in ("messages", "tools", "label"))
        and identity(before["messages"], before["tools"], before["label"]) == old
    )
    if old is None or was_right:
        row["id"] = new
        yield f"the id becomes that of what the row holds now, {new}"


def _insides(content: str) -> Iterator[str]:
    """What a wrapped result may hold, for every way in which results are wrapped."""
    text = content.strip()
    start, end = _WRAPPING_TAG
    if text.startswith(start) and text.endswith(end):
        inner = text[len(start) : -len(end)]
        yield from (inner, inner.removeprefix("\n").removesuffix("\n"), inner.strip())
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        inner = text[text.index("\n") + 1 : -3]
        yield from (inner, inner.removesuffix("\n"))
    try:
        value = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return
    inside = next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(value, str):
        yield value
    elif isinstance(inside, str):
        yield inside
    elif isinstance(inside, dict | list):
        try:
            yield orjson.dumps(inside).decode()
        except orjson.JSONEncodeError:
            return


def checksums(row: dict[str, Any]) -> dict[str, Any]:
    """What the runs recorded of each call's result, by the call's id."""
    runs = row.get("runs")
    return {
        run["call_id"]: run.get("sha256")
        for run in (runs if isinstance(runs, list) else ())
        if isinstance(run, dict) and isinstance(run.get("call_id"), str)
    }


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
