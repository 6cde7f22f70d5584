"""How much of a result is told: a yes or a no in front, nothing found, a few in a sentence, many in a list."""

from collections.abc import Sequence

from punie_data.scenario.phrase import bullets, listing, plural

IN_A_SENTENCE = 2


def opened(yes: str, is_clean: bool, text: str) -> str:
    """`text` behind the "Yes" or "No" that a yes-or-no question wants: `yes` is what a yes would mean, "clean", "found" or "" (no such question)."""
    if not yes:
        return text
    word = "Yes" if (yes == "clean") == is_clean else "No"
    return f"{word}, {text[:1].lower()}{text[1:]}"


def enumerated(items: Sequence[str], none: str, one: str, many: str = "") -> str:
    """`none` for nothing, a sentence for one or two items, for more a list under "three files:" (`one` and `many` being the noun)."""
    if not items:
        return none
    if len(items) <= IN_A_SENTENCE:
        return f"{listing(items)}."
    return f"{plural(len(items), one, many)}:\n\n{bullets(items)}"
