"""What a page is made of, before it is Markdown or HTML: headings, paragraphs, tables and plots. All text in it is plain and anybody's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["", "good", "bad", "faint"]


@dataclass(frozen=True, slots=True)
class Cell:
    """`note` stands below, smaller."""

    text: str
    tone: Tone = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """`anchor` is where links lead; "" for none. Level 2 is a part of the page."""

    text: str
    level: int = 2
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """`numbers` are the columns that hold numbers. The first column names its row."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[str | Cell]]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Point:
    """`low` and `high` are the ends of an interval or a range, equal to `value` where there is none. A hollow one was reported."""

    label: str
    value: float
    low: float
    high: float
    told: str
    is_hollow: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """One row a point on a common scale: from 0 to `top`, or logarithmic from `bottom` where that is given. `target` is drawn as a line, None for none."""

    title: str
    about: str
    points: Sequence[Point]
    top: float
    bottom: float = 0.0
    ticks: Sequence[tuple[float, str]] = ()
    target: float | None = None

    @property
    def is_logarithmic(self) -> bool:
        return self.bottom > 0


@dataclass(frozen=True, slots=True)
class Fold:
    """A part that is opened when it is wanted, where the page can do that."""

    title: str
    anchor: str
    blocks: "Sequence[Block]"


Block = Heading | Paragraph | Table | Plot | Fold


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    lead: str
    blocks: Sequence[Block]


def place(plot: Plot, number: float) -> float:
    """Where a number stands on a plot's scale, from 0 to 1."""
    from math import log

    if plot.is_logarithmic:
        part = log(max(number, plot.bottom) / plot.bottom) / log(plot.top / plot.bottom)
    else:
        part = number / plot.top if plot.top else 0.0
    return min(1.0, max(0.0, part))
