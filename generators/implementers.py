"""Who implements this protocol, base class or method?

user       Name the classes that bring their own `discount` instead of `PricingRule`'s (src/tiny_shop/pricing.py, line 26, column 9).
assistant  find_implementations(file_path="src/tiny_shop/pricing.py", line=26, column=9, symbol="discount")
tool       {"success":true,"symbol":"discount","implementation_count":3,"implementations":[{"file":"src/tiny_shop/pricing.py","line":39,"column":9,"preview":"def…
assistant  document_symbols(file_path="src/tiny_shop/pricing.py")
tool       {"success":true,"file_path":"src/tiny_shop/pricing.py","symbol_count":24,"symbols":[{"name":"SHIPPING","kind":"constant","line":16,"end_line":16,"chil…
assistant  Three classes in `src/tiny_shop/pricing.py` have their own `discount`: `PercentOff` (line 39), `BuyTwoGetOneFree` (line 52) and `Voucher` (line 68).
"""

import re
from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import ClassFact, FileFacts, FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import is_telling, mixed, spot
from punie_data.tools.base import Outcome
from punie_data.tools.results import Reference, Symbol
from punie_data.tools.toolbox import Toolbox

METHOD = (
    "Where is `{owner}.{name}` overridden? The method is at {spot}.",
    "Which implementations of `{name}` are there? I mean the one that `{owner}` declares at {spot}.",
    "I want to add a parameter to `{owner}.{name}` ({spot}). Which overrides have to change too?",
    "`{owner}.{name}`, {spot}: does any subclass override it?",
    "Find the overrides of `{name}` from {spot}, please.",
    "implementations of {owner}.{name} @ {spot}",
)
NAMING = (
    "Which classes override `{owner}.{name}`? It's defined at {spot}.",
    "Name the classes that bring their own `{name}` instead of `{owner}`'s ({spot}).",
    "By which classes is `{name}` of `{owner}` at {spot} reimplemented?",
    "In the review I was asked who overrides `{owner}.{name}` ({spot}). Which classes do?",
)
FAMILY = (
    "Which classes derive from `{name}`, indirectly too? It's at {spot}.",
    "I need the whole family below `{name}` ({spot}), not only its direct subclasses.",
    "What are all the implementations of `{name}`, defined at {spot}?",
    "go to implementations: `{name}`, {spot}",
    "If `{name}` at {spot} changes, which classes inherit the change, however far down?",
)
PROTOCOL = (
    "Which classes implement the protocol `{owner}`, that is, its method `{name}` at {spot}?",
    "`{owner}` is a protocol with a method `{name}` ({spot}). Who implements it?",
    "Find implementations of `{name}`, declared by the `{owner}` protocol at {spot}.",
)
NONE_ANSWERS = (
    "Nothing overrides `{name}`.",
    "No class of the project overrides `{name}`.",
    "There are no overrides of `{name}` in this project.",
)
NONE_PROTOCOL_ANSWERS = (
    "None that says so: no class derives from `{owner}`. A protocol can also be satisfied by shape alone, which this lookup doesn't show.",
    "No class inherits from `{owner}` explicitly, so no implementation of `{name}` is found. Classes that merely have the right methods still fit it.",
)
WHETHER = METHOD[3]
"""A question for yes or no."""
NONE_QUOTA, FAMILY_QUOTA, MOST = 2, 6, 25


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Methods that subclasses override, classes with a family below them, and protocols; LibCST's family must be the server's."""
    left = {"none": NONE_QUOTA, "family": FAMILY_QUOTA}
    for facts, item in _classes(repo, chance):
        family = _family(repo, item.name)
        own = [f for f in facts.functions if f.class_name == item.qualname and is_telling(f.name)]
        own = [f for f in own if _is_plain(f)]
        chance.shuffle(own)
        if item.is_protocol and own and not family:
            if left["none"]:
                left["none"] -= 1
                yield _protocol(repo, tools, chance, facts, item, own[0])
            continue
        if len(family) > 1 and left["family"] and chance.random() < 0.4:
            left["family"] -= 1
            yield _whole(tools, chance, facts, item, family)
        taken = 0
        for function in own:
            overrides = {
                (f.path, found.line)
                for f, c in family
                for found in f.functions
                if found.class_name == c.qualname and found.name == function.name and _is_plain(found)
            }
            if taken == 3 or (not overrides and (not left["none"] or not family)):
                continue
            left["none"] -= not overrides
            taken += 1
            yield _method(tools, chance, facts, item, function, overrides)


def _classes(repo: Repo, chance: Random) -> Iterator[tuple[FileFacts, ClassFact]]:
    for facts in mixed(repo, chance):
        for item in facts.classes:
            if not is_telling(item.name) or item.is_nested or len(repo.definitions[item.name]) != 1:
                continue
            if any(child.name == item.name for _, child in repo.subclasses.get(item.name, ())):
                continue
            if item.name in repo.subclasses or item.is_protocol:
                yield facts, item


def _family(repo: Repo, name: str) -> list[tuple[FileFacts, ClassFact]]:
    """All classes below the one of this name, by plain names; [] where one of them with classes below it shares its name with another."""
    found: dict[tuple[str, int], tuple[FileFacts, ClassFact]] = {}
    names = [name]
    seen = {name}
    while names:
        for facts, item in repo.subclasses.get(names.pop(), ()):
            found[facts.path, item.line] = facts, item
            if item.name in repo.subclasses and len(repo.definitions[item.name]) > 1:
                return []
            if item.name not in seen:
                seen.add(item.name)
                names.append(item.name)
    return [found[place] for place in sorted(found)]


def _is_plain(function: FunctionFact) -> bool:
    """Whether it is a method for the server too: a property or one of several overloads is not."""
    return not any("property" in d or "overload" in d or ".setter" in d for d in function.decorators)


def _ask(tools: Toolbox, path: str, item: ClassFact | FunctionFact) -> Outcome:
    return tools.call(
        "find_implementations", file_path=path, line=item.line, column=item.column, symbol=item.name
    )


def _method(
    tools: Toolbox,
    chance: Random,
    facts: FileFacts,
    owner: ClassFact,
    function: FunctionFact,
    overrides: set[tuple[str, int]],
) -> Scene | Rejected:
    outcome = _ask(tools, facts.path, function)
    places = outcome.value.implementations
    given = {
        "owner": owner.name,
        "name": function.name,
        "spot": spot(chance, facts.path, function.line, function.column),
    }
    asked = chance.choice(METHOD)
    question = asked.format(**given)
    trouble = _differs(places, overrides)
    if trouble:
        return Rejected("LibCST and the language server disagree", question=question, detail=trouble)
    if not places:
        answers = ("No: nothing overrides `{name}`.",) if asked == WHETHER else NONE_ANSWERS
        return _scene(question, [outcome], pick(chance, answers, **given), facts, function.name)
    files = list(dict.fromkeys(place.file for place in places))
    if len(files) == 1 and chance.random() < 0.5:
        outline = tools.call("document_symbols", file_path=files[0])
        named = [(_owner(outline.value.symbols, place.line), place.line) for place in places]
        if all(name for name, _ in named) and len(outline.content) < 5000:
            return _scene(
                pick(chance, NAMING, **given),
                [outcome, outline],
                _named(function.name, files[0], named),
                facts,
                function.name,
            )
    answer = _places(chance, function.name, places)
    if asked == WHETHER:
        answer = f"Yes. {answer}"
    return _scene(question, [outcome], answer, facts, function.name)


def _owner(symbols: Sequence[Symbol], line: int) -> str:
    """The top-level class that the line is in."""
    return next((s.name for s in symbols if s.kind == "class" and s.line <= line <= s.end_line), "")


def _named(name: str, file: str, named: Sequence[tuple[str, int]]) -> str:
    if len(named) == 1:
        return f"Only `{named[0][0]}`, in `{file}`: its `{name}` is on line {named[0][1]}."
    told = listing([f"`{owner}` (line {line})" for owner, line in named])
    return f"{sentence(plural(len(named), 'class', 'classes'))} in `{file}` have their own `{name}`: {told}."


def _places(chance: Random, name: str, places: Sequence[Reference]) -> str:
    if len(places) == 1:
        [only] = places
        return f"One override: `{only.file}`, line {only.line}."
    files = list(dict.fromkeys(place.file for place in places))
    spoken = plural(len(places), "override")
    if len(files) == 1:
        lines = listing([str(place.line) for place in places])
        every = "both" if len(places) == 2 else "all"
        return f"{sentence(spoken)}, {every} in `{files[0]}`: lines {lines}."
    opening = chance.choice((f"`{name}` has {spoken}", sentence(spoken)))
    return f"{opening}:\n\n{bullets([f'`{place.file}:{place.line}`' for place in places])}"


def _whole(
    tools: Toolbox,
    chance: Random,
    facts: FileFacts,
    item: ClassFact,
    family: Sequence[tuple[FileFacts, ClassFact]],
) -> Scene | Rejected:
    outcome = _ask(tools, facts.path, item)
    question = pick(chance, FAMILY, name=item.name, spot=spot(chance, facts.path, item.line, item.column))
    places = outcome.value.implementations
    trouble = _differs(places, {(f.path, c.line) for f, c in family})
    if trouble:
        return Rejected("LibCST and the language server disagree", question=question, detail=trouble)
    names = [found[1] if (found := re.match(r"class (\w+)", place.preview)) else "" for place in places]
    if not all(names) or len(places) > MOST:
        return Rejected("a class statement that is not on one line", question=question)
    told = [f"`{name}`, `{place.file}:{place.line}`" for name, place in zip(names, places, strict=True)]
    shown = told if len(told) <= 15 else told[:12]
    rest = names[len(shown) :]
    more = f"\n\nand {number(len(rest))} more: {listing([f'`{name}`' for name in rest])}." if rest else ""
    opening = chance.choice(
        (
            f"{sentence(plural(len(places), 'class', 'classes'))}:",
            f"`{item.name}` has {plural(len(places), 'descendant')}:",
        )
    )
    return _scene(question, [outcome], f"{opening}\n\n{bullets(shown)}{more}", facts, item.name, [rest])


def _protocol(
    repo: Repo, tools: Toolbox, chance: Random, facts: FileFacts, owner: ClassFact, function: FunctionFact
) -> Scene | Rejected:
    """A protocol from which no class derives: the honest answer, or a search for classes that have the method all the same."""
    outcome = _ask(tools, facts.path, function)
    given = {
        "owner": owner.name,
        "name": function.name,
        "spot": spot(chance, facts.path, function.line, function.column),
    }
    question = pick(chance, PROTOCOL, **given)
    if outcome.value.implementations:
        return Rejected("LibCST and the language server disagree", question=question)
    others = [
        f
        for _, f in repo.functions(repo.python)
        if f.name == function.name and f.is_method and f.line != function.line
    ]
    if not 0 < len(others) < 10:
        return _scene(question, [outcome], pick(chance, NONE_PROTOCOL_ANSWERS, **given), facts, function.name)
    search = tools.call("search_text", pattern=rf"def {function.name}\b", glob="*.py")
    found = [m for m in search.value.matches if (m.file, m.line) != (facts.path, function.line)]
    told = bullets([f"`{m.file}:{m.line}`: `{m.text}`" for m in found])
    spoken = (
        "One other place defines"
        if len(found) == 1
        else f"{sentence(plural(len(found), 'other place'))} define"
    )
    answer = f"No class derives from `{owner.name}`. {spoken} a `{function.name}`, though, and may fit the protocol by shape:\n\n{told}"
    return _scene(
        question, [outcome, search], answer, facts, function.name, [[f"{m.file}:{m.line}" for m in found]]
    )


def _differs(places: Sequence[Reference], own: set[tuple[str, int]]) -> str:
    seen = {(place.file, place.line) for place in places}
    return "" if seen == own else f"{sorted(own)}, not {sorted(seen)}"


def _scene(
    question: str,
    outcomes: Sequence[Outcome],
    answer: str,
    facts: FileFacts,
    symbol: str,
    counted: Sequence[Sequence[str]] = (),
) -> Scene:
    return tool_scene(
        question, outcomes, answer, "structure", symbol=symbol, paths=[facts.path], counted=counted
    )
