"""One pass over a file of an export: what the traps are judged by, a few bytes a row."""

import hashlib
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from punie_data import jsonl
from punie_data.chat import canonical
from punie_data.dialects import DIALECTS
from punie_data.dialects.template import Template, TemplateError
from punie_data.preflight.loader import Loader, Unprocessed, form_of


@dataclass(slots=True)
class Survey:
    """What one file holds. The lists of places are 1-based line numbers; the arrays have one entry for each row that could be processed."""

    name: str
    rows: int = 0
    form: str = ""
    keys: frozenset[str] = frozenset()
    dialect: str = ""
    lengths: array = field(default_factory=lambda: array("l"))
    offsets: array = field(default_factory=lambda: array("l"))
    key_counts: array = field(default_factory=lambda: array("l"))
    kinds: list[str] = field(default_factory=list)
    turns: int = 0
    calling: int = 0
    unread: list[tuple[int, str]] = field(default_factory=list)
    other_form: list[int] = field(default_factory=list)
    other_keys: list[int] = field(default_factory=list)
    no_prefix: list[int] = field(default_factory=list)
    too_long: list[int] = field(default_factory=list)
    only_prompt: list[int] = field(default_factory=list)
    unprocessed: list[tuple[int, str]] = field(default_factory=list)
    arguments: list[tuple[int, str]] = field(default_factory=list)
    null_filled: list[int] = field(default_factory=list)
    ends: set[bytes] = field(default_factory=set)
    calling_turns: dict[bytes, int] = field(default_factory=dict)
    answering_turns: dict[bytes, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judge:
    """What rows are judged with. `arguments` is the form that the template wants."""

    template: Template
    loader: Loader
    arguments: str
    max_seq_length: int


def survey(path: Path, found: Survey, judge: Judge) -> Iterator[int]:
    """Read a file into `found`; yields 1 after each line, so that progress can be shown."""
    expected = 1
    for line in jsonl.read(path):
        while expected < line.number:  # mlx-lm reads a blank line as JSON
            found.unread.append((expected, "a blank line"))
            expected += 1
        expected = line.number + 1
        if line.problem:
            found.unread.append((line.number, line.problem))
        else:
            if not found.rows:
                found.form = form_of(line.row)
                found.keys = frozenset(line.row if isinstance(line.row, dict) else ())
            _row(found, line.number, line.row, judge)
        yield 1


def _row(found: Survey, number: int, row: Any, judge: Judge) -> None:
    found.rows += 1
    if not found.form or not isinstance(row, dict) or not _has_form(row, found.form):
        found.other_form.append(number)
        return
    if row.keys() != found.keys:
        found.other_keys.append(number)
    if found.form == "messages":
        _turns(found, number, row["messages"])
        _arguments(found, number, row, judge.arguments)
    try:
        tokens, offset = judge.loader.process(found.form, row)
    except Unprocessed as error:
        found.unprocessed.append((number, str(error)))
        return
    kept = row.get("punie_data")
    dialect = _object(kept).get("dialect")
    if not found.dialect and isinstance(dialect, str) and dialect in DIALECTS:
        found.dialect = dialect
    label = (kept if isinstance(kept, dict) else row).get("label")
    found.kinds.append(str(label.get("kind", "")) if isinstance(label, dict) else "")
    found.lengths.append(len(tokens))
    found.offsets.append(offset)
    found.key_counts.append(len(row))
    if len(tokens) > judge.max_seq_length:
        found.too_long.append(number)
        if found.form != "text" and offset >= judge.max_seq_length:
            found.only_prompt.append(number)
    if found.form != "text" and not _is_prefix(judge.template, found.form, row, tokens, offset):
        found.no_prefix.append(number)


def _has_form(row: Mapping[str, Any], form: str) -> bool:
    """Whether mlx-lm, which has taken the file for this format, finds in the row what it needs."""
    return {"prompt", "completion"} <= row.keys() if form == "completion" else form in row


def _turns(found: Survey, number: int, messages: Any) -> None:
    """Remember each turn of the assistant by all that stands before it, and the one that the row ends in."""
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        return
    running = hashlib.blake2b(digest_size=8)
    for message in messages:
        running.update(canonical(message))
        if message.get("role") != "assistant":
            continue
        turns = found.calling_turns if _calls(message) else found.answering_turns
        turns.setdefault(running.digest(), number)
    if messages[-1].get("role") == "assistant":
        found.ends.add(running.digest())


def _calls(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    return bool(message.get("tool_calls")) or (
        isinstance(content, str) and ("<tool_call>" in content or content.rstrip().endswith("}\n```"))
    )


def _arguments(found: Survey, number: int, row: Mapping[str, Any], wanted: str) -> None:
    """Arguments in another form than the template's, and null under keys that only other tools have."""
    functions = [_part(tool, "function") for tool in _list(row.get("tools"))]
    known = {
        str(function.get("name")): _part(_part(function, "parameters"), "properties")
        for function in functions
    }
    for message in _list(row["messages"]):
        for call in _list(_object(message).get("tool_calls")):
            function = _part(call, "function")
            given = function.get("arguments")
            form = "string" if isinstance(given, str) else "mapping"
            if wanted in ("mapping", "string") and form != wanted:
                found.arguments.append((number, f"a {form} where the template wants a {wanted}"))
            takes = known.get(str(function.get("name")))
            if (
                takes is not None
                and isinstance(given, dict)
                and any(value is None and key not in takes for key, value in given.items())
                and number not in found.null_filled[-1:]
            ):
                found.null_filled.append(number)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _part(value: Any, key: str) -> Mapping[str, Any]:
    return _object(_object(value).get(key))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_prefix(template: Template, form: str, row: Mapping[str, Any], tokens: list[int], offset: int) -> bool:
    """Whether the prompt by whose length the mask is set is what the row begins with, and leaves something to train."""
    messages = row.get("messages") or []
    if form == "completion":
        messages = [
            {"role": "user", "content": row["prompt"]},
            {"role": "assistant", "content": row["completion"]},
        ]
    try:
        prompt = template.encode(
            template.render(messages[:-1], row.get("tools"), messages[-1].get("role") == "assistant")
        )
    except TemplateError:
        return False
    return len(prompt) == offset < len(tokens) and tokens[:offset] == prompt
