"""What a result says besides the answer it was asked for: further questions that need no further call, with their answers.

A reading's answer is computed from the typed result, and every name and number of it stands there; counts come with what they count.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from punie_data.scenario.phrase import listing, number, pick, plural, sentence
from punie_data.scenario.places import quoted

FEW = range(2, 31)
"""How many items a result may have for a question about "these": fewer are none to choose from, more nobody reads."""
Phrasings = tuple[str, ...]
Reader = Callable[[Any, Random], Iterator["Reading"]]


@dataclass(frozen=True, slots=True)
class Reading:
    """`news` is what only the answer says: a reading is worth asking where the conversation's last answer does not hold it yet.

    `items` are signs of what "they" or "the last of them" stand for, one a thing; "" where the question names its object itself.
    """

    question: str
    answer: str
    news: tuple[str, ...]
    counted: tuple[tuple[str, ...], ...] = ()
    items: tuple[str, ...] = ()

    def follows(self, answer: str) -> bool:
        """Whether the question makes sense behind `answer`, and asks for more than it has said."""
        named = all(item in answer for item in self.items)
        counts = (str(len(self.items)), number(len(self.items)), sentence(number(len(self.items))))
        if self.items and not named and not any(re.search(rf"\b{count}\b", answer) for count in counts):
            return False
        if self.news:
            return not any(part in answer or sentence(part) in answer for part in self.news)
        ticked = set(self.answer.split("`")[1::2])
        return not ticked or not all(part in answer for part in ticked)


def reading(
    chance: Random,
    questions: Phrasings,
    answers: Phrasings,
    *news: str,
    counted: Sequence[str] = (),
    items: Iterable[str] = (),
    **fields: object,
) -> Reading:
    """One phrasing of each, the fields filled in."""
    group = (tuple(counted),) if counted else ()
    question, answer = pick(chance, questions, **fields), pick(chance, answers, **fields)
    return Reading(question, answer, news, group, tuple(items))


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
            "How many files are that, and which?",
        )
        count = plural(len(distinct), "file")
        answers = (f"{sentence(count)}: {{names}}.", f"In {count}: {{names}}.", f"These {count}: {{names}}.")
        yield reading(chance, questions, answers, counted=distinct, items=items, names=ticks(distinct))


def tested(spots: Sequence[tuple[str, str]], chance: Random) -> Iterator[Reading]:
    """How many of the (file, `file:line`) are in tests."""
    inside = [spot for file, spot in spots if is_test(file)]
    if 0 < len(inside) < len(spots) and len(inside) < 9:
        questions = ("How many of them are in tests?", "Which of those are in the tests?", "Is any of that test code?", "And in the tests alone?")  # fmt: skip
        answers = (
            f"{sentence(plural(len(inside), 'is', 'are'))} in tests: {{names}}.",
            "In tests: {names}.",
            "In the tests it's {names}.",
        )
        signs = [spot.rpartition(":")[2] for _, spot in spots]
        yield reading(chance, questions, answers, inside[0], counted=inside, items=signs, names=ticks(inside))


def line_of(
    place: Any, text: str, chance: Random, questions: Phrasings, items: Sequence[str] = ()
) -> Iterator[Reading]:
    """What stands on a line; `place` has a file and a line."""
    shown = quoted(text)
    if shown and len(text) > 6:
        answers = (
            "{shown} (`{file}:{line}`)",
            "Line {line} of `{file}` reads {shown}.",
            "It reads {shown} (line {line}).",
        )
        where = {"shown": shown, "file": place.file, "line": place.line}
        yield reading(chance, questions, answers, text, items=items, **where)
