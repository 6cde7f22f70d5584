"""What evaluations ask, and whether a row's user asks it: the whole question for short ones, runs of words for long ones."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from punie_data import jsonl
from punie_data.dedupe.content import names_in
from punie_data.errors import UserError
from punie_data.question import folded
from punie_data.validate.rule import shown

_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"(?<=[.?!])\s+|\n+")
_MOST_SENTENCES = 4
_FEWEST_WORDS = 3
"""A question of fewer words ("Why?", "Yes, please.") is compared with first turns only, and whole: it comes up everywhere else."""
_TEXT_KEYS = ("messages", "conversations", "question", "questions", "query", "queries", "prompt", "prompts", "instruction", "input",
              "problem", "task", "turns", "content", "value", "text")  # fmt: skip
_USERS = ("user", "human")


class Match(NamedTuple):
    """`where` is `FILE:LINE` of the evaluation; `words` is the run of words that was found, empty where the whole question was."""

    where: str
    question: str
    words: str


class Blocklist:
    """Questions of evaluations. A question shorter than `words` words blocks a turn, or a sentence of one, that is the same; a longer one
    blocks every text that has `words` words in a row of it and most of the names that it asks about: the words alone may be a template's.
    """

    def __init__(self, words: int = 13) -> None:
        self.words = words
        self.questions: list[tuple[str, str]] = []
        self._whole: dict[int, int] = {}
        self._runs: dict[int, list[int]] = {}
        self._names: dict[int, frozenset[str]] = {}
        self._sentences = 1

    def add(self, question: str, where: str) -> None:
        number = len(self.questions)
        self.questions.append((where, question))
        self._whole.setdefault(_hashed(folded(question)), number)
        said = _words(question)
        if len(said) < self.words:
            self._sentences = max(self._sentences, min(_MOST_SENTENCES, len(_sentences(question))))
        else:
            self._names[number] = _names(question)
        for run in {_hashed(run) for run in _runs(said, self.words)}:
            self._runs.setdefault(run, []).append(number)

    def add_file(self, path: Path) -> int:
        """Every question of a JSONL file of any common shape; how many. UserError, with the line, where a row has none."""
        before = len(self.questions)
        for number, row, problem, _ in jsonl.read(path):
            if problem:
                raise UserError(f"{path}:{number}: {problem}")
            found = [text for text in questions_in(row) if text.strip()]
            if not found:
                raise UserError(
                    f"{path}:{number}: no question in it: wanted is messages, question, query or prompt"
                )
            for question in found:
                self.add(question, f"{path.name}:{number}")
        return len(self.questions) - before

    def match(self, turns: list[str], texts: list[str]) -> Match | None:
        """The first question that one of the user's turns asks, or with which `texts` shares a run of words."""
        for place, turn in enumerate(turns):
            for piece in self._pieces(turn):
                if place and len(_words(piece)) < _FEWEST_WORDS:
                    continue
                number = self._whole.get(_hashed(folded(piece)))
                if number is not None:
                    return Match(*self.questions[number], "")
        if not self._runs:
            return None
        for text in [*turns, *texts]:
            names: frozenset[str] | None = None
            for run in _runs(_words(text), self.words):
                for number in self._runs.get(_hashed(run), ()):
                    names = _names(text) if names is None else names
                    wanted = self._names[number]
                    if not wanted or 2 * len(names & wanted) > len(wanted):
                        return Match(*self.questions[number], run)
        return None

    def _pieces(self, turn: str) -> Iterator[str]:
        """The turn, and what of its sentences, one or some in a row, could be a short question."""
        yield turn
        sentences = _sentences(turn)
        if len(sentences) < 2:
            return
        for start in range(len(sentences)):
            for end in range(start + 1, min(start + self._sentences, len(sentences)) + 1):
                piece = " ".join(sentences[start:end])
                if _FEWEST_WORDS <= len(_words(piece)) < self.words:
                    yield piece


def questions_in(value: Any) -> list[str]:
    """What the user asks in a row of an evaluation, whatever its shape: messages, ShareGPT, `question`, `prompt`, lists of turns, plain text."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in questions_in(item)]
    if not isinstance(value, Mapping):
        return []
    role = value.get("role", value.get("from"))
    if isinstance(role, str) and role not in _USERS:
        return []
    return next((found for key in _TEXT_KEYS if key in value and (found := questions_in(value[key]))), [])


def _sentences(text: str) -> list[str]:
    return [sentence for sentence in _SENTENCE.split(text) if sentence.strip()]


def _words(text: str) -> list[str]:
    return _WORD.findall(folded(text))


def _names(text: str) -> frozenset[str]:
    return frozenset(name.casefold() for name in names_in(text))


def _runs(words: list[str], length: int) -> Iterator[str]:
    for start in range(len(words) - length + 1):
        yield " ".join(words[start : start + length])


def _hashed(text: str) -> int:
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
    )


def told(match: Match) -> str:
    """The match in a line."""
    if match.words:
        return f"{match.where} has {shown(match.words, 160)}"
    return f"{match.where} asks {shown(match.question, 160)}"
