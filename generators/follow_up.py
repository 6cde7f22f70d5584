"""A second question that the result at hand already answers.

user       goto def `ShopError`, `src/tiny_shop/errors.py:16:18`
assistant  goto_definition(file_path="src/tiny_shop/errors.py", line=16, column=18, symbol="ShopError")
tool       {"success":true,"symbol":"ShopError","locations":[{"file":"src/tiny_shop/errors.py","line":4,"column":7,"end_line":4,"end_column":16,"preview":"class ShopError(Exception):"}],"parse_error":null}
assistant  The definition is on line 4 of `src/tiny_shop/errors.py`: `class ShopError(Exception):`.
user       At which column of the line is it?
assistant  Column 7 of line 4.
"""

from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.readings_of_reports import readings
from punie_data.scenario.scene import Scene, Turn
from punie_data.tools.toolbox import Toolbox

PARTIAL = ("condition", "iteration")
"""Their answers tell a part of the result: "the last of them" would be another one than the result's last."""
LONGEST = 6000
"""Characters of a result that is read twice."""


def derive(scenes: list[Scene], repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """The verified scene as the first turn; then a question about another field or element of its result, answered without a call."""
    found = [
        scene
        for scene in scenes
        if scene.kind == "tool" and len(scene.turns) == 1 and len(scene.outcomes) == 1
    ]
    chance.shuffle(found)
    for scene in found:
        outcome = scene.outcomes[0]
        if len(outcome.content) > LONGEST or scene.category in PARTIAL:
            continue
        reading = next(
            (one for one in readings(outcome, chance) if one.follows(scene.answer, scene.question)), None
        )
        if reading is not None:
            yield scene.changed(
                turns=(*scene.turns, Turn(reading.question, (), reading.answer)),
                kind="direct",
                counted=(*scene.counted, *reading.counted),
                program="",
            )
