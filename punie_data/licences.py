"""Which licences a dataset may hold, and whose text it is.

A licence is an SPDX expression: of `MIT OR Apache-2.0` one may choose, so one of the two must be allowed; of `MIT AND PSF-2.0` both hold, so
both must. What says nothing ("unknown") is never allowed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from punie_data.errors import UserError

_TOKEN = re.compile(r"\(|\)|[A-Za-z0-9.+:-]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
REASON = "the licence is not among those allowed"


@dataclass(frozen=True, slots=True)
class Allowed:
    """An allow-list of SPDX identifiers, compared without case. An empty one allows everything."""

    names: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.names)

    def allows(self, expression: str) -> bool:
        """Whether a licence expression is met by the allowed licences alone. What is no expression is not."""
        if not self.names:
            return True
        tokens = _TOKEN.findall(expression)
        if "".join(tokens) != "".join(expression.split()):
            return False
        position = 0

        def either() -> bool:
            nonlocal position
            good = both()
            while position < len(tokens) and tokens[position].upper() == "OR":
                position += 1
                good = both() or good
            return good

        def both() -> bool:
            nonlocal position
            good = one()
            while position < len(tokens) and tokens[position].upper() == "AND":
                position += 1
                good = one() and good
            return good

        def one() -> bool:
            nonlocal position
            token = tokens[position] if position < len(tokens) else ""
            position += 1
            if token == "(":
                good = either()
                closed = position < len(tokens) and tokens[position] == ")"
                position += 1
                return good and closed
            # An exception only gives more than its licence does, so the licence is what counts.
            if position + 1 < len(tokens) and tokens[position].upper() == "WITH":
                position += 2
            return token.lower() in self.names

        try:
            good = either()
        except RecursionError:
            return False
        return good and position == len(tokens)


ANY_LICENCE = Allowed()


def allowed(given: Iterable[str]) -> Allowed:
    """The allow-list of an option that may be repeated and holds identifiers with commas: `MIT,BSD-3-Clause`. UserError for what can be none."""
    names = [name.strip() for value in given for name in value.split(",") if name.strip()]
    for name in names:
        if not _NAME.fullmatch(name) or name.upper() in ("AND", "OR", "WITH"):
            raise UserError(
                f"{name!r} is no licence identifier: give SPDX identifiers with commas, such as MIT,BSD-3-Clause"
            )
    return Allowed(frozenset(name.lower() for name in names))


def attribution(sources: Iterable[Mapping[str, Any]]) -> list[str]:
    """The notice that a card carries, as lines of Markdown: whose text the rows quote, from where, under which licence.

    `sources` are those of a manifest: `name`, `origin`, `revision`, `license`. Permissive licences ask for this when text is passed on.
    """
    known = sorted(
        {tuple(str(source.get(key) or "unknown") for key in ("name", "origin", "revision", "license")) for source in sources}
    )  # fmt: skip
    if not known:
        return []
    lines = [
        "## Attribution",
        "",
        "The rows quote files of the projects below, whose text belongs to their authors and stays under their licences. Each row names its "
        "project, revision, licence and files under `origin`. Whoever passes the rows on passes this notice on with them.",
        "",
    ]
    for name, origin, revision, license_ in known:
        where = (
            origin if origin == revision or revision in ("unknown", "") else f"{origin}, revision {revision}"
        )
        lines.append(f"- {name} (`{where}`): {license_}")
    return [*lines, ""]
