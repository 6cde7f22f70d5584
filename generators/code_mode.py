r"""The same question, answered by a short program that calls the tools.

user       Which of the changed files are not staged? Untracked ones don't count.
assistant  execute_code(code="result = git_status()\nkept = [file for file in result.files if not file.staged and file.status != \"untracked\"]\nprint(len(kept))\nfor file in kept:\n    print(file.file)")
tool       2
           MANIFEST.in
           src/tiny_shop/inventory.py

assistant  `MANIFEST.in` and `src/tiny_shop/inventory.py`.
"""

import re
from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.ground import WORD_NUMBER, WORDS, places, ungrounded
from punie_data.scenario.programs import programs
from punie_data.scenario.scene import Scene, Turn
from punie_data.tools.base import Outcome
from punie_data.tools.registry import TOOLS
from punie_data.tools.toolbox import Toolbox

NUMBERS = re.compile(r"\d+")
PLACES = ("line", "column", "first_line", "last_line")
PATHS = ("path", "file_path")


def derive(scenes: list[Scene], repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Scenes of one question whose answer also stands in what the program prints."""
    found = [scene for scene in scenes if scene.kind == "tool" and len(scene.turns) == 1]
    chance.shuffle(found)
    for scene in found:
        if any(
            TOOLS[outcome.tool].changes_files or TOOLS[outcome.tool].calls_tools for outcome in scene.outcomes
        ):
            continue
        if not _is_known(scene):
            continue
        for program in programs(scene):
            outcome = tools.call("execute_code", code=program)
            if outcome.ok and outcome.content.strip() and not _missing(scene, program, outcome):
                yield scene.changed(
                    turns=(Turn(scene.question, (outcome,), scene.answer),), category="code", program=""
                )
                break


def _missing(scene: Scene, program: str, outcome: Outcome) -> str | None:
    """What the answer says and neither the question nor the program's output does."""
    seen = "\n".join([scene.question, *places(scene.question), program, outcome.content])
    return ungrounded(scene.answer, seen, scene.counted)


def _is_known(scene: Scene) -> bool:
    """Whether the question alone gives the first call its path and position; what later calls take, the program computes."""
    said = scene.question
    numbers = (
        set(NUMBERS.findall(said)) | {"0", "1"} | {WORDS[word.lower()] for word in WORD_NUMBER.findall(said)}
    )
    first = scene.outcomes[0]
    return all(
        (name not in PLACES or str(value) in numbers)
        and (name not in PATHS or value == "." or str(value) in said)
        for name, value in first.arguments.items()
    )
