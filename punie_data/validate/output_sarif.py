"""Findings as SARIF 2.1.0 (OASIS standard), which code scanning services read. The results are written as they come."""

import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import orjson

from punie_data import __version__
from punie_data.validate.output import Totals, Write, as_seen_from_here
from punie_data.validate.rule import Finding, Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


class SarifOutput:
    """One log with one run. `rules` are those that were run: a service shows what was looked for, found or not."""

    def __init__(self, write: Write, rules: Iterable[Rule]) -> None:
        self._write = write
        self._rules = list(rules)
        self._index = {rule.code: index for index, rule in enumerate(self._rules)}
        self._first = True

    def begin(self) -> None:
        driver = {
            "name": "punie-data",
            "version": __version__,
            "semanticVersion": __version__,
            "rules": [_descriptor(rule) for rule in self._rules],
        }
        head = f'"$schema":{_json(SCHEMA)},"version":"2.1.0"'
        self._write(
            f'{{{head},"runs":[{{"tool":{{"driver":{_json(driver)}}},"columnKind":"unicodeCodePoints","results":['
        )

    def finding(self, finding: Finding) -> None:
        place: dict[str, Any] = {"artifactLocation": {"uri": location(finding.file)}}
        if finding.line:  # else it is of the whole file
            place["region"] = {"startLine": finding.line}
        result: dict[str, Any] = {
            "ruleId": finding.code,
            "ruleIndex": self._index.get(finding.code, -1),
            "level": finding.level,
            "message": {"text": finding.message},
            "locations": [{"physicalLocation": place}],
        }
        self._write(f"{'' if self._first else ','}\n{_json(result)}")
        self._first = False

    def end(self, totals: Totals) -> None:
        invocation = {"executionSuccessful": True, "exitCode": int(bool(totals.errors))}
        self._write(
            f'\n],"invocations":[{_json(invocation)}],"properties":{_json({"totals": totals.to_json()})}}}]}}\n'
        )


def location(file: str) -> str:
    """A path as a URI reference: relative ones stay relative, since a service reads them from the repository's root."""
    path = as_seen_from_here(file)
    if path.is_absolute():
        return path.as_uri()
    # A colon before the first slash would look like a scheme.
    return quote(os.fsencode(path.as_posix()), safe="/")


def _descriptor(rule: Rule) -> dict[str, Any]:
    short, _, rest = rule.explanation.partition("\n")
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": short},
        "fullDescription": {"text": " ".join(rule.explanation.split())},
        "help": {"text": rest.strip() or short},
        "defaultConfiguration": {"level": rule.level},
        "properties": {"tags": [rule.name]},
    }


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
