"""What results depend on, as digests: our own code, the tools' versions, and everything that makes a shard what it is."""

import hashlib
from functools import cache

from punie_data.chat import canonical
from punie_data.errors import ToolUnavailable
from punie_data.resources import PACKAGE
from punie_data.tools.workspace import version

PYTHON = (".py", ".pyi")
PROSE = (".md", ".rst")
"""Neither ty nor ruff ever opens one."""
PROGRAMS = ("ty", "ruff", "rg", "libcst", "pydantic-monty", "git")


def digest_of(*parts: object) -> str:
    """Of anything that is JSON."""
    return hashlib.sha256(canonical(list(parts))).hexdigest()


@cache
def engine_digest() -> str:
    """Of every module that a row passes through. The command line and the checks afterwards are not among them."""
    whole = hashlib.sha256()
    left_out = {"cli", "validate", "corpus"}
    for file in sorted(PACKAGE.rglob("*.py")):
        relative = file.relative_to(PACKAGE)
        if relative.parts[0] not in left_out and "__pycache__" not in relative.parts:
            whole.update(relative.as_posix().encode() + b"\0" + file.read_bytes())
    return whole.hexdigest()


@cache
def mining_digest() -> str:
    """Of what the facts of a file depend on, besides its bytes and path."""
    whole = hashlib.sha256(version("libcst").encode())
    for name in ("facts.py", "limits.py", "mine.py"):
        whole.update((PACKAGE / "code" / name).read_bytes())
    return whole.hexdigest()


@cache
def tool_versions() -> dict[str, str]:
    return {name: _version(name) for name in PROGRAMS}


def _version(name: str) -> str:
    """What belongs into a key: once a missing program is there, what it makes possible is made."""
    try:
        return version(name).partition(" ")[2]
    except ToolUnavailable:
        return "none"


def facts_key(path: str, sha256: str) -> str:
    return "facts:" + digest_of(mining_digest(), path, sha256)
