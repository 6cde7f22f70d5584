"""Run the rules over rows and files.

A clean row must cost little: `clean.CleanRow` proves most clean rows clean without running a single rule. What it can't prove goes to the rules,
which are written to be read. A test holds that the two never disagree.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from punie_data import jsonl
from punie_data.resources import path_of
from punie_data.validate.catalogue import BY_CODE, EMPTY_FILE, NOT_A_RECORD, NOT_JSON, RULES
from punie_data.validate.clean import TEXT_RULES, CleanRow
from punie_data.validate.explain import explain
from punie_data.validate.rule import Finding, Raw, Rule
from punie_data.validate.signatures import Signatures, shipped
from punie_data.validate.view import View

Found = tuple[Rule, str]
_SHAPE_RULES = frozenset({"PD103", "PD104", "PD105", "PD106", "PD107"})


@cache
def record_schema() -> dict[str, Any]:
    return orjson.loads(path_of("schemas", "example.schema.json").read_bytes())


@cache
def record_validator() -> Any:
    """The compiled schema of the record."""
    return jsonschema_rs.validator_for(record_schema())


class Checker:
    """`row` judges one value, `file` a whole file. `prove_clean` off runs every rule on every row, which is slow and finds the same."""

    def __init__(
        self, rules: Iterable[Rule] = RULES, signatures: Signatures | None = None, prove_clean: bool = True
    ) -> None:
        self.rules = tuple(rules)
        self.signatures = signatures or shipped()
        self.is_record = record_validator().is_valid
        self._by_scope = {
            scope: [
                rule
                for rule in self.rules
                if rule.scope == scope and rule.code not in (NOT_JSON, NOT_A_RECORD, EMPTY_FILE)
            ]
            for scope in ("line", "value", "row")
        }
        self._codes = {rule.code for rule in self.rules}
        self._clean = CleanRow(self.signatures) if prove_clean else None
        self._without_text = {
            scope: [rule for rule in rules if rule.code not in TEXT_RULES]
            for scope, rules in self._by_scope.items()
        }

    def row(self, value: Any, raw: bytes = b"") -> list[Found]:
        """What the rules find in a value; `raw` is the line that it was read from, without which the rules over lines are not run."""
        is_record = self.is_record(value)
        rules = self._by_scope
        if is_record and raw and self._clean is not None and self._clean.proves_text(value, raw):
            if self._clean.proves_row(value):
                return []
            rules = self._without_text
        found: list[Found] = []
        if raw:
            line = Raw(raw, value)
            for rule in rules["line"]:
                found.extend((rule, message) for message in rule.check(line))
        for rule in rules["value"]:
            found.extend((rule, message) for message in rule.check(value))
        if is_record:
            view = View(value, self.signatures)
            for rule in rules["row"]:
                found.extend((rule, message) for message in rule.check(view))
        elif NOT_A_RECORD in self._codes and not any(rule.code in _SHAPE_RULES for rule, _ in found):
            found.append((BY_CODE[NOT_A_RECORD], explain(record_schema(), value)))
        found.sort(key=lambda pair: pair[0].code)
        return found

    def lines(self, lines: Iterable[jsonl.Line]) -> Iterator[tuple[int, Found | None]]:
        """Line number and finding for each finding; a clean line yields its number and None, so that lines can be counted."""
        for number, value, problem, raw in lines:
            if problem:
                if NOT_JSON in self._codes:
                    yield number, (BY_CODE[NOT_JSON], problem)
                else:
                    yield number, None
                continue
            found = self.row(value, raw)
            if not found:
                yield number, None
            for each in found:
                yield number, each


def finding(path: Path, number: int, found: Found) -> Finding:
    rule, message = found
    return Finding(str(path), number, rule.code, rule.name, rule.level, message)
