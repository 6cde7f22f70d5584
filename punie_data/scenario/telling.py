"""How much of a result is told: a yes or a no in front, nothing found, a few in a sentence, many in a list."""

import re
from collections.abc import Sequence
from random import Random

from punie_data.scenario.phrase import bullets, listing, plural

IN_A_SENTENCE = 2
_ASKED = re.compile(
    r"(?:^|[,.;:?!] )(who|where|which|what|how|is|are|was|do|does|did|can|has|have|any)\b[^?]*\?",
    re.IGNORECASE,
)
_OPENING = re.compile(r"(Nobody|Nowhere|Nothing|None|Neither|No|Yes)[:,.;]")
_YES_OR_NO = {"is", "are", "was", "do", "does", "did", "can", "has", "have", "any"}
_ANSWERS: dict[str, set[str]] = {
    "Nobody": {"who"},
    "Nowhere": {"where"},
    "Nothing": {"what", ""},
    "None": {"which", "what", ""},
    "Neither": {"which", "where", "", *_YES_OR_NO},
    "No": _YES_OR_NO,
    "Yes": _YES_OR_NO,
}
"""What kinds of question an answer may be to that opens with such a word; "" is a request."""


def fits(question: str, answer: str) -> bool:
    """Whether the answer's first word is one that this question can have: "Nobody:" answers "Who …?", and neither "Where …?" nor "List …"."""
    opening = _OPENING.match(answer)
    if opening is None:
        return True
    asked = _ASKED.search(question)
    return (asked[1].lower() if asked else "") in _ANSWERS[opening[1]]


def fitting(question: str, answers: Sequence[str]) -> list[str]:
    """Those of the answers that fit the question."""
    return [answer for answer in answers if fits(question, answer)]


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


def numbered(lead: str, items: Sequence[str], one: str, count: int = 0) -> str:
    """ "It's used in one place, `a.py:3`.", or "It's used in three places:" and a list. `count`: how many there are, where items stand for more than one."""
    if len(items) == 1 and count < IN_A_SENTENCE:
        return f"{lead} {plural(1, one)}, {items[0]}."
    return f"{lead} {plural(count or len(items), one)}:\n\n{bullets(items)}"


def limit_near(chance: Random, count: int) -> int:
    """A limit that is passed as often as it is kept, and always by what would make a long list: else the answer is a list whatever the user says."""
    if count > 10 or (count > 2 and chance.random() < 0.5):
        return chance.randint(2, min(count - 1, 10))
    return max(2, count) + chance.choice((0, 1, 2))
