"""A pasted result that is of another call: the question beside it still takes a tool.

user       A colleague sent me this output of `git_log(path="tests", count=1)`. Give me the id of the newest commit that touched src.

           ```json
           {"success":true,"commit_count":1,"commits":[{"hash":"22554ed71e4d","message":"Pricing rules, payments and orders","author":"Jon Berg","date":"2024-04-11"}],"parse_error":null}
           ```
assistant  git_log(path="src", count=1)
tool       {"success":true,"commit_count":1,"commits":[{"hash":"f7e181c1e116","message":"Reports and documentation","author":"Mia Lind","date":"2024-05-17"}],"parse_error":null}
assistant  It's `f7e181c1e116`.
"""

from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.ground import evidence, ungrounded
from punie_data.scenario.left_open import covers, stands_alone, words
from punie_data.scenario.pasted import PASTED, SNIPPETS, can_be_pasted, forms, function_of
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
SHOWING = (
    "read_file",
    "document_symbols",
    "hover",
    "search_text",
    "cst_find_pattern",
    "write_file",
    "cst_rename",
    "cst_add_import",
)
"""Of what these tell of a file, its text may tell a part."""
CODE_SHARE = 0.3
"""How often it is a function of the file in question that is pasted: its text doesn't say who calls it, nor what the linter thinks of it."""
TRIES = 8
"""So many other results are tried for one question."""


def derive(scenes: list[Scene], repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Each question with what came of another one: same calls, same answer, a longer question."""
    found = [scene for scene in scenes if scene.kind == "tool" and len(scene.turns) == 1 and scene.outcomes]
    chance.shuffle(found)
    # Of each scene its own: what is tried depends on texts, and one more try would change all that follow.
    chances = [Random(chance.random()) for _ in found]
    # What ruff says behind a change that was tried out is true of no file that there is.
    unchanged = [scene for scene in found if not any(TOOLS[one.tool].changes_files for one in scene.outcomes)]
    for scene, chance in zip(found, chances, strict=True):
        if not stands_alone(scene.question):
            continue
        if chance.random() < CODE_SHARE and (question := _beside_code(scene, repo, chance)):
            yield scene.changed(turns=(Turn(question, scene.outcomes, scene.answer),))
            continue
        others = [outcome for other in unchanged if other is not scene for outcome in other.outcomes]
        chance.shuffle(others)
        # What looks most like the answer comes first: the same search elsewhere, another name in the same file.
        own = scene.outcomes[0]
        others = [other for other in others if other.tool == own.tool]
        others.sort(key=lambda other: -len(words(other.arguments) & words(own.arguments)))
        for other in others[:TRIES]:
            question = _beside(scene, other, chance)
            if question:
                yield scene.changed(turns=(Turn(question, scene.outcomes, scene.answer),))
                break


def _beside_code(scene: Scene, repo: Repo, chance: Random) -> str:
    """The question with a function pasted; "" where there is none, or its text would answer."""
    found = function_of(scene, repo, chance)
    if found is None or any(outcome.tool in SHOWING for outcome in scene.outcomes):
        return ""
    facts, item, code = found
    # It is what the question is about, or a part of the file that it is about: nobody pastes anything else.
    if item.name != scene.symbol.rpartition(".")[2] and (scene.symbol or facts.path not in scene.question):
        return ""
    question = pick(
        chance, SNIPPETS, path=facts.path, block=f"```python\n{code}\n```", question=scene.question
    )
    return question if ungrounded(scene.answer, question, scene.counted) is not None else ""


def _beside(scene: Scene, other: Outcome, chance: Random) -> str:
    """The question with the other result pasted; "" where that can't be, or would answer it."""
    if not can_be_pasted(other, LONGEST_PASTED) or any(covers(other, own) for own in scene.outcomes):
        return ""
    # "Which files are deleted?" beside the status of docs is a question about docs: something must say what else is meant.
    if not (words(scene.outcomes[0].arguments) - words(other.arguments)) & words({"": scene.question}):
        return ""
    phrasings = PASTED if chance.random() < 0.75 else SO_FAR
    # The question says nothing of the other call, so it may not stand in for its arguments.
    for program, block, text in forms(other, "", chance, exact=True):
        question = pick(chance, phrasings, tool=program, block=block, question=scene.question)
        seen = f"{question}\n{evidence([(text, '')])}"
        if ungrounded(scene.answer, seen, scene.counted) is not None:
            return question
    return ""
