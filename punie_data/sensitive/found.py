"""What a search finds, and how random a text looks."""

import math
import re
from typing import Literal, NamedTuple

Kind = Literal["secret", "e-mail", "phone", "ip", "home"]
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_SEPARATORS = re.compile(r"[-_./:\\\s]+")


class Found(NamedTuple):
    """Characters `start` to `end` of a text. `what` names it without repeating it: reports are passed around more freely than data."""

    kind: Kind
    what: str
    start: int
    end: int


def entropy(text: str) -> float:
    """Bits a character. English identifiers lie around 3.5, random base64 of 24 characters above 4."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in (text.count(c) for c in set(text)))


def looks_random(text: str, bits: float = 3.7, piece: int = 16) -> bool:
    """Whether it could have been drawn by chance: enough entropy, digits and letters in one long piece, unlike words, paths, versions and UUIDs."""
    if len(text) >= 32 and _HEX.fullmatch(text):
        bits = min(bits, 3.2)
    longest = max(_SEPARATORS.split(text), key=len)
    return (
        len(longest) >= piece
        and any(c.isdigit() for c in longest)
        and any(c.isalpha() for c in longest)
        and entropy(text) > bits
    )
