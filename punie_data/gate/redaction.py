"""Take personal data out of a row, where the row stays true.

A result is what a tool said: what is taken out of it is exactly what the tools' normaliser takes out when the call is run again
(`sensitive.redact` does both), so the row still replays; its checksum and the row's id are made anew. Where that can't be, the row is refused:

- a secret is not taken out, because nobody knows where else it stands;
- a call's arguments are what was run: with others, the result would be that of another call;
- a path, a symbol or a tool's name is what the row is found by;
- a program's output (`execute_code`) may depend on what was taken out of the results it read.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from punie_data.chat import canonical
from punie_data.gate.residue import parsed, residue_of
from punie_data.sensitive import redact

CODE = "execute_code"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a row may not be published and can't be mended."""

    reason: str
    detail: str = ""


def redacted(
    row: dict[str, Any], ignore: frozenset[str] = frozenset()
) -> tuple[dict[str, Any], int] | Refused:
    """A canonical record without personal data and how many things were taken out of it; the same row and 0 for a clean one.

    The given row is never changed. What it returns is clean: the gate finds nothing in it. Kinds to `ignore` are no
    reason to refuse a row or to change it; in a row that is changed they are taken out too, as a replay would.
    """
    left = list(residue_of(row, 0, ignore))
    if not left:
        return row, 0
    secret = next((one for one in left if one.kind == "secret"), None)
    if secret is not None:
        return Refused("holds what looks like a secret", f"{secret.what} in {secret.where}")
    count = 0
    messages, renewed = [], {}
    for message in row["messages"]:
        for call in message.get("tool_calls", ()):
            if next(residue_of(call, 0, ignore), None) is not None:
                return Refused("a call's arguments hold personal data", call["function"]["name"])
        if message["role"] == "tool" and message["name"] == CODE and next(residue_of(message["content"], 0, ignore), None) is not None:  # fmt: skip
            return Refused("a program's output holds personal data", CODE)
        content, found = _content(message)
        if content is None:
            return Refused("a result is not written as a tool writes it", message["name"])
        if found:
            count += found
            message = message | {"content": content}
            if message["role"] == "tool":
                renewed[message["tool_call_id"]] = hashlib.sha256(content.encode()).hexdigest()
        messages.append(message)
    runs = [
        run | {"sha256": renewed[run["call_id"]]} if run["call_id"] in renewed else run for run in row["runs"]
    ]
    changed = row | {"messages": messages, "runs": runs}
    seen = {"messages": messages, "tools": row["tools"], "label": row["label"]}
    changed["id"] = hashlib.sha256(canonical(seen)).hexdigest()[:20]
    still = next(residue_of(changed, 0, ignore), None)
    if still is not None:
        return Refused("personal data stands where it can't be taken out", f"{still.what} in {still.where}")
    return changed, count


def _content(message: dict[str, Any]) -> tuple[str | None, int]:
    """A message's content redacted as the normaliser would: inside the strings of a typed result, not in the JSON around them.

    None where the result, written again, would not be the same text.
    """
    content = message["content"]
    if message["role"] == "tool" and content[:1] in ("{", "["):
        value = parsed(content)
        if value is not None:
            if next(residue_of(value), None) is None:
                return content, 0
            if orjson.dumps(value).decode() != content:
                return None, 0
            clean, found = redacted_texts(value)
            return orjson.dumps(clean).decode(), found
    return redact(content)


def redacted_texts(value: Any) -> tuple[Any, int]:
    """A JSON value with each of its texts redacted, keys left as they are, and how much was taken out."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        pairs = [redacted_texts(item) for item in value]
        return [item for item, _ in pairs], sum(count for _, count in pairs)
    if isinstance(value, dict):
        pairs = {key: redacted_texts(item) for key, item in value.items()}
        return {key: item for key, (item, _) in pairs.items()}, sum(count for _, count in pairs.values())
    return value, 0
