"""What a system must reach before it is deployed: the owner's criteria, or those of a TOML file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from punie_data.evaluate.score import LAYERS
from punie_data.toml_file import read_toml

SCHEMA = "criteria.schema.json"
STRICT = "strict"
MEASURES = {
    "seconds": ("s", "seconds", 1.0),
    "p50_seconds": ("s", "p50_seconds", 1.0),
    "p95_seconds": ("s", "p95_seconds", 1.0),
    "prompt_seconds": ("s", "prompt_seconds", 1.0),
    "token_seconds": ("s", "token_seconds", 1.0),
    "load_seconds": ("s", "load_seconds", 1.0),
    "warm_up_seconds": ("s", "warm_up_seconds", 1.0),
    "prompt_rate": ("tokens/s", "prompt_rate", 1.0),
    "generation_rate": ("tokens/s", "generation_rate", 1.0),
    "memory_gb": ("GB", "memory_bytes", 1e9),
    "disk_gb": ("GB", "disk_bytes", 1e9),
}
"""What bench measures: unit, its name in a bench's file, and how many of its units make one."""
SHARES = (STRICT, *LAYERS)


@dataclass(frozen=True, slots=True)
class Criterion:
    """Of `measure` (a share of queries that pass a layer and all before it, `strict` for all layers, or one of MEASURES) at least or at most so much.

    Shares are between 0 and 1, and of the queries of one `kind` or `category` where these are not "".
    """

    name: str
    measure: str
    at_least: float | None = None
    at_most: float | None = None
    kind: str = ""
    category: str = ""

    @property
    def is_share(self) -> bool:
        return self.measure in SHARES

    @property
    def threshold(self) -> float:
        found = self.at_least if self.at_least is not None else self.at_most
        assert found is not None
        return found

    @property
    def told(self) -> str:
        """`accuracy ≥ 80 %`."""
        sign = "≥" if self.at_least is not None else "≤"
        return f"{self.name} {sign} {amount(self, self.threshold)}"


@dataclass(frozen=True, slots=True)
class Criteria:
    """`prefer` are measures, the first the most important one: among systems that can't be told apart the one with less of them is chosen."""

    criteria: tuple[Criterion, ...]
    prefer: tuple[str, ...]


DEFAULT = Criteria(
    (
        Criterion("accuracy", STRICT, at_least=0.8),
        Criterion("field access", STRICT, at_least=0.8, category="field_access"),
        Criterion("a query", "seconds", at_most=3.0),
        Criterion("memory", "memory_gb", at_most=20.0),
        Criterion("disk", "disk_gb", at_most=20.0),
    ),
    ("disk_gb", "seconds"),
)
"""The owner's."""


def amount(criterion: Criterion, value: float) -> str:
    """`80 %`, `3 s`: as much as three digits tell."""
    if criterion.is_share:
        return f"{100 * value:.3g} %"
    unit = MEASURES[criterion.measure][0]
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"


def load_criteria(path: Path | None) -> Criteria:
    """Those of the file, or the owner's where there is none. UserError, with the line, where it is not what `schemas/criteria.schema.json` says."""
    if path is None:
        return DEFAULT
    data = read_toml(path, SCHEMA)
    prefer: Sequence[str] = data.get("prefer", DEFAULT.prefer)
    return Criteria(tuple(_criterion(each) for each in data["criterion"]), tuple(prefer))


def _criterion(told: Mapping[str, Any]) -> Criterion:
    bounds = {key: float(told[key]) for key in ("at_least", "at_most") if key in told}
    named = {key: told[key] for key in ("kind", "category") if key in told}
    return Criterion(told.get("name", told["measure"]), told["measure"], **bounds, **named)
