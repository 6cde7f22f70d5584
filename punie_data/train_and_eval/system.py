"""What is asked: a model of the run's, or somebody else's system."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class System:
    """`model` and `adapter` are folders, None for a system that isn't ours. `key` is the digest of all that it was made from; `size` is that of its
    weights, the adapter's among them, in bytes, 0 where they are out of reach.
    """

    name: str
    model: Path | None
    adapter: Path | None
    key: str
    size: int
