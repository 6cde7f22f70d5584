"""Queries from records: what the model is shown up to the turn that counts, and what it should do then."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from punie_data import dataset, dialects, importing
from punie_data.chat import Kind
from punie_data.described import Described
from punie_data.dialects.base import Call, Refused, Rendered, Signatures, calls_of
from punie_data.errors import UserError
from punie_data.evaluate.benchmark import Accepted, Benchmark


@dataclass(frozen=True, slots=True)
class Expected:
    """A call of the gold conversation, what came of it, and the exit that its run recorded (0 where it did its work)."""

    call: Call
    content: str
    exit: int = 0


@dataclass(frozen=True, slots=True)
class Round:
    """From a question to its answer. `question` is "" in the first round, whose question ends the prompt."""

    question: str
    expected: tuple[Expected, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Query:
    """`prompt` are a record's messages before the turn that counts: of a tool row its first call, of any other its last answer.

    `rounds` are the rest of the gold conversation. `revision` says at which state of the repository it happened. `system_prompt` is that of a query which
    brings another one than its suite has; `accepted` and `choices` are those of a public benchmark.
    """

    id: str
    kind: Kind
    category: str
    repo: str
    prompt: tuple[dict[str, Any], ...]
    tools: Signatures
    gold: tuple[Call, ...]
    answer: str
    revision: str = ""
    rounds: tuple[Round, ...] = ()
    system_prompt: str | None = None
    accepted: Accepted | None = None
    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def decisions(self) -> frozenset[str]:
        """Those that are right."""
        return self.accepted.kinds if self.accepted else frozenset({self.kind})


def queries(path: Path, limit: int | None = None) -> Iterator[Query]:
    """The queries of a suite, which is a file of records. UserError, with the line, where one is none."""
    manifest = dataset.manifest_of(path)
    described, benchmark = Described(manifest), Benchmark(manifest)
    for line in islice(importing.records(path), limit):
        if line.row is None:
            raise UserError(f"{path}:{line.number}: {line.problem}")
        row = line.row["id"]
        tools = dialects.signatures(line.row["tools"], described.signatures(row))
        if isinstance(tools, Refused):
            raise UserError(f"{path}:{line.number}: {tools.reason}")
        yield replace(
            query_of(line.row, tools),
            system_prompt=described.own_prompt(row),
            accepted=benchmark.accepted(row, described.entries(row)),
            choices=benchmark.choices(row),
        )


def query_of(row: Mapping[str, Any], tools: Signatures) -> Query:
    """The query that a record asks, with these tools at hand."""
    messages = row["messages"]
    kind = row["label"]["kind"]
    assistant = [number for number, message in enumerate(messages) if message["role"] == "assistant"]
    at = (
        next((n for n in assistant if messages[n].get("tool_calls")), assistant[-1])
        if kind == "tool"
        else assistant[-1]
    )
    exits = {run["call_id"]: run["exit"] for run in row.get("runs") or ()}
    return Query(
        id=row["id"],
        kind=kind,
        category=row["label"]["category"],
        repo=row["origin"]["repo"],
        prompt=tuple(messages[:at]),
        tools=tools,
        gold=calls_of(messages[at]) if kind == "tool" else (),
        answer=messages[at]["content"],
        revision=row["origin"].get("revision", ""),
        rounds=tuple(_rounds(messages[at:], exits)),
    )


def _rounds(messages: Sequence[Mapping[str, Any]], exits: Mapping[str, int]) -> Iterator[Round]:
    """Each ends where the user speaks again; its answer is the last that the assistant says in it."""
    results = {
        message["tool_call_id"]: message["content"] for message in messages if message["role"] == "tool"
    }
    question, answer = "", ""
    expected: list[Expected] = []
    for number, message in enumerate(messages):
        if message["role"] == "user":
            if number:
                yield Round(question, tuple(expected), answer)
            question, answer, expected = message["content"], "", []
        elif message["role"] == "assistant":
            answer = message["content"]
            for call, found in zip(message.get("tool_calls") or (), calls_of(message), strict=True):
                expected.append(Expected(found, results.get(call["id"], ""), exits.get(call["id"], 0)))
    yield Round(question, tuple(expected), answer)


def rendered(query: Query, dialect: str, system_prompt: str) -> Rendered | Refused:
    """The query's prompt as a chat template takes it."""
    return dialects.load(dialect).render({"messages": list(query.prompt)}, query.tools, system_prompt)
