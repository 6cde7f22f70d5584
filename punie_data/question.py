"""When are two questions the same question? Where they differ in case, white space, back-ticks, quotes and the punctuation of prose only.

Numbers, names, paths and operators are kept: `a.py` and `b.py`, 3 and 4, `+` and `-` are different questions.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

_SPACES = '`"“”„«»()[]{}¿¡*'
_NOTHING = "'’‘"
_QUOTES = str.maketrans(dict.fromkeys(_SPACES, " ") | dict.fromkeys(_NOTHING, ""))
# A run is looked at once, from its start: else a line of a million dots would take a million times a million steps.
_STOPS = re.compile(r"(?<![.,;:!?…。、])[.,;:!?…。、]+(?=\s|$)|(?<!\S)[-–—]+(?=\s|$)")
_ENDS = frozenset(".,;:!?-")
_ASCII = bytes(32 if chr(c) in _SPACES else c + 32 if 65 <= c <= 90 else c for c in range(128)) + bytes(
    range(128, 256)
)


def folded(text: str) -> str:
    """The question as it is compared. Text that is nothing but punctuation stays as it is, so that `?` and `!` differ."""
    if text.isascii():
        # The same as below, at the speed of bytes: validating looks at every question of a file.
        words = [
            word if word[-1] not in _ENDS else word.rstrip(".,;:!?") if word.strip("-") else ""
            for word in text.encode().translate(_ASCII, b"'").decode().split()
        ]
        return " ".join(words if all(words) else filter(None, words)) or text.strip()
    text = unicodedata.normalize("NFKC", text)
    return " ".join(_STOPS.sub(" ", text.casefold().translate(_QUOTES)).split()) or text.strip()


def asked(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the user said, turn by turn, as it is compared."""
    return [folded(message["content"]) for message in messages if message["role"] == "user"]


def world(origin: Mapping[str, Any]) -> str:
    """The repository in which a question is asked. Imported rows have none: their origin names the file that they were read from."""
    return "" if origin["generator"].startswith("import:") else origin["repo"]
