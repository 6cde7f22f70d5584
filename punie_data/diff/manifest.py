"""What two manifests say otherwise: versions of tools, sources, options, the system prompt, steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_COUNTED = frozenset({"counts", "files", "generators", "unavailable", "format"})
"""What follows from the rows, and is compared there."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the manifests say at one place; None where one says nothing."""

    where: str
    a: Any
    b: Any


def differences(a: dict[str, Any], b: dict[str, Any]) -> list[Said]:
    """The places at which they differ, in the order of the names. Sources are known by their names, steps by their numbers."""
    one, other = dict(_flat(a)), dict(_flat(b))
    return [
        Said(where, one.get(where), other.get(where))
        for where in sorted(one.keys() | other.keys())
        if one.get(where) != other.get(where)
    ]


def _flat(manifest: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in manifest.items():
        if key in _COUNTED:
            continue
        if key in ("sources", "steps") and isinstance(value, list):
            for number, each in enumerate(value, 1):
                name = (
                    str(each.get("name" if key == "sources" else "command", number))
                    if isinstance(each, dict)
                    else str(number)
                )
                yield from _leaves(f"{key}.{name}" if key == "sources" else f"{key}.{number} {name}", each)
        else:
            yield from _leaves(key, value)


def _leaves(where: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _leaves(f"{where}.{key}", each)
    else:
        yield where, value
