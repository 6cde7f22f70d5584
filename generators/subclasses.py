"""Which classes derive from this one, and from which does it derive?

user       Does `PaymentError` have subclasses? It's at src/tiny_shop/errors.py:30:7.
assistant  type_hierarchy(file_path="src/tiny_shop/errors.py", line=30, column=7, symbol="PaymentError")
tool       {"success":true,"symbol":"PaymentError","direction":"subtypes","type_count":2,"types":[{"name":"PaymentDeclined","file":"src/tiny_shop/errors.py","lin…
assistant  Yes. Two classes derive from `PaymentError`, both in `src/tiny_shop/errors.py`: `PaymentDeclined` (line 34) and `ProviderUnreachable` (line 38).
"""

import builtins
from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import ClassFact, FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import is_telling, mixed, spot
from punie_data.tools.base import Outcome
from punie_data.tools.results import HierarchyType
from punie_data.tools.toolbox import Toolbox

BELOW = (
    "Which classes inherit from `{name}` ({spot})?",
    "List the direct subclasses of `{name}`, defined at {spot}.",
    "I'm going to change `{name}` at {spot}. What derives from it?",
    "`{name}` at {spot}: does anything subclass it?",
    "Does `{name}` have subclasses? It's at {spot}.",
    "subclasses of {name}, {spot}",
    "Which classes of {project} inherit from `{name}` ({spot})?",
    "Run `type_hierarchy` on `{name}` at {spot}: which subclasses does it have?",
    "`{name}` ({spot}) is the class that we discussed. Which classes derive from it?",
    "If I add an abstract method to `{name}` ({spot}), which classes have to follow suit?",
)
ABOVE = (
    "What does `{name}` at {spot} inherit from?",
    "Which base classes does `{name}` have? It's at {spot}.",
    "I'm looking at `{name}`, {spot}. Where are its parent classes defined?",
    "Parents of `{name}` ({spot})?",
    "`{name}` at {spot} seems to get much of its behaviour from somewhere else. From which classes?",
    "supertypes of {name} at {spot}",
    "The class from the review is `{name}`, {spot}. What does it inherit from?",
    "Run `type_hierarchy` upwards from `{name}` at {spot}.",
)
BOTH = (
    "Where does `{name}` at {spot} stand in the class hierarchy: what's above it, what's below?",
    "Show me the parents and the children of `{name}` ({spot}).",
    "`{name}`, {spot}: what does it derive from, and what derives from it?",
)
LEAF_ANSWERS = (
    "No class in the project derives from `{name}`.",
    "Nothing subclasses `{name}` here.",
    "None: `{name}` has no subclasses in this project.",
)
WHETHER = (3, 4)
"""Which of BELOW are questions for yes or no."""
NO_ANSWER = "No: `{name}` has no subclasses in this project."
ROOT_ANSWERS = (
    "`{name}` has no base class of its own: nothing but `object`.",
    "`{name}` names no base class, so its only parent is `object`.",
)
STANDARD = (
    "ABC",
    "Enum",
    "IntEnum",
    "Flag",
    "IntFlag",
    "StrEnum",
    "Thread",
    "Formatter",
    "Handler",
    "JSONEncoder",
)
LEAF_QUOTA, ROOT_QUOTA, DOWNWARD_QUOTA, LARGE = 1, 1, 12, 150


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Classes whose bases LibCST can name: the hierarchy it sees must be the server's."""
    downward = DOWNWARD_QUOTA if len(repo.python) < LARGE else DOWNWARD_QUOTA // 2
    left = {"leaf": LEAF_QUOTA, "root": ROOT_QUOTA, "down": downward}
    for facts, item in _candidates(repo, chance):
        below = repo.subclasses.get(item.name, [])
        has_bases = bool(item.bases) and all(_is_known(repo, name) for name in item.base_names)
        draw = chance.random()
        if below and left["down"] and (draw < 0.75 or not has_bases):
            left["down"] -= 1
            yield (_both if has_bases and draw < 0.25 else _below)(repo, tools, chance, facts, item)
        elif has_bases:
            yield _above(tools, chance, facts, item)
        elif not below and not item.bases and draw < 0.5 and left["leaf"] and left["down"]:
            left["leaf"] -= 1
            left["down"] -= 1
            yield _below(repo, tools, chance, facts, item)
        elif not item.bases and left["root"]:
            left["root"] -= 1
            yield _above(tools, chance, facts, item)


def _candidates(repo: Repo, chance: Random) -> Iterator[tuple[FileFacts, ClassFact]]:
    """Those with subclasses first, since they are few; then the others, at most three of a file."""
    found: list[tuple[FileFacts, ClassFact]] = []
    others: list[tuple[FileFacts, ClassFact]] = []
    for facts in mixed(repo, chance):
        items = [
            item
            for item in facts.classes
            if is_telling(item.name)
            and not item.is_nested
            and not item.name.startswith("Test")
            and len(repo.definitions[item.name]) == 1
            and not any(child.name == item.name for _, child in repo.subclasses.get(item.name, ()))
        ]
        chance.shuffle(items)
        found += [(facts, item) for item in items if item.name in repo.subclasses]
        others += [(facts, item) for item in items if item.name not in repo.subclasses][:3]
    # Interleaved, so that an early end of the quota leaves some of each kind.
    while found or others:
        for queue in (found, others):
            if queue:
                yield queue.pop(0)


