"""A second question that the result at hand already answers.

user       …
assistant  …
"""

from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.readings_of_reports import readings
from punie_data.scene import Scene, Turn
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
        reading = next((one for one in readings(outcome, chance) if one.follows(scene.answer)), None)
        if reading is not None:
            yield scene.changed(
                turns=(*scene.turns, Turn(reading.question, (), reading.answer)),
                kind="direct",
                counted=(*scene.counted, *reading.counted),
                program="",
            )
