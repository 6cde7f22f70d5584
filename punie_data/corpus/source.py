"""`Source`: one repository to mine, resolved and on disk."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """`origin` says how to get the same thing again and never holds an absolute path or a password.

    `revision` is `sdist:<version>:<first 12 of its sha256>`, a full commit, or "" where there is neither (a plain
    folder). `license` is an SPDX expression read from the licence file's text, or "unknown". `immutable` is true
    for a copy in our own cache, which nobody else changes.
    """

    name: str
    root: Path
    origin: str
    revision: str
    license: str
    immutable: bool
    exec_requirements: tuple[str, ...] = ()
    pytest_arguments: tuple[str, ...] = ()
    drawn_as: str = ""
    """The name by which chance draws: of a renamed twin its original's, so that both are asked the same."""


def safe_name(text: str) -> str:
    """`text` with everything but ASCII letters, digits, `.`, `_` and `-` replaced; never empty, never hidden."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).lstrip(".-") or "repository"
