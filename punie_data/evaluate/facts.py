"""What an answer must say, and what it may not: the facts of a gold answer, and what of an answer nothing seen bears out.

Facts are what the gold answer took from results: numbers, paths, places, names between backticks, lines of code. What the question says already is none:
to repeat it proves nothing. Grounding is asked of the validator's own rules, so that an answer is held to what the training rows were held to.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from punie_data.scenario.ground import FENCE, NUMBER, PATH, TICKS, WORD_NUMBER, WORDS, evidence
from punie_data.validate import answer_rules
from punie_data.validate.grounding import has_word
from punie_data.validate.signatures import shipped
from punie_data.validate.view import View

_LIST_NUMBER = re.compile(r"(?m)^\s*\d+[.)]\s")
_PLACE = re.compile(rf"({PATH.pattern}):(\d+)")
_NO = re.compile(r"\b(?:no|not|none|nothing|never|neither|nor|without|zero|0|only|isn(?:'|’)t|aren(?:'|’)t|wasn(?:'|’)t|doesn(?:'|’)t|don(?:'|’)t|hasn(?:'|’)t|haven(?:'|’)t|can(?:'|’)?t|cannot|unused|empty|clean)\b", re.IGNORECASE)  # fmt: skip
_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w+")
_YES_NO = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fact:
    kind: Literal["number", "path", "name", "code", "yes or no"]
    text: str

    def __str__(self) -> str:
        return f"the {self.kind} {self.text!r}" if self.kind != "yes or no" else f"a {self.text}"


def facts(answer: str, results: Sequence[str], question: str) -> list[Fact]:
    """What the answer took from the results, in its order."""
    seen = evidence((content, "") for content in results)
    flat, asked = " ".join(seen.split()), " ".join(question.split())
    found: dict[Fact, None] = {}
    for block in FENCE.finditer(answer):
        for line in block[1].splitlines():
            written = " ".join(line.split())
            if len(written) > 3 and written in flat and written not in asked:
                found[Fact("code", written)] = None
    rest = FENCE.sub(" ", answer)
    for match in TICKS.finditer(rest):
        name = " ".join(match[1].split())
        if not PATH.search(name) and not name.isdigit() and name in flat and name not in asked:
            found[Fact("name", name)] = None
    for match in PATH.finditer(rest):
        if match[0] in seen and match[0] not in question:
            found[Fact("path", match[0])] = None
    plain = _LIST_NUMBER.sub(
        "\n", TICKS.sub(lambda m: f" {m[1]} " if PATH.search(m[1]) or m[1].isdigit() else " ", rest)
    )
    places = [number for _, number in _PLACE.findall(plain)]
    numbers = [match[0].replace(",", "") for match in NUMBER.finditer(PATH.sub(" ", plain))]
    numbers += [WORDS[match[0].lower()] for match in WORD_NUMBER.finditer(plain)]
    fresh = [number for number in dict.fromkeys([*places, *numbers]) if not _says_number(question, number)]
    # Who lists three files has said that they are three.
    listed = {sum(fact.kind == kind for fact in found) for kind in ("path", "name")} | {len(fresh) - 1}
    for number in fresh:
        if not (number.isdigit() and int(number) > 1 and int(number) in listed):
            found[Fact("number", number)] = None
    said = _YES_NO.match(answer)
    if said:
        found[Fact("yes or no", said[1].lower())] = None
    return list(found)


def missing(wanted: Sequence[Fact], answer: str, gold: str) -> Fact | None:
    """The first fact that the answer does not hold. Yes and no may be said in other words, but not one for the other."""
    flat = " ".join(answer.split())
    for fact in wanted:
        match fact.kind:
            case "number":
                held = _says_number(answer, fact.text)
            case "yes or no":
                said = _YES_NO.match(answer)
                held = said[1].lower() == fact.text if said else True
                if held and not said and len(wanted) == 1:
                    held = bool(_NO.search(answer)) == bool(_NO.search(gold))
            case "name":
                words = _IDENTIFIER.findall(fact.text)
                held = all(has_word(flat, word) for word in words) if words else fact.text in flat
            case _:
                held = fact.text in flat
        if not held:
            return fact
    if not wanted and _NO.search(gold) and not _NO.search(answer):
        return Fact("yes or no", "no")
    return None


def _says_number(text: str, number: str) -> bool:
    """In digits, with or without commas between the thousands, or as a word."""
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    if re.search(rf"(?<!\d)(?<!\d\.){re.escape(number)}(?!\d)(?!\.\d)", plain):
        return True
    if number == "1" and re.search(r"\b(?:one|once|only|single|first)\b", text, re.IGNORECASE):
        return True
    return any(WORDS[match[0].lower()] == number for match in WORD_NUMBER.finditer(text))


def ungrounded(messages: Sequence[Mapping[str, Any]], tools: Sequence[str], repo: str) -> str:
    """What the last message says and nothing before it does, by the validator's rules; "" where all of it is borne out."""
    row = {
        "messages": list(messages),
        "tools": list(tools),
        "label": {"kind": "tool", "category": ""},
        "origin": {"repo": repo, "spans": []},
        "runs": [],
    }
    view = View(row, shipped())
    for rule in (
        answer_rules.echo,
        answer_rules.vacuous_answer,
        answer_rules.ungrounded_number,
        answer_rules.ungrounded_path,
        answer_rules.ungrounded_name,
    ):
        trouble = next(iter(rule(view)), None)
        if trouble:
            return trouble
    return ""
