"""When2Call, NVIDIA's test of when (not) to call (Ross, Mahabaleshwarkar and Suhara 2025, arXiv 2504.18851), from its own file of JSON Lines.

    {"uuid", "source", "question", "correct_answer": "request_for_info", "tools": ["{\\"name\\": …}"],
     "answers": {"direct": …, "tool_call": "{\\"name\\": …, \\"arguments\\": …}", "request_for_info": …, "cannot_answer": …}}

The right one of the answers is the gold conversation's; all of them are the choices of `evaluate --by-likelihood`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from punie_data import dataset
from punie_data.errors import UserError
from punie_data.evaluate.published import Published
from punie_data.importing import array
from punie_data.importing.conversation import Turn, Unconvertible
from punie_data.importing.published import ANSWERS, when2call
from punie_data.importing.record import Source

_KEYS = frozenset({"question", "answers", "correct_answer"})


def import_when2call(source: Path, out: Path) -> dict[str, Any]:
    """Write the suite; the manifest is returned. UserError where a line is no JSON, or none of When2Call's tests is there."""
    told: dict[str, Any] = {"name": "when2call", "version": source.stem, "choices": {}}
    published = Published(Source("when2call", f"sha256:{dataset.digest(source)[:16]}"), told)
    for line in array.read(source):
        if line.problem:
            raise UserError(f"{source}:{line.number}: {line.problem}")
        row = line.row
        if not isinstance(row, dict) or not row.keys() >= _KEYS:
            raise UserError(f"{source}:{line.number}: no test of When2Call's: it has no question, answers and correct_answer")  # fmt: skip
        try:
            conversation = when2call(row)
            choices = _choices(row)
        except Unconvertible as trouble:
            published.dropped[trouble.reason] += 1
            continue
        made = published.add(conversation, str(row.get("uuid", line.number)), line.number)
        if made:
            told["choices"][made] = choices
    return published.write(out, "When2Call: whether to call, to ask, or to say that it can't be done.")


def _choices(row: Mapping[str, Any]) -> dict[str, Any]:
    """Our kind → what is said. Unconvertible where an answer can't be read."""
    found: dict[str, Any] = {}
    for name, kind in ANSWERS.items():
        if name not in row["answers"]:
            continue
        turn: Turn = when2call({**row, "correct_answer": name}).turns[-1]
        found[kind] = {"content": turn.text}
        if turn.calls:
            found[kind]["calls"] = [
                {"name": call.name, "arguments": dict(call.arguments)} for call in turn.calls
            ]
    return found
