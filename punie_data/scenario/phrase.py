"""Small words: choosing a phrasing, counting in words, listing."""

from collections.abc import Sequence
from random import Random

WORDS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def pick(chance: Random, phrasings: Sequence[str], **fields: object) -> str:
    """One of the phrasings, its `{fields}` filled in."""
    return chance.choice(phrasings).format(**fields)


def number(count: int) -> str:
    """In words up to twelve, in digits above: "three", "14"."""
    return WORDS[count] if 0 <= count < len(WORDS) else str(count)


def plural(count: int, one: str, many: str = "") -> str:
    """`plural(1, "file")` is "one file", `plural(3, "file")` "three files", `plural(0, "file")` "no files"."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def listing(items: Sequence[str], word: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def bullets(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def sentence(text: str) -> str:
    """The text with a capital letter first, unless it starts with code."""
    return text[:1].upper() + text[1:]
