"""Whether a value is a record, as `schemas/example.schema.json` has it: written out, because the validator's library has another door."""

import re
from collections.abc import Mapping
from typing import Any

from punie_data.chat import KINDS

KEYS = {"id", "messages", "tools", "label", "origin", "runs"}
_ORIGIN = {"generator": str, "repo": str, "revision": str, "license": str, "paths": list, "spans": list, "symbol": str, "seed": int}  # fmt: skip
_RUN = {"call_id": str, "tool_version": str, "exit": int, "sha256": str, "truncated": bool}
_ID = re.compile(r"[0-9a-f]{20}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SPAN = re.compile(r"[^\n]*:[0-9]+-[0-9]+")


def is_record(row: Any) -> bool:
    """A test compares this with the schema over thousands of mutated rows."""
    return (
        isinstance(row, dict)
        and row.keys() == KEYS
        and isinstance(row["id"], str)
        and _ID.fullmatch(row["id"]) is not None
        and isinstance(row["messages"], list)
        and len(row["messages"]) >= 2
        and all(_is_message(message) for message in row["messages"])
        and _are_texts(row["tools"])
        and all(row["tools"])
        and len(set(row["tools"])) == len(row["tools"])
        and are_surroundings(row)
    )


def are_surroundings(row: Mapping[str, Any]) -> bool:
    """Whether label, origin and runs are those of a record."""
    label, origin, runs = row["label"], row["origin"], row["runs"]
    return (
        isinstance(label, dict)
        and label.keys() == {"kind", "category"}
        and label["kind"] in KINDS
        and _is_filled(label["category"])
        and _has_types(origin, _ORIGIN)
        and all(origin[key] for key in ("generator", "repo", "revision"))
        and _are_texts(origin["paths"])
        and _are_texts(origin["spans"])
        and all(_SPAN.fullmatch(span) for span in origin["spans"])
        and isinstance(runs, list)
        and all(_is_run(run) for run in runs)
    )


def _is_message(message: Any) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("content"), str):
        return False
    role, keys = message.get("role"), message.keys()
    if role == "user":
        return keys == {"role", "content"} and bool(message["content"])
    if role == "assistant":
        if "tool_calls" not in keys:
            return keys == {"role", "content"}
        calls = message["tool_calls"]
        return (
            keys == {"role", "content", "tool_calls"}
            and isinstance(calls, list)
            and bool(calls)
            and all(_is_call(call) for call in calls)
        )
    return (
        role == "tool"
        and keys == {"role", "content", "tool_call_id", "name"}
        and _is_filled(message["tool_call_id"])
        and _is_filled(message["name"])
    )


def _is_call(call: Any) -> bool:
    if not isinstance(call, dict) or call.keys() != {"id", "type", "function"} or not _is_filled(call["id"]):
        return False
    function = call["function"]
    return (
        call["type"] == "function"
        and isinstance(function, dict)
        and function.keys() == {"name", "arguments"}
        and _is_filled(function["name"])
        and isinstance(function["arguments"], dict)
    )


def _is_run(run: Any) -> bool:
    return (
        _has_types(run, _RUN)
        and bool(run["call_id"])
        and bool(run["tool_version"])
        and _SHA256.fullmatch(run["sha256"]) is not None
    )


def _is_filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _has_types(value: Any, types: Mapping[str, type]) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == types.keys()
        # JSON Schema takes 1.0 for an integer, as JSON does.
        and all(
            type(value[key]) is kind
            or (kind is int and type(value[key]) is float and value[key].is_integer())
            for key, kind in types.items()
        )
    )
