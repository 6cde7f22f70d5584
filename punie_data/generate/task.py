"""What is asked of worker processes, and what they give back. Light to import, since the parent knows no more of their work than this."""

import pickle
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from punie_data.code.facts import FileFacts
from punie_data.code.gitfolder import GitFolder
from punie_data.generators import Generator

CODE = "execute_code"
"""The one tool of Code Mode."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Read these files (path, SHA-256) of a snapshot."""

    root: Path
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A repository, ready to be mined: what a worker needs to open it."""

    name: str
    root: Path
    revision: str
    license: str
    paths: tuple[str, ...]
    facts_keys: tuple[str, ...]
    git: GitFolder | None
    allow_exec: bool
    virtual_environment: Path | None = None
    pytest_arguments: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    """Of each of `paths`: its SHA-256, and its mode. Without them nothing is kept from run to run."""
    tree: str = ""
    history: str = ""
    """Digests of all that tools can see, and of what git's log says."""
    engine: str = ""
    drawn_as: str = ""


@dataclass(frozen=True, slots=True)
class Mining:
    """Run these generators (each with the key of its shard) over a site; derived ones run behind each of them."""

    site: Site
    generators: tuple[tuple[Generator, str], ...]
    derived: tuple[Generator, ...]
    cache: Path
    seed: int
    quota: int
    derived_quota: int


@dataclass(slots=True)
class Shard:
    """What one generator made of one repository, as the store keeps it."""

    rows: list[dict] = field(default_factory=list)
    rejected: list[dict] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    redactions: int = 0
    again: bool = False
    """Whether a tool failed that may not fail the next time. Not kept: such a shard is not the last word."""

    def to_bytes(self) -> bytes:
        return orjson.dumps(
            {
                "rows": self.rows,
                "rejected": self.rejected,
                "unavailable": self.unavailable,
                "seconds": round(self.seconds, 3),
                "redactions": self.redactions,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Shard":
        return cls(**orjson.loads(data))


def failed_key(key: str) -> str:
    """Where the shard is kept that stands in for one that could not be made this time; the next run tries again."""
    return f"{key}:failed"


@dataclass(frozen=True, slots=True)
class FileRead:
    """What the parent needs to know of a file without unpacking its facts."""

    path: str
    facts: bytes
    lines: int
    problem: str


def packed(facts: FileFacts) -> FileRead:
    return FileRead(facts.path, pickle.dumps(facts), facts.line_count, facts.problem)
