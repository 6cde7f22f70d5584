"""Rows as data of the page: compressed pieces that the browser unpacks when it needs them, and an index of all of them.

A piece is a JSON array of rows, deflated with zlib's header (what `DecompressionStream("deflate")` reads) and written in base64, whose
alphabet can close no tag. Arguments travel as the text that they are in JSON, because a browser would round integers beyond 53 bits.
"""

import base64
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from punie_data.jsonl import Line
from punie_data.stats.runs import states
from punie_data.stats.survey import Rejection, called, first_question
from punie_data.validate.rule import Finding

PIECE = 200
"""Rows a piece: what is unpacked to show one."""
LONGEST = 20_000
"""Characters of one message or argument that the page carries; how many more there are is said where it was cut."""
_QUESTION = 160
_NAMES = ("part", "kind", "category", "generator", "repository", "tool", "rule", "reason", "replay")
NOT_A_ROW = "not a row"


@dataclass(frozen=True, slots=True)
class Shown:
    """A line for the page. `row` is None where it is no record; `same` and `asked` number the groups of repeated conversations and questions,
    0 for none; `replay` is what a replay said of the row.
    """

    part: str
    line: Line
    row: dict[str, Any] | None
    tokens: int = 0
    same: int = 0
    asked: int = 0
    findings: Sequence[Finding] = ()
    rejection: Rejection | None = None
    replay: str = ""


@dataclass(slots=True)
class Index:
    """Columns over all rows of the page; numbers in them are places in `names`, -1 for none."""

    names: dict[str, dict[str, int]] = field(default_factory=lambda: {name: {} for name in _NAMES})
    columns: dict[str, list[Any]] = field(
        default_factory=lambda: {
            key: []
            for key in (
                "id", "question", "part", "line", "kind", "category", "generator", "repository", "tools", "rules",
                "reason", "replay", "tokens", "same", "asked",
            )
        }
    )  # fmt: skip

    def place(self, name: str, value: str) -> int:
        known = self.names[name]
        return known.setdefault(value, len(known)) if value else -1

    def add(self, shown: Shown) -> None:
        row, rejection = shown.row, shown.rejection
        label = row["label"] if row else {"kind": "" if rejection else NOT_A_ROW, "category": ""}
        origin = row["origin"] if row else {"generator": "", "repo": ""}
        if row is not None:
            question = first_question(row)
        elif rejection is not None and rejection.question:
            question = rejection.question
        else:  # the beginning of the line, so that one sees what it is
            question = shown.line.raw[: 4 * _QUESTION].decode("utf-8", "replace")
        values = {
            "id": row["id"] if row else "",
            "question": " ".join(question[: 4 * _QUESTION].split())[:_QUESTION],
            "part": self.place("part", shown.part),
            "line": shown.line.number,
            "kind": self.place("kind", label["kind"]),
            "category": self.place("category", label["category"]),
            "generator": self.place(
                "generator", origin["generator"] or (rejection.generator if rejection else "")
            ),
            "repository": self.place("repository", origin["repo"] or (rejection.repo if rejection else "")),
            "tools": [self.place("tool", tool) for tool in dict.fromkeys(called(row))] if row else [],
            "rules": [self.place("rule", code) for code in dict.fromkeys(f.code for f in shown.findings)],
            "reason": self.place("reason", rejection.reason) if rejection else -1,
            "replay": self.place("replay", shown.replay),
            "tokens": shown.tokens,
            "same": shown.same,
            "asked": shown.asked,
        }
        for key, value in values.items():
            self.columns[key].append(value)

    def to_json(self) -> dict[str, Any]:
        return {
            "piece": PIECE,
            "names": {name: list(values) for name, values in self.names.items()},
            **self.columns,
        }


def row_data(shown: Shown) -> dict[str, Any]:
    """What the page needs to show a row as a conversation; keys are short because there are many of them."""
    data: dict[str, Any] = {}
    if shown.findings:
        data["findings"] = [[f.code, f.level, cut(f.message)[0]] for f in shown.findings]
    if shown.rejection:
        data["rejected"] = [shown.rejection.reason, cut(shown.rejection.detail)[0]]
        if shown.row is None:
            data["question"] = cut(shown.rejection.question)
    if shown.row is None:
        raw = shown.line.raw.decode("utf-8", "replace").rstrip("\r\n")
        return {**data, "raw": cut(raw), "problem": shown.line.problem}
    row = shown.row
    return {
        **data,
        "messages": [_message(message) for message in row["messages"]],
        "offered": row["tools"],
        "origin": {**row["origin"], "seed": str(row["origin"]["seed"])},
        "runs": {
            run["call_id"]: [run["tool_version"], str(run["exit"]), run["truncated"], run["sha256"]]
            for run in row["runs"]
        },
        "states": states(row),
    }


def _message(message: dict[str, Any]) -> dict[str, Any]:
    text, more = cut(message["content"])
    found: dict[str, Any] = {"role": message["role"], "text": text}
    if more:
        found["more"] = more
    if message["role"] == "tool":
        found["name"], found["call"] = message["name"], message["tool_call_id"]
    if "tool_calls" in message:
        found["calls"] = [
            {
                "id": call["id"],
                "name": call["function"]["name"],
                "arguments": [
                    [
                        key,
                        *cut(value if isinstance(value, str) else orjson.dumps(value).decode()),
                        isinstance(value, str),
                    ]
                    for key, value in call["function"]["arguments"].items()
                ],
            }
            for call in message["tool_calls"]
        ]
    return found


def cut(text: str) -> tuple[str, int]:
    """The text as far as the page carries it, and how many characters are left out."""
    return text[:LONGEST], max(0, len(text) - LONGEST)


def packed(value: Any) -> bytes:
    """JSON, deflated, in base64."""
    return base64.b64encode(zlib.compress(orjson.dumps(value), 6))


def pieces(rows: Iterator[Shown], index: Index) -> Iterator[bytes]:
    """The rows in pieces, each packed; `index` is filled on the way."""
    piece: list[dict[str, Any]] = []
    for shown in rows:
        index.add(shown)
        piece.append(row_data(shown))
        if len(piece) == PIECE:
            yield packed(piece)
            piece = []
    if piece:
        yield packed(piece)
