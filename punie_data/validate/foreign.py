"""Check files of other formats as they are: each row is converted, and what then holds of it is said of its line in the file.

The form of a file is that of its first row, as trainers take it. Rules that look at what only a record has (`Rule.needs`) are not asked: an imported
row claims no id, no label, no origin and no run. Its tools are those that it describes itself.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from punie_data.importing import array
from punie_data.importing.conversation import Signature
from punie_data.importing.reader import KEYS, Reader
from punie_data.importing.record import Converted
from punie_data.importing.sessions import SESSIONS
from punie_data.jsonl import Line
from punie_data.validate import screens
from punie_data.validate.catalogue import BY_CODE, EMPTY_FILE, NOT_A_RECORD, NOT_JSON
from punie_data.validate.check import Checker, Found, finding
from punie_data.validate.files import Checked, unchanged
from punie_data.validate.forms import RECORD, form_of_row
from punie_data.validate.rule import Raw, Rule
from punie_data.validate.sets import check_set
from punie_data.validate.signatures import Signatures
from punie_data.validate.tally import Tally
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
_SCREENED = {"PD700": "local paths", "PD701": "addresses", "PD702": "secrets"}
_MOST_KNOWN = 256


def check_foreign(path: Path, form: str, codes: Collection[str] = ()) -> Iterator[Checked]:
    """What is found in a file whose rows are of the form `form`. UserError where it can't be read, or changes meanwhile."""
    rules = [rule for rule in BY_CODE.values() if not codes or rule.code in codes]
    over_sets = [rule for rule in rules if rule.scope == "set"]
    tally = Tally()
    checker = ForeignChecker(path, form, rules, tally)
    findings, rows, first = [], 0, True
    with unchanged(path):
        for line in array.read(path):
            rows += 1
            findings.extend(finding(path, number, found) for number, found in checker.line(line))
            if rows == _ROWS:
                yield Checked(rows, rows, findings, first)
                findings, rows, first = [], 0, False
        findings.extend(finding(path, number, found) for number, found in checker.end())
        findings.extend(check_set([(path, tally)], over_sets))
        yield Checked(rows, rows, findings, first)


