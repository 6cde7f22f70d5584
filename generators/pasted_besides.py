"""A pasted result that is of another call: the question beside it still takes a tool.

user       I already ran `git_log(path="tests", count=1)`; this came back:

           ```json
           {"success":true,"commit_count":1,"commits":[{"hash":"22554ed71e4d","message":"Pricing rules, payments and orders","author":"Jon Berg","date":"2024-04-11"}],"parse_error":null}
           ```

           Give me the id of the newest commit that touched src.
assistant  git_log(path="src", count=1)
tool       {"success":true,"commit_count":1,"commits":[{"hash":"f7e181c1e116","message":"Reports and documentation","author":"Mia Lind","date":"2024-05-17"}],"parse_error":null}
assistant  It's `f7e181c1e116`.
"""

import re
from collections.abc import Iterator, Mapping
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.ground import evidence, ungrounded
from punie_data.scenario.pasted import PASTED, can_be_pasted, forms
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, Turn
from punie_data.tools.base import Outcome
from punie_data.tools.registry import TOOLS
from punie_data.tools.toolbox import Toolbox

SO_FAR = (
    "This I know already, from {tool}:\n\n{block}\n\n{question}",
    "I've only run {tool} so far:\n\n{block}\n\nStill open: {question}",
    "{block}\n\nThat was {tool}. Next: {question}",
    "One done, by {tool}:\n\n{block}\n\nThe next one: {question}",
    "{question} For the record, what I have already, from {tool}:\n\n{block}",
    "{block}\n\nSo much for {tool}. {question}",
)
"""Beside those forms that a result may have that answers the question."""
LONGEST_PASTED = 1500
GOES_ON = re.compile(r"(?:And|Also|I also|Now|Then|Next|Again|But|So|Same|The same|OK|Thanks|Yes|No)\b")
TOO = re.compile(r",? (?:too|as well|instead)[.?!]$")
TRIES = 8
"""So many other results are tried for one question."""


def derive(scenes: list[Scene], repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Each question with what came of another one: same calls, same answer, a longer question."""
    found = [scene for scene in scenes if scene.kind == "tool" and len(scene.turns) == 1 and scene.outcomes]
    chance.shuffle(found)
    # What ruff says behind a change that was tried out is true of no file that there is.
    unchanged = [scene for scene in found if not any(TOOLS[one.tool].changes_files for one in scene.outcomes)]
    for scene in found:
        if not stands_alone(scene.question):
            continue
        others = [outcome for other in unchanged if other is not scene for outcome in other.outcomes]
        chance.shuffle(others)
        # What looks most like the answer comes first: the same search elsewhere, another name in the same file.
        own = scene.outcomes[0]
        others = [other for other in others if other.tool == own.tool]
        others.sort(key=lambda other: -len(_words(other.arguments) & _words(own.arguments)))
        for other in others[:TRIES]:
            question = _beside(scene, other, chance)
            if question:
                yield scene.changed(turns=(Turn(question, scene.outcomes, scene.answer),))
                break


def stands_alone(question: str) -> bool:
    """Whether it can be said behind anything: whole sentences that go on from nothing."""
    begins = question[:1].isupper() or question[:1] == "`"
    ends = question.endswith(("?", ".", "!")) and not TOO.search(question)
    return begins and ends and "\n" not in question and not GOES_ON.match(question)


def _beside(scene: Scene, other: Outcome, chance: Random) -> str:
    """The question with the other result pasted; "" where that can't be, or would answer it."""
    if not can_be_pasted(other, LONGEST_PASTED) or any(_covers(other, own) for own in scene.outcomes):
        return ""
    # "Which files are deleted?" beside the status of docs is a question about docs: something must say what else is meant.
    if not (_words(scene.outcomes[0].arguments) - _words(other.arguments)) & _words({"": scene.question}):
        return ""
    phrasings = PASTED if chance.random() < 0.75 else SO_FAR
    # The question says nothing of the other call, so it may not stand in for its arguments.
    for program, block, text in forms(other, "", chance, exact=True):
        question = pick(chance, phrasings, tool=program, block=block, question=scene.question)
        seen = f"{question}\n{evidence([(text, '')])}"
        if ungrounded(scene.answer, seen, scene.counted) is not None:
            return question
    return ""


def _words(values: Mapping[str, object]) -> set[str]:
    """The words of all values, in small letters, those of names with underscores one by one."""
    found = re.findall(r"[a-z][a-z0-9]+", " ".join(map(str, values.values())).lower())
    return set(found) - {"py"}


def _covers(other: Outcome, own: Outcome) -> bool:
    """Whether the other call was made for the same or for more: then its result could be counted through or read off."""
    if other.tool != own.tool:
        return False
    wide, narrow = (TOOLS[own.tool].bind(outcome.arguments) for outcome in (other, own))
    below = wide.pop("path", "."), narrow.pop("path", ".")
    if own.tool == "read_file":
        return below[0] == below[1]
    is_within = below[0] in (".", below[1]) or below[1].startswith(f"{below[0].rstrip('/')}/")
    wide.pop("count", None), narrow.pop("count", None)
    return is_within and wide == narrow
