r"""The same question, answered by a short program that calls the tools.

user       Of `Product` (src/tiny_shop/catalogue.py, line 11, column 7) and `describe` (src/tiny_shop/payments.py, line 62, column 5), which one could I change with less fallout, going by the number of references?
assistant  execute_code(code="first = find_references(\"src/tiny_shop/catalogue.py\", 11, 7, \"Product\")\nsecond = find_references(\"src/tiny_shop/payments.py\", 62, 5, \"describe\")\nprint(first.reference_count, second.reference_count)")
tool       11 1

assistant  `describe`: one reference against eleven.
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
