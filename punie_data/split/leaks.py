"""Is anything on two sides? The proof that a split is one; `validate` and `build` may ask it too."""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from punie_data.split.units import SHARED, By, units_of


@dataclass(frozen=True, slots=True)
class Leak:
    """Two rows of two parts share something: `what` is one of `units.SHARED`."""

    what: str
    part: str
    id: str
    other_part: str
    other_id: str

    def __str__(self) -> str:
        return f"{self.other_part} row {self.other_id} has the same {self.what} as {self.part} row {self.id}"

    def to_json(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("what", "part", "id", "other_part", "other_id")}


class LeakCheck:
    """Add every row of every part, then ask. It holds some 150 bytes a row."""

    def __init__(self, by: By = "origin") -> None:
        self._by: By = by
        self._ids: list[str] = []
        self._parts: list[str] = []
        self._part_of = array("B")
        self._numbers, self._rows, self._whats = array("Q"), array("Q"), array("B")

    def add(self, part: str, record: Mapping[str, Any]) -> None:
        """A record that satisfies the schema."""
        if part not in self._parts:
            self._parts.append(part)
        for unit in set(units_of(record, self._by)):
            self._numbers.append(unit.number())
            self._rows.append(len(self._ids))
            self._whats.append(SHARED.index(unit.what))
        self._part_of.append(self._parts.index(part))
        self._ids.append(record["id"])

    def leaks(self) -> Iterator[Leak]:
        """One leak for each thing and each further part that it is in, by the first rows that have it, in the order of the rows."""
        if not self._ids:
            return
        numbers = np.frombuffer(self._numbers, dtype=np.uint64)
        rows = np.frombuffer(self._rows, dtype=np.uint64).astype(np.int64)
        parts = np.frombuffer(self._part_of, dtype=np.uint8)[rows]
        order = np.lexsort((rows, parts, numbers))
        numbers, rows, parts = numbers[order], rows[order], parts[order]
        whats = np.frombuffer(self._whats, dtype=np.uint8)[order]
        same = numbers[1:] == numbers[:-1]
        further = np.flatnonzero(same & (parts[1:] != parts[:-1])) + 1
        starts = np.flatnonzero(np.concatenate(([True], ~same)))
        firsts = starts[np.searchsorted(starts, further, side="right") - 1]
        for at, first in sorted(
            zip(further.tolist(), firsts.tolist(), strict=True), key=lambda p: (rows[p[0]], whats[p[0]])
        ):
            yield Leak(
                SHARED[whats[at]],
                self._parts[parts[first]],
                self._ids[rows[first]],
                self._parts[parts[at]],
                self._ids[rows[at]],
            )