def _is_known(repo: Repo, base: str) -> bool:
    return base in STANDARD or hasattr(builtins, base) or len(repo.definitions.get(base, ())) == 1


def _ask(tools: Toolbox, facts: FileFacts, item: ClassFact, direction: str) -> Outcome:
    # subtypes is what the tool does unless told otherwise.
    extra = {"direction": direction} if direction != "subtypes" else {}
    return tools.call(
        "type_hierarchy", file_path=facts.path, line=item.line, column=item.column, symbol=item.name, **extra
    )


def _below(repo: Repo, tools: Toolbox, chance: Random, facts: FileFacts, item: ClassFact) -> Scene | Rejected:
    outcome = _ask(tools, facts, item, "subtypes")
    asked = BELOW if item.name in repo.subclasses else BELOW[:-1]
    at = chance.randrange(len(asked))
    where = spot(chance, facts.path, item.line, item.column)
    question = asked[at].format(name=item.name, spot=where, project=repo.title)
    trouble = _differs(outcome, {(f.path, c.line) for f, c in repo.subclasses.get(item.name, [])})
    if trouble:
        return Rejected("LibCST and the language server disagree", question=question, detail=trouble)
    types = outcome.value.types
    if at in WHETHER:
        answer = f"Yes. {_children(chance, item.name, types)}" if types else NO_ANSWER.format(name=item.name)
    else:
        answer = _children(chance, item.name, types) if types else pick(chance, LEAF_ANSWERS, name=item.name)
    return _scene(question, [outcome], answer, facts, item)


def _above(tools: Toolbox, chance: Random, facts: FileFacts, item: ClassFact) -> Scene | Rejected:
    outcome = _ask(tools, facts, item, "supertypes")
    asked = ABOVE if item.bases else ABOVE[:2]
    question = pick(chance, asked, name=item.name, spot=spot(chance, facts.path, item.line, item.column))
    types = outcome.value.types
    if sorted(t.name for t in types) != sorted(item.base_names or ("object",)):
        detail = f"{item.base_names}, not {[t.name for t in types]}"
        return Rejected("LibCST and the language server disagree", question=question, detail=detail)
    if not item.bases:
        answer = pick(chance, ROOT_ANSWERS, name=item.name)
    else:
        answer = f"{_parents(chance, item.name, types)}."
    return _scene(question, [outcome], answer, facts, item)


def _both(repo: Repo, tools: Toolbox, chance: Random, facts: FileFacts, item: ClassFact) -> Scene | Rejected:
    up, down = _ask(tools, facts, item, "supertypes"), _ask(tools, facts, item, "subtypes")
    question = pick(chance, BOTH, name=item.name, spot=spot(chance, facts.path, item.line, item.column))
    trouble = _differs(down, {(f.path, c.line) for f, c in repo.subclasses.get(item.name, [])})
    if trouble or sorted(t.name for t in up.value.types) != sorted(item.base_names):
        return Rejected("LibCST and the language server disagree", question=question, detail=trouble)
    answer = (
        f"{_parents(chance, item.name, up.value.types)}.\n\n{_children(chance, item.name, down.value.types)}"
    )
    return _scene(question, [up, down], answer, facts, item)


def _differs(outcome: Outcome, own: set[tuple[str, int]]) -> str:
    seen = {(t.file, t.line) for t in outcome.value.types}
    return "" if seen == own else f"{sorted(own)}, not {sorted(seen)}"


def _parents(chance: Random, name: str, types: Sequence[HierarchyType]) -> str:
    """Who the parents are, without the full stop: those of the standard library are named without their stubs' lines."""
    told = [
        f"the built-in `{t.name}`" if t.file == "typeshed/stdlib/builtins.pyi"
        else f"the standard library's `{t.name}`" if t.file.startswith("typeshed/")
        else f"`{t.name}` (`{t.file}:{t.line}`)"
        for t in types
    ]  # fmt: skip
    verb = chance.choice(("inherits from", "derives directly from", "extends"))
    return f"`{name}` {verb} {listing(told)}"


def _children(chance: Random, name: str, types: Sequence[HierarchyType]) -> str:
    if len(types) == 1:
        [only] = types
        return f"One class derives from `{name}`: `{only.name}`, in `{only.file}`, line {only.line}."
    files = {t.file for t in types}
    spoken = plural(len(types), "class", "classes")
    if len(types) > 14:
        shown = listing([f"`{t.name}`" for t in types[:8]], ",")
        return f"{sentence(spoken)} derive from `{name}`; the first are {shown}."
    if len(files) == 1:
        told = listing([f"`{t.name}` (line {t.line})" for t in types])
        where = f"{'both' if len(types) == 2 else 'all'} in `{types[0].file}`"
        return f"{sentence(spoken)} derive from `{name}`, {where}: {told}."
    opening = chance.choice(
        (f"{sentence(spoken)} derive from `{name}`", f"`{name}` has {number(len(types))} direct subclasses")
    )
    return f"{opening}:\n\n{bullets([f'`{t.name}`, `{t.file}:{t.line}`' for t in types])}"


def _scene(
    question: str, outcomes: Sequence[Outcome], answer: str, facts: FileFacts, item: ClassFact
) -> Scene:
    return tool_scene(question, outcomes, answer, "structure", symbol=item.name, paths=[facts.path])
