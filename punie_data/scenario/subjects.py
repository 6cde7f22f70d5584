"""What the generators of typed results ask about: symbols that are used neither never nor everywhere, and calls written as Python."""

from collections.abc import Iterator
from random import Random
from typing import Any, TypeVar

import orjson

from punie_data.code.facts import ClassFact, FileFacts, FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.targets import is_rare, is_telling, mixed
from punie_data.tools.base import Outcome
from punie_data.tools.registry import TOOLS

MOST_CALLS, MOST_FILES, A_FILE = 16, 6, 2
Row = TypeVar("Row")
Symbol = tuple[str, ClassFact | FunctionFact]


def classes(repo: Repo, chance: Random) -> Iterator[tuple[str, ClassFact]]:
    """(path, class) in random order, a few of each file; see `symbols`."""
    for path, item in symbols(repo, chance):
        if isinstance(item, ClassFact):
            yield path, item


def functions(repo: Repo, chance: Random) -> Iterator[tuple[str, FunctionFact]]:
    """(path, function) in random order, a few of each file; see `symbols`."""
    for path, item in symbols(repo, chance):
        if isinstance(item, FunctionFact):
            yield path, item


def symbols(repo: Repo, chance: Random) -> Iterator[Symbol]:
    """Classes and plain functions of telling names that are defined once and called at a few places, sources before tests."""
    for facts in mixed(repo, chance):
        found = [item for item in (*facts.classes, *facts.functions) if _is_subject(repo, item)]
        chance.shuffle(found)
        for item in found[:A_FILE]:
            yield facts.path, item


def _is_subject(repo: Repo, item: ClassFact | FunctionFact) -> bool:
    if item.is_nested or not is_telling(item.name) or not is_rare(repo, item.name):
        return False
    if isinstance(item, FunctionFact) and (item.is_method or item.name == "main"):
        return False
    if item.name.startswith(("Test", "pytest_")) or len(repo.definitions[item.name]) != 1:
        return False
    sites = repo.call_sites.get(item.name, [])
    return 0 < len(sites) <= MOST_CALLS and len({path for path, _ in sites}) <= MOST_FILES


def at(path: str, item: ClassFact | FunctionFact) -> dict[str, Any]:
    """The four arguments that the language server's tools share."""
    return {"file_path": path, "line": item.line, "column": item.column, "symbol": item.name}


def files(repo: Repo, chance: Random, longest: int = 600) -> list[FileFacts]:
    """Files with something in them and no longer than `longest` lines, sources before tests, in random order."""
    return [f for f in mixed(repo, chance) if (f.classes or f.functions) and f.line_count <= longest]


def called(outcome: Outcome) -> str:
    """The call as Python: positional as far as the parameters come in order, by name after that."""
    given = dict(outcome.arguments)
    written = []
    for parameter in TOOLS[outcome.tool].parameters:
        if parameter.name not in given:
            break
        written.append(literal(given.pop(parameter.name)))
    written += [f"{name}={literal(value)}" for name, value in given.items()]
    return f"{outcome.tool}({', '.join(written)})"


def literal(value: Any) -> str:
    """A string in double quotes, anything else as Python writes it."""
    return orjson.dumps(value).decode() if isinstance(value, str) else repr(value)


def in_turns(*streams: Iterator[Row]) -> Iterator[Row]:
    """One of each stream in turn, until all have ended: no kind of row then crowds out the others."""
    waiting = list(streams)
    while waiting:
        for stream in list(waiting):
            try:
                yield next(stream)
            except StopIteration:
                waiting.remove(stream)
