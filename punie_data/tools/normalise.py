"""The one place where a tool's output is changed: only where a machine or a person shows through.

- the absolute path of the folder in which the tools run disappears;
- e-mail addresses, telephone numbers, public IP addresses and users' names in paths go, as `sensitive.redact` takes them out.
Durations and temporary names never get here: the tools that have them leave them out or set them to zero. What a repository's own code
prints is free text, though, so there `steady` makes equal what differs from run to run and from machine to machine.
"""

import dataclasses
import re
import sys
from pathlib import Path
from typing import Any

from punie_data.sensitive import redact
from punie_data.sensitive.personal import may_hold_personal

ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")
DURATION = re.compile(r"\b\d+\.\d+(?= ?(?:s|ms|us|µs|ns|sec|secs|seconds|milliseconds)\b)")


class Normaliser:
    """`clean(value)` returns a result with nothing of this machine in it, and how many personal things it took out."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")

    def clean(self, value: Any, content: str) -> tuple[Any, int]:
        """`content` is the value as text: when nothing in it needs a change, the value comes back as it is."""
        if self._root not in content and not may_hold_personal(content):
            return value, 0
        found = 0

        def text(given: str) -> str:
            nonlocal found
            shorter = given.replace(f"{self._root}/", "").replace(self._root, ".")
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


def _each_string(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_each_string(item, change) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _each_string(getattr(value, f.name), change) for f in dataclasses.fields(value)}
        return type(value)(**fields)
    return value
