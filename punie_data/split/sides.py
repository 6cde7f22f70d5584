"""On which side a row is: first by itself, then beside the others.

By itself: each deciding unit has a seeded hash between 0 and 1. Below the share of test it is on the side of test, above one less the share of
valid on that of valid, else on train's. A row whose units agree is on their side, a row whose units don't is on train's.

Beside the others, evaluation first: a row of test stays; one of valid that shares a unit with test is set aside; one of train that shares a
unit with test or valid is set aside. Rows of a repository that is to be unseen are on the side of test, and set aside where they share a unit
(their question) with valid or train.

So much is guaranteed when rows are added, with the same seed and shares: no row is ever on another side than before. A row can be set aside
because of an added one, or come back; those of test can't. A group of rows that an added row joins to another group stays where it is:
it is the joining row that is set aside, or the rows of train that it touches.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from punie_data.split.units import SHARED, By, deciding, units_of

SIDES = ("test", "valid", "train")


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of rows, between 0 and 1. `unseen` are repositories of which train and valid get nothing."""

    valid: float = 0.1
    test: float = 0.1
    by: By = "origin"
    unseen: tuple[str, ...] = ()
    seed: int = 0

    def side(self, record: Mapping[str, Any]) -> str:
        """The side that the row is on by itself."""
        if record["origin"]["repo"] in self.unseen:
            return "test"
        found = {self._side_of(unit.share(self.seed)) for unit in deciding(record, self.by)}
        return found.pop() if len(found) == 1 else "train"

    def _side_of(self, share: float) -> str:
        # Test from below and valid from above: enlarging one takes rows from train and not from the other.
        return "test" if share < self.test else "valid" if share >= 1 - self.valid else "train"


@dataclass(frozen=True, slots=True)
class Aside:
    """Why a row is on no side: it shares `what` with row number `of`, which is on `side`."""

    what: str
    side: str
    of: int


class Placing:
    """Add every row, then ask for the sides. It holds some 150 bytes a row."""

    def __init__(self, shares: Shares) -> None:
        self.ids: list[str] = []
        self._shares = shares
        self._side, self._unseen = array("B"), array("B")
        self._numbers, self._rows, self._whats = array("Q"), array("Q"), array("B")

    def add(self, record: Mapping[str, Any]) -> None:
        """A record that satisfies the schema."""
        for unit in units_of(record, self._shares.by):
            self._numbers.append(unit.number())
            self._rows.append(len(self.ids))
            self._whats.append(SHARED.index(unit.what))
        self._side.append(SIDES.index(self._shares.side(record)))
        self._unseen.append(record["origin"]["repo"] in self._shares.unseen)
        self.ids.append(record["id"])

    def sides(self) -> tuple[Sequence[int], dict[int, Aside]]:
        """Each row's side as an index of `SIDES`, and the rows that are on none."""
        side = np.frombuffer(self._side, dtype=np.uint8)
        unseen = np.frombuffer(self._unseen, dtype=np.uint8).astype(bool)
        numbers = np.frombuffer(self._numbers, dtype=np.uint64)
        rows = np.frombuffer(self._rows, dtype=np.uint64).astype(np.int64)
        aside: dict[int, Aside] = {}
        gone = np.zeros(len(side), dtype=bool)
        test, valid, train = ((side == index) & ~unseen for index in range(3))
        for those, against in (
            (valid, (test,)),
            (train, (test, valid)),
            (unseen, (valid, train)),
        ):
            for holders in against:
                held = np.flatnonzero((holders & ~gone)[rows])
                found, first = np.unique(numbers[held], return_index=True)
                mine = np.flatnonzero((those & ~gone)[rows])
                if not len(found) or not len(mine):
                    continue
                at = np.minimum(np.searchsorted(found, numbers[mine]), len(found) - 1)
                for place, where in zip(
                    mine[found[at] == numbers[mine]], at[found[at] == numbers[mine]], strict=True
                ):
                    of = int(rows[held[first[where]]])
                    aside.setdefault(int(rows[place]), Aside(SHARED[self._whats[place]], SIDES[side[of]], of))
                    gone[rows[place]] = True
        return side.tolist(), aside
