"""A suite of queries from mined rows: as many of each kind and category as there is room for, and no two that ask the same."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from punie_data.generate.share import fair_shares

Cell = tuple[str, str, str]
"""(kind, category, repository)"""


def choose(rows: Iterable[Mapping[str, Any]], count: int, seed: int = 0) -> list[Mapping[str, Any]]:
    """At most `count` rows, in the order of their ids. Kinds share fairly, then the categories of a kind, then repositories; within a cell a seeded hash decides.

    Rows of several user turns are left out, so that a query is one question.
    """
    cells: dict[Cell, list[Mapping[str, Any]]] = {}
    seen: set[str] = set()
    for row in sorted(rows, key=lambda row: _order(seed, row["id"])):
        asked = [message["content"] for message in row["messages"] if message["role"] == "user"]
        question = " ".join(asked[0].lower().split())
        if len(asked) == 1 and question not in seen:
            seen.add(question)
            cell = (row["label"]["kind"], row["label"]["category"], row["origin"]["repo"])
            cells.setdefault(cell, []).append(row)
    return sorted(_chosen(cells, count, seed), key=lambda row: row["id"])


def _chosen(
    cells: Mapping[tuple[str, ...], list[Mapping[str, Any]]], count: int, seed: int
) -> list[Mapping[str, Any]]:
    """Fair shares of the first part of the cells' names, and of the rest within each."""
    if list(cells) == [()]:
        return cells[()][:count]
    groups: dict[str, dict[tuple[str, ...], list[Mapping[str, Any]]]] = {}
    # In an order of its own, for where there are more groups than rows to give: the first in the alphabet have no precedence.
    for name in sorted(cells, key=lambda name: _order(seed, "/".join(name))):
        groups.setdefault(name[0], {})[name[1:]] = cells[name]
    shares = fair_shares({first: sum(map(len, group.values())) for first, group in groups.items()}, count)
    return [row for first, group in groups.items() for row in _chosen(group, shares[first], seed)]


def _order(seed: int, text: str) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()
