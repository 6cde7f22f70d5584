"""Which tools a row offers. Drawn from one list of selections for rows of every kind, so that the tools alone say little about what is right."""

from functools import cache
from random import Random

from punie_data.generate.task import CODE
from punie_data.scenario.scene import Scene
from punie_data.scenario.withdrawn import COMMANDS, LEFT
from punie_data.tools.registry import TOOLS

FULL, PARTS, FEWEST = 16, 16, 4
"""How often the list of selections holds all tools, how many selections of some tools it holds, and how many tools each has at least."""
CODES = 5
"""How often it holds Code Mode's one tool."""


def offered(scene: Scene, seed: str) -> tuple[str, ...]:
    """Which tools the row offers: a selection that holds what it needs and nothing that it must not offer, each as likely as any other that does.

    The selections are the same for all rows. What withdrawing a tool leaves is among them for every tool, and is offered to rows that answer, ask or call
    as well: where only refusals have it, a model learns the list and never reads the question. That there are few of them is of use as well: what
    rows have in common at their beginning is computed once, in training as in evaluation.

    A tool that the question is about is needed. Rows of Code Mode offer its tool and no other; where nothing is called it may be the only one, since its
    programs reach all the others.
    """
    used = {outcome.tool for outcome in scene.outcomes} | {
        name for name in TOOLS if f"`{name}`" in scene.question
    }
    if used == {CODE} or scene.category == "code":
        return (CODE,)
    enough = [
        names for names in selections() if _is_enough(names, used, scene) and not names & set(scene.withheld)
    ]
    names = Random(seed).choice(enough or [frozenset(TOOLS) - {CODE, *scene.withheld}])
    return tuple(name for name in TOOLS if name in names)


def _is_enough(names: frozenset[str], used: set[str], scene: Scene) -> bool:
    return used | set(scene.needs) <= names or (not used and names == {CODE})


@cache
def selections() -> tuple[frozenset[str], ...]:
    """All tools, some of them, and what is left where one is withdrawn, whole and with gaps; each as often as it is to be drawn."""
    chance = Random("selections of tools")
    names = [name for name in TOOLS if name != CODE]
    every = [frozenset(names)] * FULL
    every += [frozenset({CODE})] * CODES
    every += [
        frozenset(chance.sample(names, FEWEST + number * (len(names) - FEWEST) // PARTS))
        for number in range(PARTS)
    ]
    left = [frozenset(each) for each in LEFT.values()]
    # For every third tool that is withdrawn there is a request that no tool is for.
    left += [frozenset(names) - frozenset(COMMANDS)] * (len(left) // 3)
    gaps = [frozenset(chance.sample(sorted(each), 1 + len(each) // 2)) for each in left]
    return (*every, *left, *left, *gaps)
