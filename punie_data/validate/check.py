"""Run the rules over rows and files.

A clean row must cost little: `clean.CleanRow` proves most clean rows clean without running a single rule. What it can't prove goes to the rules,
which are written to be read. A test holds that the two never disagree.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from punie_data import jsonl
from punie_data.validate.catalogue import BY_CODE, EMPTY_FILE, NOT_A_RECORD, NOT_JSON, RULES
from punie_data.validate.clean import BIT_OF, NO_RECORD, STRUCTURE, CleanRow
from punie_data.validate.declared import Declared
from punie_data.validate.explain import explain
from punie_data.validate.rule import Finding, Raw, Rule
from punie_data.validate.shapes import record_schema
from punie_data.validate.signatures import Signatures, shipped
from punie_data.validate.tally import Tally
from punie_data.validate.view import View

Found = tuple[Rule, str]
_ALL = (1 << 30) - 1
"""Every doubt there is, of a row that is a record."""
_FOUND_ON_THE_WAY = frozenset({NOT_JSON, NOT_A_RECORD, EMPTY_FILE})
_SHAPE_RULES = frozenset({"PD103", "PD104", "PD105", "PD106", "PD107"})


@cache
def record_validator() -> Any:
    """The compiled schema of the record."""
    return jsonschema_rs.validator_for(record_schema())


class Checker:
    """`row` judges one value, `file` a whole file. `prove_clean` off runs every rule on every row, which is slow and finds the same."""

    def __init__(
        self,
        rules: Iterable[Rule] = RULES,
        signatures: Signatures | None = None,
        prove_clean: bool = True,
        declared: Declared | None = None,
    ) -> None:
        self.rules = tuple(rules)
        self._declared = declared
        self.signatures = signatures or (shipped() if declared is None else declared.common)
        self.is_record = record_validator().is_valid
        self._codes = {rule.code for rule in self.rules}
        self._clean = CleanRow(self.signatures, self.is_record) if prove_clean else None
        self._by_doubt: dict[int, dict[str, list[Rule]]] = {}

    def row(self, value: Any, raw: bytes = b"") -> list[Found]:
        """What the rules find in a value; `raw` is the line that it was read from, without which the rules over lines are not run."""
        doubts = self._doubts(value, raw)
        return self._settled(value, raw, doubts) if doubts else []

    def _doubts(self, value: Any, raw: bytes) -> int:
        if self._clean is None:
            return _ALL if self.is_record(value) else NO_RECORD
        found = self._clean.doubts(value, raw)
        if self._declared is not None and found != NO_RECORD and self._declared.has_own(value["id"]):
            return _ALL
        return found

    def _settled(self, value: Any, raw: bytes, doubts: int) -> list[Found]:
        """What those rules find that are in doubt."""
        rules = self._by_doubt.get(doubts) or self._rules_for(doubts)
        found: list[Found] = []
        if raw and rules["line"]:
            line = Raw(raw, value)
            for rule in rules["line"]:
                found.extend((rule, message) for message in rule.check(line))
        for rule in rules["value"]:
            found.extend((rule, message) for message in rule.check(value))
        if doubts != NO_RECORD:
            view = View(value, self.signatures) if self._declared is None else self._declared.view(value)
            for rule in rules["row"]:
                found.extend((rule, message) for message in rule.check(view))
        elif NOT_A_RECORD in self._codes and not any(rule.code in _SHAPE_RULES for rule, _ in found):
            found.append((BY_CODE[NOT_A_RECORD], explain(record_schema(), value)))
        found.sort(key=lambda pair: pair[0].code)
        return found

    def _rules_for(self, doubts: int) -> dict[str, list[Rule]]:
        """The rules that have to look, by what they look at."""
        asked = [
            rule
            for rule in self.rules
            if BIT_OF.get(rule.code, STRUCTURE) & doubts and rule.code not in _FOUND_ON_THE_WAY
        ]
        self._by_doubt[doubts] = {
            scope: [rule for rule in asked if rule.scope == scope] for scope in ("line", "value", "row")
        }
        return self._by_doubt[doubts]

    def lines(
        self, lines: Iterable[jsonl.Line], tally: Tally | None = None
    ) -> Iterator[tuple[int, Found | None]]:
        """Line number and finding for each finding; a clean line yields its number and None, so that lines can be counted.

        The rows are counted in `tally`, where the rules over sets are asked afterwards.
        """
        id_doubt = BIT_OF["PD150"]
        for number, value, problem, raw in lines:
            if problem:
                if NOT_JSON in self._codes:
                    yield number, (BY_CODE[NOT_JSON], problem)
                else:
                    yield number, None
                continue
            doubts = self._doubts(value, raw)
            if tally is not None:
                tally.add(number, value, not doubts & id_doubt)
            found = self._settled(value, raw, doubts) if doubts else ()
            if not found:
                yield number, None
            for each in found:
                yield number, each


def finding(path: Path, number: int, found: Found) -> Finding:
    rule, message = found
    return Finding(str(path), number, rule.code, rule.name, rule.level, message)
