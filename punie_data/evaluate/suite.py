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
    kinds = sorted({kind for kind, _, _ in cells})
    by_kind = fair_shares(
        {kind: sum(len(found) for cell, found in cells.items() if cell[0] == kind) for kind in kinds}, count
    )
    chosen: list[Mapping[str, Any]] = []
    for kind in kinds:
        # In an order of its own where there are more cells than rows to give: the first in the alphabet have no precedence.
        own = sorted(
            (cell for cell in cells if cell[0] == kind), key=lambda cell: _order(seed, "/".join(cell))
        )
        shares = fair_shares({cell: len(cells[cell]) for cell in own}, by_kind[kind])
        for cell in own:
            chosen += cells[cell][: shares[cell]]
    return sorted(chosen, key=lambda row: row["id"])


def _order(seed: int, text: str) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()
