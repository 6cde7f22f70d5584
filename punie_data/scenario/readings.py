"""What a result says besides the answer it was asked for: further questions that need no further call, with their answers.

A reading's answer is computed from the typed result, and every name and number of it stands there; counts come with what they count.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from punie_data.scenario.phrase import listing, number, pick, plural, sentence
from punie_data.scenario.places import Place, by_file, line_list, quoted

FEW = range(2, 31)
"""How many items a result may have for a question about "these": fewer are none to choose from, more nobody reads."""
Phrasings = tuple[str, ...]
Answers = Phrasings | Mapping[str, Phrasings]
"""Of every question, or by how the question begins: "How many" wants a number, "Is any" a yes or a no; "" stands for all others."""
Reader = Callable[[Any, Random], Iterator["Reading"]]


@dataclass(frozen=True, slots=True)
class Reading:
    """`news` is what only the answer says: a reading is worth asking where the conversation's last answer does not hold it yet.

    `items` are signs of what "they" stand for, one a thing: the answer names or at least counts them. `named` is what the question takes
    from the conversation, a name or a line: nobody quotes a file from a list that was only counted, or knows which line is its last.
    """

    question: str
    answer: str
    news: tuple[str, ...]
    counted: tuple[tuple[str, ...], ...] = ()
    items: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    def follows(self, answer: str, question: str = "") -> bool:
        """Whether this makes sense behind `answer` (and the `question` that it answers), and asks for more than it has said."""
        if not all(_stands(sign, f"{question}\n{answer}") for sign in self.named):
            return False
        listed = all(_stands(item, answer) for item in self.items)
        counts = (str(len(self.items)), number(len(self.items)), sentence(number(len(self.items))))
        if self.items and not listed and not any(re.search(rf"\b{count}\b", answer) for count in counts):
            return False
        if self.news:
            return not any(part in answer or sentence(part) in answer for part in self.news)
        ticked = set(self.answer.split("`")[1::2])
        return not ticked or not all(part in answer for part in ticked)


def _stands(sign: str, text: str) -> bool:
    """Whether a name stands in the text, or a line's number as that of a line: "lines 3, 8 and 12", "`cart.py:12`"."""
    if not sign.isdigit():
        return sign in text
    return bool(re.search(rf"(?:\blines? (?:\d+(?:–\d+)?(?:, | and ))*|[:–]){sign}\b", text))


def reading(
    chance: Random,
    questions: Phrasings,
    answers: Answers,
    *news: str,
    counted: Sequence[str] = (),
    items: Iterable[str] = (),
    named: Iterable[str] = (),
    **fields: object,
) -> Reading:
    """One phrasing of each that fit together, the fields filled in."""
    group = (tuple(counted),) if counted else ()
    asked = chance.choice(questions)
    told = pick(chance, fitting(asked, answers), **fields)
    return Reading(asked.format(**fields), told, news, group, tuple(items), tuple(named))


def fitting(question: str, answers: Answers) -> Phrasings:
    """The answers that the question's form allows."""
    if isinstance(answers, tuple):
        return answers
    return next(told for opening, told in answers.items() if question.startswith(opening))


def one_of(items: Sequence[Any], chance: Random) -> Any:
    return items[chance.randrange(len(items))]


def ticks(names: Iterable[str]) -> str:
    return listing([f"`{name}`" for name in names])


def is_test(file: str) -> bool:
    *folders, name = file.split("/")
    return name.startswith("test_") or name == "conftest.py" or "tests" in folders or "test" in folders


def spread(files: Sequence[str], items: Sequence[str], chance: Random, what: str) -> Iterator[Reading]:
    """Over which files the items are spread; `what` ends "In which files …?"."""
    distinct = list(dict.fromkeys(files))
    if len(distinct) in range(2, 7):
        questions = (
            "Which files is that spread over?",
            f"In which files {what}?",
            "Just the files, please.",
            "Which files would I have to open for that?",
            "How many files is that, and which ones?",
        )
        count = plural(len(distinct), "file")
        told = (f"{sentence(count)}: {{names}}.", f"These {count}: {{names}}.")
        answers = {"In which": (*told, f"In {count}: {{names}}."), "": told}
        yield reading(chance, questions, answers, counted=distinct, items=items, names=ticks(distinct))


def tested(spots: Sequence[tuple[str, str]], chance: Random) -> Iterator[Reading]:
    """How many of the (file, `file:line`) are in tests."""
    inside = [spot for file, spot in spots if is_test(file)]
    if 0 < len(inside) < len(spots) and len(inside) < 9:
        questions = ("How many of them are in tests?", "Which of those are in the tests?", "Is any of that test code?", "And in the tests alone?")  # fmt: skip
        count = sentence(number(len(inside)))
        answers = {
            "How many": (f"{count}: {{names}}.", f"{sentence(plural(len(inside), 'is', 'are'))} in tests: {{names}}."),
            "Is any": ("Yes: {names}.", f"Yes, {number(len(inside))} of them: {{names}}."),
            "": ("In the tests: {names}.", f"{count}: {{names}}.", "{names}."),
        }  # fmt: skip
        signs = [spot.rpartition(":")[2] for _, spot in spots]
        yield reading(
            chance, questions, answers, inside[0], counted=inside, items=signs, names=_spots(inside)
        )


def _spots(spots: Sequence[str]) -> str:
    """Each `file:line`, or from the third on file by file, so that no path is read again and again."""
    parted = [spot.rpartition(":") for spot in spots]
    if len(spots) < 3 or len(set(spots)) < len(spots):
        return ticks(spots)
    files = by_file(Place(file, int(line), "") for file, _, line in parted)
    if len(files) == len(spots):
        return ticks(spots)
    return "; ".join(f"`{file}`, {line_list(lines)}" for file, lines in files.items())


def line_of(
    place: Any, text: str, chance: Random, questions: Phrasings, named: Sequence[str] = ()
) -> Iterator[Reading]:
    """What stands on a line; `place` has a file and a line, and the conversation has `named` it."""
    shown = quoted(text)
    if shown and len(text) > 6:
        answers = (
            "{shown} (`{file}:{line}`)",
            "Line {line} of `{file}` reads {shown}.",
            "It reads {shown} (line {line}).",
        )
        where = {"shown": shown, "file": place.file, "line": place.line}
        yield reading(chance, questions, answers, text, named=named, **where)
