"""Which classes derive from a class that isn't ours?

user       classes deriving directly from ABC
assistant  search_text(pattern="^\\\\s*class \\\\w+(\\\\[.*\\\\])?\\\\(.*\\\\bABC\\\\b", glob="*.py")
tool       {"success":true,"pattern":"^\\\\s*class \\\\w+(\\\\[.*\\\\])?\\\\(.*\\\\bABC\\\\b","match_count":1,"file_count":1,"matches":[{"file":"src/tiny_shop/pricing.py","lin…
assistant  Only `PricingRule`, in `src/tiny_shop/pricing.py`, line 20.
"""

import re
from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.tools.toolbox import Toolbox

WHICH = (
    "Which classes subclass `{base}`{directly}?",
    "Find all classes that derive{directly} from {base}.",
    "Which classes in this project inherit{directly} from `{base}`?",
    "List the classes of ours that extend {base}{directly}, with file and line.",
    "Where do we subclass `{base}`{directly}?",
    "Show me every class that names {base} among its bases.",
    "classes deriving{directly} from {base}",
    "Which classes of {project} inherit{directly} from `{base}`?",
    "Find the classes of {project} that derive{directly} from {base}.",
    "The ticket says to stop deriving from `{base}`. Which classes do so{directly}?",
)
"""`directly` is said where more classes derive from those that are found."""
HOW_MANY = (
    "How many classes inherit{directly} from `{base}`?",
    "Count the classes that have {base} among their bases.",
    "How many classes of {project} inherit{directly} from `{base}`?",
)
NONE = (
    "No class here derives from `{base}`.",
    "There is none: no class of the project has `{base}` among its bases.",
    "None. The search finds no class statement with `{base}` as a base.",
)
OFTEN = ("Protocol", "Enum", "TypedDict", "NamedTuple", "ABC", "BaseModel", "Thread", "IntEnum", "Exception")
"""What people derive from: asked about even where nobody does."""
DULL = ("object", "Generic")
MOST, ABSENT, BASES = 24, 2, 8


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Bases that the project doesn't define; the class statements that the search finds must be those of which LibCST knows it."""
    known = _derived(repo)
    parents = {base for facts in repo.python for item in facts.classes for base in item.base_names}
    found = sorted(base for base, places in known.items() if len(places) <= MOST)
    absent = [base for base in OFTEN if base not in known and base not in repo.definitions]
    chance.shuffle(found)
    found.sort(key=lambda base: base not in OFTEN)
    chance.shuffle(absent)
    asked = found[:BASES] + absent[:ABSENT]
    chance.shuffle(asked)
    for base in asked:
        pattern = rf"^\s*class \w+(\[.*\])?\(.*\b{re.escape(base)}\b"
        outcome = tools.call("search_text", pattern=pattern, glob="*.py")
        lines = [(match.file, match.line) for match in outcome.value.matches]
        places = known.get(base, [])
        directly = " directly" if any(name in parents for _, _, name in places) else ""
        if lines != sorted((file, line) for file, line, _ in places):
            detail = f"{base}: {len(lines)} lines, {len(places)} classes"
            yield Rejected(
                "LibCST and the search disagree",
                question=pick(chance, WHICH, base=base, directly=directly, project=repo.title),
                detail=detail,
            )
            continue
        files = list(dict.fromkeys(file for file, _ in lines))
        question, answer = _told(chance, repo.title, base, directly, sorted(places))
        names = [name for _, _, name in places]
        yield tool_scene(
            question, outcome, answer, "structure", symbol=base, paths=files, counted=[names, files]
        )


def _derived(repo: Repo) -> dict[str, list[tuple[str, int, str]]]:
    """Each base that isn't the project's own → (file, line, class) of those that name it, if a search for class statements can find them."""
    found: dict[str, list[tuple[str, int, str]]] = {}
    for facts in repo.python:
        for item in facts.classes:
            for base in item.base_names:
                if base not in repo.definitions and base not in DULL and base.isidentifier():
                    found.setdefault(base, []).append((facts.path, item.line, item.name))
    return found


def _told(
    chance: Random, project: str, base: str, directly: str, places: Sequence[tuple[str, int, str]]
) -> tuple[str, str]:
    if not places:
        return pick(chance, WHICH, base=base, directly=directly, project=project), pick(
            chance, NONE, base=base
        )
    if len(places) > 1 and chance.random() < 0.25:
        return pick(
            chance, HOW_MANY, base=base, directly=directly, project=project
        ), f"{sentence(plural(len(places), 'class', 'classes'))}."
    question = pick(chance, WHICH, base=base, directly=directly, project=project)
    if len(places) == 1:
        [(file, line, name)] = places
        return question, f"Only `{name}`, in `{file}`, line {line}."
    files = {file for file, _, _ in places}
    opening = sentence(plural(len(places), "class", "classes"))
    if len(files) == 1 and len(places) <= 3:
        told = listing([f"`{name}` (line {line})" for _, line, name in places])
        all_of_them = "both" if len(places) == 2 else "all"
        return question, f"{opening}, {all_of_them} in `{places[0][0]}`: {told}."
    return question, f"{opening}:\n\n{bullets([f'`{name}`, `{file}:{line}`' for file, line, name in places])}"
