r"""A second question that the result at hand does not answer: it takes a call of its own.

user       Any async functions in src/tiny_shop/catalogue.py?
assistant  search_text(pattern="^\\s*async def \\w+", path="src/tiny_shop/catalogue.py")
tool       {"success":true,"pattern":"^\\s*async def \\w+","match_count":0,"file_count":0,"matches":[],"parse_error":null}
assistant  src/tiny_shop/catalogue.py defines no async functions.
user       That helps. List the coroutines that src/tiny_shop/orders.py defines.
assistant  search_text(pattern="^\\s*async def \\w+", path="src/tiny_shop/orders.py")
tool       {"success":true,"pattern":"^\\s*async def \\w+","match_count":1,"file_count":1,"matches":[{"file":"src/tiny_shop/orders.py","line":46,"column":1,"text":"async def place(self, cart: Cart, day: date) -> Order:"}],"parse_error":null}
assistant  Only one: `place` (line 46).
"""

from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.ground import evidence, ungrounded
from punie_data.scenario.left_open import covers, stands_alone, words
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, Turn
from punie_data.tools.base import Outcome
from punie_data.tools.registry import TOOLS
from punie_data.tools.toolbox import Toolbox

OPENINGS = (
    "{question}",
    "{question}",
    "Thanks. {question}",
    "OK. {question}",
    "All right. {question}",
    "Good to know. {question}",
    "That helps. {question}",
    "One more. {question}",
    "Another one. {question}",
    "I have a second question. {question}",
)
LONGEST = 6000
"""Characters of the first result, which is read again with the second question."""
TRIES = 8
"""So many other scenes are tried as the beginning of one."""


def derive(scenes: list[Scene], repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """One verified scene behind another of the same generator; questions that a result answers already are `follow_up`'s."""
    found = [scene for scene in scenes if _is_plain(scene)]
    chance.shuffle(found)
    # Of each scene its own: what is tried depends on texts, and one more try would change all that follow.
    chances = [Random(chance.random()) for _ in found]
    for scene, chance in zip(found, chances, strict=True):
        if not stands_alone(scene.question):
            continue
        others = [
            other for other in found if other is not scene and sum(map(_size, other.outcomes)) <= LONGEST
        ]
        chance.shuffle(others)
        # Much alike, so that the question has to be read: the same tool, another file or name.
        others.sort(key=lambda other: -len(_said(other) & _said(scene)))
        first = next((other for other in others[:TRIES] if _leaves_open(other, scene)), None)
        if first is not None:
            question = pick(chance, OPENINGS, question=scene.question)
            yield scene.changed(
                turns=(*first.turns, Turn(question, scene.outcomes, scene.answer)),
                counted=(*first.counted, *scene.counted),
                paths=(*first.paths, *scene.paths),
                needs=(*first.needs, *scene.needs),
                withheld=(*first.withheld, *scene.withheld),
                program="",
            )


def _is_plain(scene: Scene) -> bool:
    changing = any(TOOLS[outcome.tool].changes_files for outcome in scene.outcomes)
    return scene.kind == "tool" and len(scene.turns) == 1 and bool(scene.outcomes) and not changing


def _leaves_open(first: Scene, second: Scene) -> bool:
    """Whether nothing of the first conversation answers the second question, and something says that it is about another thing. Neither may call what
    the other must not offer.
    """
    called = {outcome.tool for scene in (first, second) for outcome in scene.outcomes}
    if called & {*first.withheld, *second.withheld}:
        return False
    if any(covers(one, own) for one in first.outcomes for own in second.outcomes):
        return False
    if not (_said(second) - _said(first)) & words({"": second.question}):
        return False
    seen = evidence([(outcome.content, "") for outcome in first.outcomes])
    told = f"{first.question}\n{seen}\n{first.answer}\n{second.question}"
    return ungrounded(second.answer, told, (*first.counted, *second.counted)) is not None


def _said(scene: Scene) -> set[str]:
    return words(scene.outcomes[0].arguments)


def _size(outcome: Outcome) -> int:
    return len(outcome.content)
