"""Check files of other formats as they are: each row is converted, and what then holds of it is said of its line in the file.

The form of a file is that of its first row, as trainers take it. Rules that look at what only a record has (`Rule.needs`) are not asked: an imported
row claims no id, no label, no origin and no run. Its tools are those that it describes itself.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from punie_data import jsonl
from punie_data.importing.conversation import Signature, Unconvertible
from punie_data.importing.formats import format_of
from punie_data.importing.reader import Reader
from punie_data.jsonl import Line
from punie_data.validate.catalogue import BY_CODE, EMPTY_FILE, NOT_A_RECORD, NOT_JSON
from punie_data.validate.check import Checker, Found, finding
from punie_data.validate.files import Checked, unchanged
from punie_data.validate.forms import RECORD, is_record_like
from punie_data.validate.rule import Raw, Rule
from punie_data.validate.signatures import Signatures
from punie_data.validate.view import View

_ROWS = 1000
"""Rows checked before their findings are handed on."""
_IMPORTED = "import:"
_GROUNDING = frozenset({"PD305", "PD306", "PD503", "PD504", "PD505"})
"""Rules that ask whether something was said before. A system prompt says things too."""
_ON_THE_WAY = frozenset({NOT_JSON, NOT_A_RECORD, EMPTY_FILE})
_MIXED = "PD104"
_TURN = re.compile(r"\bmessages\[(\d+)\]")
_OF_SIGNATURES = frozenset({"PD305"})
"""Rules that read a parameter's meaning from its signature: silent where a row describes no tool."""
_MOST_KNOWN = 256


def check_foreign(path: Path, form: str, codes: Collection[str] = ()) -> Iterator[Checked]:
    """What is found in a file whose first row is of the form `form`. UserError where it can't be read, or changes meanwhile."""
    checker = ForeignChecker(
        path, form, [rule for rule in BY_CODE.values() if not codes or rule.code in codes]
    )
    findings, rows, first = [], 0, True
    with unchanged(path):
        for line in jsonl.read(path):
            rows += 1
            findings.extend(finding(path, line.number, found) for found in checker.line(line))
            if rows == _ROWS:
                yield Checked(rows, rows, findings, first)
                findings, rows, first = [], 0, False
        yield Checked(rows, rows, findings, first)


class ForeignChecker:
    """`line` judges one line. It remembers the signatures that rows describe, since most rows of a set describe the same tools."""

    def __init__(self, path: Path, form: str, rules: Collection[Rule]) -> None:
        self._form = form
        self._reader = Reader(path)
        self._codes = {rule.code for rule in rules}
        asked = [rule for rule in rules if rule.needs != "record" and rule.code not in _ON_THE_WAY]
        self._by_scope = {
            scope: [rule for rule in asked if rule.scope == scope] for scope in ("line", "value", "row")
        }
        self._of_records = Checker([rule for rule in rules if rule.scope != "line"], prove_clean=False)
        self._signatures: dict[bytes, Signatures] = {}

    def line(self, line: Line) -> list[Found]:
        """What the rules find in a line, in the order of their codes."""
        if line.problem:
            return [(BY_CODE[NOT_JSON], line.problem)] if NOT_JSON in self._codes else []
        found: list[Found] = []
        raw = Raw(line.raw, line.row)
        for rule in self._by_scope["line"]:
            found.extend((rule, message) for message in rule.check(raw))
        form = _form_of(line.row)
        if form != self._form and _MIXED in self._codes:
            found.append((BY_CODE[_MIXED], f"the row is {form}, and the file's first row is {self._form}"))
        try:
            record, converted = self._reader.converted(line)
        except Unconvertible as trouble:
            if NOT_A_RECORD in self._codes and not any(
                rule.code in ("PD104", "PD108", "PD109") for rule, _ in found
            ):
                found.append((BY_CODE[NOT_A_RECORD], f"the row can't be read as a conversation: {trouble}"))
            record = None
        if record is None or record.row["origin"]["generator"].startswith(_IMPORTED):
            for rule in self._by_scope["value"]:
                found.extend((rule, message) for message in rule.check(line.row))
        if record is not None:
            found.extend(self._of_record(record, line, converted.prompt, converted.signatures))
        found.sort(key=lambda pair: pair[0].code)
        return found

    def _of_record(
        self, record: Line, line: Line, prompt: str, signatures: tuple[Signature, ...]
    ) -> Iterator[Found]:
        row = record.row
        if not row["origin"]["generator"].startswith(_IMPORTED):
            # An export of ours that brings its records along: they claim everything, and are held to it.
            yield from self._of_records.row(row, record.raw)
            return
        # What a direct answer rests on is not in the row, and nobody says that it is.
        row["origin"]["spans"] = [f"line:{line.number}-{line.number}"]
        known = self._known(row, signatures)
        found = list(self._row_rules(row, known))
        if not signatures:
            found = [each for each in found if each[0].code not in _OF_SIGNATURES]
        if prompt and any(rule.code in _GROUNDING for rule, _ in found):
            first, *rest = row["messages"]
            told = {**first, "content": f"{prompt}\n{first['content']}"}
            with_prompt = set(self._row_rules({**row, "messages": [told, *rest]}, known))
            found = [each for each in found if each[0].code not in _GROUNDING or each in with_prompt]
        shift = _system_messages(line.row, len(row["messages"]))
        for rule, message in found:
            yield rule, _TURN.sub(lambda turn: f"messages[{int(turn[1]) + shift}]", message)

    def _row_rules(self, row: Mapping[str, Any], signatures: Signatures) -> Iterator[Found]:
        view = View(row, signatures)
        for rule in self._by_scope["row"]:
            for message in rule.check(view):
                yield rule, message

    def _known(self, row: Mapping[str, Any], described: tuple[Signature, ...]) -> Signatures:
        """The tools that the row describes. Where it describes none, nothing is known of any: what it offers and calls exists."""
        if described:
            schemas = {each.name: {"arguments": dict(each.arguments), "result": None} for each in described}
        else:
            schemas = {name: {"arguments": {"type": "object"}, "result": None} for name in row["tools"]}
        try:
            key = orjson.dumps(schemas)
        except orjson.JSONEncodeError:
            return Signatures(schemas)
        if key not in self._signatures:
            if len(self._signatures) >= _MOST_KNOWN:
                self._signatures.clear()
            self._signatures[key] = Signatures(schemas)
        return self._signatures[key]


def _form_of(row: Any) -> str:
    if is_record_like(row):
        return RECORD
    try:
        return format_of(row) if isinstance(row, dict) else "no row"
    except Unconvertible:
        return "of no known form"


def _system_messages(row: Mapping[str, Any], turns: int) -> int:
    """How many system messages stood before the turns, where each other message became one turn: findings name the file's own places."""
    messages = next((row[key] for key in ("messages", "conversations", "conversation") if key in row), None)
    if not isinstance(messages, list):
        return 0
    before = 0
    for message in messages:
        role = message.get("role", message.get("from")) if isinstance(message, dict) else None
        if role not in ("system", "developer"):
            break
        before += 1
    return before if len(messages) - before == turns else 0
