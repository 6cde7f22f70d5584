"""The one place where a tool's output is changed: only where a machine or a person shows through.

- the absolute path of the folder in which the tools run disappears;
- e-mail addresses become `[e-mail]`, unless their domain is reserved for examples (RFC 2606).
Durations and temporary names never get here: the tools that have them leave them out or set them to zero. What a repository's own code
prints is free text, though, so there `steady` makes equal what differs from run to run and from machine to machine.
"""

import dataclasses
import re
import sys
from pathlib import Path
from typing import Any

# It starts with a letter or a digit, so that a decorator in a diff (`+@pytest.fixture`) is none, and the look-behind keeps it linear.
EMAIL = re.compile(r"(?<![\w.])\w[\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}\b")
RESERVED = re.compile(
    r"(?:^|[@.])(?:example(?:\.(?:com|net|org))?|test|invalid|localhost|local)$", re.IGNORECASE
)
REPLACEMENT = "[e-mail]"
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")
DURATION = re.compile(r"\b\d+\.\d+(?= ?(?:s|ms|us|µs|ns|sec|secs|seconds|milliseconds)\b)")
SECRET = re.compile(
    r"""-----BEGIN\ [A-Z\ ]*PRIVATE\ KEY-----
    | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
    | \bgh[pousr]_[A-Za-z0-9]{36,}\b
    | \bgithub_pat_[A-Za-z0-9_]{40,}\b
    | \bxox[abprs]-[A-Za-z0-9-]{10,}
    | \bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}
    | \bAIza[0-9A-Za-z_-]{35}\b
    | \beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}
    """,
    re.VERBOSE,
)


class Normaliser:
    """`clean(value)` returns a result with nothing of this machine in it, and how many addresses it took out."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")

    def clean(self, value: Any, content: str) -> tuple[Any, int]:
        """`content` is the value as text: when nothing in it needs a change, the value comes back as it is."""
        if self._root not in content and "@" not in content:
            return value, 0
        found = 0

        def text(given: str) -> str:
            nonlocal found
            shorter = given.replace(f"{self._root}/", "").replace(self._root, ".")
            if "@" not in shorter:
                return shorter
            clean, count = redact(shorter)
            found += count
            return clean

        return _each_string(value, text), found


def steady(text: str, virtual_environment: Path | None) -> str:
    """What code printed in the sandbox, without the machine and the moment: `0x7f3a…` becomes `0x…`, `0.31s` becomes `0.00s`.

    The copy of the project is the place from which paths count; Python's own folder and the environment's get fixed names.
    """
    if virtual_environment is not None:
        text = text.replace(str(virtual_environment), "/environment")
    text = text.replace(f"{sys.base_prefix}/lib/python", "/python/lib/python")
    text = text.replace(f"{sys.base_prefix}/bin/python", "/python/bin/python")
    text = re.sub(r"(?<![\w/.-])/project/", "", text)
    return DURATION.sub("0.00", ADDRESS.sub("0x…", text))


def redact(text: str) -> tuple[str, int]:
    """The text without e-mail addresses, and how many there were."""
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        if RESERVED.search(match[0].rpartition("@")[2]):
            return match[0]
        count += 1
        return REPLACEMENT

    return EMAIL.sub(replace, text), count


def has_secret(text: str) -> bool:
    """Whether the text holds what looks like a key, a token or a private key."""
    return SECRET.search(text) is not None


def _each_string(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_each_string(item, change) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _each_string(getattr(value, f.name), change) for f in dataclasses.fields(value)}
        return type(value)(**fields)
    return value
