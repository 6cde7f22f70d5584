"""Good rows to start from, for the tests of the rules; and the proof that they are good."""

import copy
import hashlib
from typing import Any

import orjson
import pytest

from punie_data.chat import example_from_json
from punie_data.validate.check import Checker
from punie_data.validate.record_rules import identity
from punie_data.validate.signatures import Signatures, shipped

Row = dict[str, Any]
Step = tuple[str, dict[str, Any], Any]

CODE_TOOL = {
    "execute_code": {
        "description": "Run Python that calls the tools",
        "arguments": {
            "type": "object",
            "additionalProperties": False,
            "required": ["code"],
            "properties": {"code": {"type": "string"}},
        },
        "result": None,
    }
}
SIGNATURES = Signatures({**CODE_TOOL, **shipped().schemas})
"""The shipped tools. `execute_code` stands here as well so that the rules about code are tested whether or not it is among them."""


def references(count: int = 3) -> Row:
    found = [
        {"file": f"src/shop/part_{i}.py", "line": 11 + 7 * i, "column": 5, "preview": "Cart()"}
        for i in range(count)
    ]
    return {
        "success": True,
        "symbol": "Cart",
        "reference_count": count,
        "references": found,
        "parse_error": None,
    }


def typecheck(errors: int = 2) -> Row:
    issues = [
        {"file": "src/shop/cart.py", "line": 40 + i, "column": 9, "severity": "error", "code": "invalid-return-type", "message": "Expected `int`"}
        for i in range(errors)
    ]  # fmt: skip
    return {
        "success": not errors,
        "error_count": errors,
        "warning_count": 0,
        "errors": issues,
        "parse_error": None,
    }


def log(*hashes: str) -> Row:
    commits = [{"hash": h, "message": "Add totals", "author": "A", "date": "2024-05-03"} for h in hashes]
    return {"success": True, "commit_count": len(commits), "commits": commits, "parse_error": None}


def make(
    question: str,
    *steps: Step,
    answer: str,
    kind: str = "tool",
    tools: list[str] | None = None,
    **origin: Any,
) -> Row:
    """A whole row. A step is (tool, arguments, result); a result that is not text becomes JSON."""
    messages: list[Row] = [{"role": "user", "content": question}]
    for number, (tool, arguments, result) in enumerate(steps):
        content = result if isinstance(result, str) else orjson.dumps(result).decode()
        call = {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": tool, "arguments": arguments},
        }
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        messages.append({"role": "tool", "content": content, "tool_call_id": f"call_{number}", "name": tool})
    messages.append({"role": "assistant", "content": answer})
    whole_origin = {
        "generator": "references", "repo": "tiny_shop", "revision": "1.0", "license": "MIT", "paths": [], "spans": [], "symbol": "", "seed": 0,
    } | origin  # fmt: skip
    offered = tools if tools is not None else sorted({step[0] for step in steps} | {"read_file"})
    label = {"kind": kind, "category": "navigation" if kind == "tool" else "concept"}
    return sealed(
        {"id": "", "messages": messages, "tools": offered, "label": label, "origin": whole_origin, "runs": []}
    )


def sealed(row: Row) -> Row:
    """The row with the runs and the id that its messages call for: a row made on purpose to break one rule breaks no other."""
    results = {m.get("tool_call_id"): m["content"] for m in row["messages"] if m["role"] == "tool"}
    known = {run["call_id"]: run for run in row["runs"]}
    row["runs"] = [
        {"call_id": call["id"], "tool_version": "ty 0.0.105", "exit": 0, "sha256": hashlib.sha256(results.get(call["id"], "").encode()).hexdigest(),
         "truncated": known.get(call["id"], {}).get("truncated", False)}
        for message in row["messages"] for call in message.get("tool_calls", ())
    ]  # fmt: skip
    row["id"] = identity(row["messages"], row["tools"], row["label"])
    return row


POSITION = {"file_path": "src/shop/cart.py", "line": 12, "column": 7, "symbol": "Cart"}
QUESTION = "Where is `Cart` used, which stands in src/shop/cart.py, line 12, column 7?"


def find(**changed: Any) -> Row:
    """The plainest row with a call. `changed` are the parts of it: question, arguments, result, answer."""
    given = {"question": QUESTION, "arguments": POSITION, "result": references(), "answer": "`Cart` is used in 3 places, the first in src/shop/part_0.py at line 11."} | changed  # fmt: skip
    step = ("find_references", given["arguments"], given["result"])
    return make(given["question"], step, answer=given["answer"])


def code(
    source: str,
    printed: str = "3\n",
    answer: str = "There are 3 errors.",
    question: str = "How many type errors are there?",
) -> Row:
    return make(question, ("execute_code", {"code": source}, printed), answer=answer, tools=["execute_code"])


def direct(answer: str, question: str = "What is a cart?", spans: list[str] | None = None) -> Row:
    return make(question, answer=answer, kind="direct", tools=["read_file"], spans=spans or [])


def edited(row: Row, *path: Any, to: Any) -> Row:
    """A copy of the row with the value at `path` replaced, and sealed again."""
    row = copy.deepcopy(row)
    inner = row
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return sealed(row)


GOOD: dict[str, Row] = {
    "one call": find(),
    "no reference": find(result=references(0), answer="Nothing uses `Cart`."),
    "two calls, the second from the first's result": make(
        "Which type errors are there in src/shop, and what does the first line with one say?",
        ("typecheck", {"path": "src/shop"}, typecheck()),
        (
            "read_file",
            {"path": "src/shop/cart.py", "first_line": 40, "last_line": 41},
            "    return 'three'\n    return None",
        ),
        answer="ty reports 2 errors, both `invalid-return-type`. Line 40 of src/shop/cart.py says `return 'three'`.",
    ),
    "an error, told": make(
        "What does missing.py say?",
        ("read_file", {"path": "missing.py"}, "Error: there is no file missing.py"),
        answer="There is no file `missing.py` in the project.",
    ),
    "log": make(
        "Show the last two commits.",
        ("git_log", {"count": 2}, log("3f2a9c1", "77e0b1d")),
        answer="1. 3f2a9c1: Add totals (2024-05-03)\n2. 77e0b1d: Add totals",
    ),
    "code": code("result = typecheck(path='.')\nprint(result.error_count)"),
    "direct": direct("A cart holds the 12 items that a customer chose.", spans=["README.md:3-9"]),
    "ask": make("Rename the function.", answer="Which function, and to what name?", kind="ask"),
    "cannot": make(
        "Push the branch.", answer="I can't push: none of the tools reaches a remote.", kind="cannot"
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_row_breaks_no_rule(name: str) -> None:
    """A rule that accuses honest rows would be switched off by everybody."""
    found = Checker(signatures=SIGNATURES, prove_clean=False).row(GOOD[name], orjson.dumps(GOOD[name]))
    assert [(rule.code, message) for rule, message in found] == []


@pytest.mark.parametrize("name", GOOD)
def test_the_id_is_the_one_that_the_record_computes(name: str) -> None:
    """Two ways of computing the id that differ would accuse every row."""
    assert GOOD[name]["id"] == example_from_json(GOOD[name]).id
    assert example_from_json(GOOD[name]).to_json() == GOOD[name]
