"""Queries from records: what the model is shown up to the turn that counts, and what it should do then."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from punie_data import dialects, importing
from punie_data.chat import Kind
from punie_data.dialects.base import Call, Refused, Rendered, Signatures, calls_of
from punie_data.errors import UserError


@dataclass(frozen=True, slots=True)
class Query:
    """`prompt` are a record's messages before the turn that counts: of a tool row its first call, of any other its last answer."""

    id: str
    kind: Kind
    category: str
    repo: str
    prompt: tuple[dict[str, Any], ...]
    tools: Signatures
    gold: tuple[Call, ...]
    answer: str


def queries(path: Path, limit: int | None = None) -> Iterator[Query]:
    """The queries of a suite, which is a file of records. UserError, with the line, where one is none."""
    for line in islice(importing.records(path), limit):
        if line.row is None:
            raise UserError(f"{path}:{line.number}: {line.problem}")
        tools = dialects.signatures(line.row["tools"])
        if isinstance(tools, Refused):
            raise UserError(f"{path}:{line.number}: {tools.reason}")
        yield _query(line.row, tools)


def _query(row: Mapping[str, Any], tools: Signatures) -> Query:
    messages = row["messages"]
    kind = row["label"]["kind"]
    assistant = [number for number, message in enumerate(messages) if message["role"] == "assistant"]
    at = (
        next((n for n in assistant if messages[n].get("tool_calls")), assistant[-1])
        if kind == "tool"
        else assistant[-1]
    )
    return Query(
        id=row["id"],
        kind=kind,
        category=row["label"]["category"],
        repo=row["origin"]["repo"],
        prompt=tuple(messages[:at]),
        tools=tools,
        gold=calls_of(messages[at]) if kind == "tool" else (),
        answer=messages[at]["content"],
    )


def rendered(query: Query, dialect: str, system_prompt: str) -> Rendered | Refused:
    """The query's prompt as a chat template takes it."""
    return dialects.load(dialect).render({"messages": list(query.prompt)}, query.tools, system_prompt)