class ForeignChecker:
    """`line` judges one line, `end` what was still open. It remembers the signatures that rows describe: most rows of a set describe the same."""

    def __init__(self, path: Path, form: str, rules: Collection[Rule], tally: Tally) -> None:
        self._form = form
        self._tally = tally
        self._is_session = form in SESSIONS
        # Nobody sees the origin of these records: the file needs not be read once more for its digest.
        self._reader = Reader(path, digest="unread")
        self._codes = {rule.code for rule in rules}
        asked = [rule for rule in rules if rule.needs != "record" and rule.code not in _ON_THE_WAY]
        self._by_scope = {
            scope: [rule for rule in asked if rule.scope == scope] for scope in ("line", "value", "row")
        }
        self._of_records = Checker(rules, prove_clean=False)
        self._signatures: dict[bytes, Signatures] = {}
        self._seems_plain = screens.screen(*screens.LINE)
        self._is_plain = {code: screens.screen(*screens.BY_GROUP[group]) for code, group in _SCREENED.items()}

    def line(self, line: Line) -> Iterator[tuple[int, Found]]:
        """The number of a line and what the rules find in it, for each finding. A session's findings come when one of its tasks has ended."""
        if line.problem:
            if NOT_JSON in self._codes:
                yield line.number, (BY_CODE[NOT_JSON], line.problem)
            return
        found = list(self._mixed(line.row))
        if isinstance(line.row, dict) and line.row.keys() == KEYS:
            self._tally.add(line.number, line.row)
            found.extend(self._of_records.row(line.row, line.raw))
        else:
            if not self._is_session:
                self._tally.add_foreign(line.number, line.row)
                raw = Raw(line.raw, line.row)
                found.extend((rule, said) for rule in self._by_scope["line"] for said in rule.check(raw))
            told = bool(found)
            for made, converted in self._reader.line(line):
                each = list(self._of_made(made, converted, line.row, told))
                if made.number == line.number:
                    found.extend(each)
                else:
                    yield from ((made.number, one) for one in each)
        found.sort(key=lambda pair: pair[0].code)
        yield from ((line.number, each) for each in found)

    def end(self) -> Iterator[tuple[int, Found]]:
        """The same of what ended with the file."""
        for made, converted in self._reader.end():
            for each in self._of_made(made, converted, None, False):
                yield made.number, each

    def _mixed(self, row: Any) -> Iterator[Found]:
        form = RECORD if isinstance(row, dict) and row.keys() == KEYS else form_of_row(row)
        if form != self._form and not self._is_session and _MIXED in self._codes:
            was = f"is {form}" if form else "has no form that is known"
            yield BY_CODE[_MIXED], f"the row {was}, and the file's first rows are {self._form}"

    def _of_made(self, made: Line, converted: Converted | None, value: Any, told: bool) -> Iterator[Found]:
        """What is found in what a line became, of whose own bytes something was `told` already."""
        if not made.problem:
            self._tally.add_converted(made.number, made.row)
        is_ours = not made.problem and not made.row["origin"]["generator"].startswith(_IMPORTED)
        if not is_ours:
            seen = made.row if self._is_session else value
            for rule in self._value_rules_for(seen):
                yield from ((rule, message) for message in rule.check(seen))
        if made.problem:
            if NOT_A_RECORD in self._codes and not told:
                yield BY_CODE[NOT_A_RECORD], f"it can't be read as a conversation: {made.problem}"
        elif is_ours:
            # An export of ours that brings its records along: they claim everything, and are held to it.
            yield from self._of_records.row(made.row, made.raw)
        elif converted is not None:
            yield from self._of_record(made, value, converted.prompt, converted.signatures)

    def _value_rules_for(self, value: Any) -> Iterator[Rule]:
        """The rules over values without those that a fast look at the text has proved silent."""
        try:
            text = orjson.dumps(value).decode()
        except orjson.JSONEncodeError:  # deeper than can be written
            yield from self._by_scope["value"]
            return
        is_plain = self._seems_plain(text)
        for rule in self._by_scope["value"]:
            screened = self._is_plain.get(rule.code)
            if screened is None or not (is_plain or screened(text)):
                yield rule

    def _of_record(
        self, record: Line, value: Any, prompt: str, signatures: tuple[Signature, ...]
    ) -> Iterator[Found]:
        row = record.row
        # What a direct answer rests on is not in the row, and nobody says that it is.
        row["origin"]["spans"] = [f"line:{record.number}-{record.number}"]
        known = self._known(row, signatures)
        found = list(self._row_rules(row, known))
        if not signatures:
            found = [each for each in found if each[0].code not in _OF_SIGNATURES]
        if prompt and any(rule.code in _GROUNDING for rule, _ in found):
            first, *rest = row["messages"]
            told = {**first, "content": f"{prompt}\n{first['content']}"}
            with_prompt = set(self._row_rules({**row, "messages": [told, *rest]}, known))
            found = [each for each in found if each[0].code not in _GROUNDING or each in with_prompt]
        shift = _system_messages(value, len(row["messages"]))
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
            schemas = {
                each.name: {"arguments": _closed(each.arguments), "result": None} for each in described
            }
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


def _closed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Described parameters are all that there are, as for any function, unless the row says otherwise."""
    if parameters.get("properties") and "additionalProperties" not in parameters:
        return {**parameters, "additionalProperties": False}
    return dict(parameters)


def _system_messages(row: Any, turns: int) -> int:
    """How many system messages stood before the turns, where each other message became one turn: findings name the file's own places."""
    keys = ("messages", "conversations", "conversation") if isinstance(row, dict) else ()
    messages = next((row[key] for key in keys if key in row), row)
    if not isinstance(messages, list):
        return 0
    before = 0
    for message in messages:
        role = message.get("role", message.get("from")) if isinstance(message, dict) else None
        if role not in ("system", "developer"):
            break
        before += 1
    return before if len(messages) - before == turns else 0
