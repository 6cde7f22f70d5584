"""What does this function call?

user       Use `call_hierarchy` to list the outgoing calls of `take` at src/tiny_shop/inventory.py:23:9.
assistant  call_hierarchy(file_path="src/tiny_shop/inventory.py", line=23, column=9, symbol="take", direction="outgoing")
tool       {"success":true,"symbol":"take","direction":"outgoing","call_count":2,"calls":[{"name":"OutOfStock","kind":"class","file":"src/tiny_shop/errors.py","l…
assistant  Two callees:

           - the class `OutOfStock` (`src/tiny_shop/errors.py:16`), on line 27
           - `available` (`src/tiny_shop/inventory.py:16`), on line 25
"""

import builtins
from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts, FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import is_telling, mixed, spot
from punie_data.tools.base import Outcome
from punie_data.tools.results import HierarchyCall
from punie_data.tools.toolbox import Toolbox

WHAT = (
    "What does `{name}` ({spot}) call?",
    "Which functions and classes does `{name}` at {spot} use?",
    "Go one step down the call graph from `{name}`, {spot}.",
    "callees of `{name}` {spot}",
    "I want to write a unit test for `{name}` at {spot}. What of our own code does it call?",
    "What does `{name}` depend on? It's defined at {spot}.",
    "Before I inline `{name}` ({spot}): which calls does it make?",
    "`{name}` ({spot}) is the function from the ticket. What does it call?",
    "Use `call_hierarchy` to list the outgoing calls of `{name}` at {spot}.",
)
ELSEWHERE = (
    "Does `{name}` at {spot} call anything from other modules of the project?",
    "Which other files of the project does `{name}` ({spot}) call into?",
    "Can I move `{name}` ({spot}) to another module without taking its callees along, or does it lean on its own file?",
)
NOTHING = (
    "`{name}` calls nothing at all.",
    "Nothing: no call is made in `{name}`.",
    "It calls no function and creates no object: `{name}` has no outgoing calls.",
)
NOTHING_QUOTA, MOST = 2, 9


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Functions without functions of their own; what LibCST sees them call by a plain name or on `self` must be among the callees."""
    left = NOTHING_QUOTA
    known = {item.name for _, item in (*repo.functions(repo.python), *repo.classes(repo.python))}
    for facts, function in _candidates(repo, chance):
        calls = [call for call in facts.calls if call.caller == function.qualname]
        sure = {
            (c.name.rpartition(".")[2], c.line) for c in calls if _is_sure(known, facts, function, c.name)
        }
        if calls and not sure:
            continue
        if not calls and (not left or chance.random() < 0.7):
            continue
        outcome = tools.call(
            "call_hierarchy",
            file_path=facts.path,
            line=function.line,
            column=function.column,
            symbol=function.name,
            direction="outgoing",
        )
        found = outcome.value.calls
        where = spot(chance, facts.path, function.line, function.column)
        if not calls and not found:
            left -= 1
            question = pick(chance, WHAT, name=function.name, spot=where)
            yield _scene(question, outcome, pick(chance, NOTHING, name=function.name), facts, function)
            continue
        seen = {(call.name, line) for call in found for line in call.call_lines}
        if not sure <= seen:
            question = pick(chance, WHAT, name=function.name, spot=where)
            detail = f"{sorted(sure - seen)[0]}"
            yield Rejected("LibCST sees a call that the server doesn't", question=question, detail=detail)
            continue
        own = [call for call in found if not call.file.startswith("typeshed/")]
        maybe = {(c.name.rpartition(".")[2], c.line) for c in calls} - seen
        if (
            any(name in repo.definitions and not _is_common(name) for name, _ in maybe)
            or not 0 < len(own) <= MOST
        ):
            continue
        yield _told(chance, facts, function, where, outcome, own)


def _candidates(repo: Repo, chance: Random) -> Iterator[tuple[FileFacts, FunctionFact]]:
    for facts in mixed(repo, chance):
        nested = {f.qualname.rpartition(".")[0] for f in facts.functions if f.is_nested}
        functions = [
            function
            for function in facts.functions
            if is_telling(function.name)
            and not function.is_nested
            and not function.decorators
            and function.qualname not in nested
        ]
        chance.shuffle(functions)
        for function in functions[:4]:
            yield facts, function


def _is_common(name: str) -> bool:
    """Whether built-in types have a method of that name, so that the name alone says little."""
    return any(hasattr(kind, name) for kind in (str, bytes, list, dict, set, builtins))


def _is_sure(known: set[str], facts: FileFacts, function: FunctionFact, called: str) -> bool:
    """Whether it is certain that a call of this name is one of the project's own functions or classes, whose names are `known`."""
    first, _, rest = called.partition(".")
    if rest:
        return first == "self" and rest in {
            f.name for f in facts.functions if f.class_name == function.class_name
        }
    defined = any(item.name == called and not item.is_nested for item in (*facts.classes, *facts.functions))
    imported = any(item.bound == called and item.level for item in facts.imports)
    return (defined or imported) and called in known and called not in {p.name for p in function.parameters}


def _told(
    chance: Random,
    facts: FileFacts,
    function: FunctionFact,
    where: str,
    outcome: Outcome,
    own: Sequence[HierarchyCall],
) -> Scene:
    others = [call for call in own if call.file != facts.path]
    if chance.random() < 0.25:
        at = chance.randrange(len(ELSEWHERE))
        question = ELSEWHERE[at].format(name=function.name, spot=where)
        return _scene(question, outcome, _elsewhere(facts.path, own, others, at), facts, function)
    question = pick(chance, WHAT, name=function.name, spot=where)
    library = [
        c for c in outcome.value.calls if c.file.startswith("typeshed/") and c.kind in ("class", "function")
    ]
    names = [
        f"`{name}`"
        for name in dict.fromkeys(c.name for c in library)
        if name != "overload" and not name.startswith("__")
    ]
    if len(own) == 1 and (own[0].name, own[0].file) == (function.name, facts.path):
        answer = f"Of the project's own code only itself: it's recursive, on {_at(own[0])}."
    elif len(own) == 1:
        answer = f"Of the project's own code only {_callee(own[0])}, on {_at(own[0])}."
    elif not others and len(own) <= 6:
        told = listing([f"`{call.name}` ({_at(call)})" for call in own])
        answer = f"{sentence(plural(len(own), 'callee'))}, {'both' if len(own) == 2 else 'all'} in the same file: {told}."
    else:
        opening = chance.choice(
            (
                f"`{function.name}` calls {number(len(own))} of the project's own functions and classes",
                sentence(plural(len(own), "callee")),
            )
        )
        answer = f"{opening}:\n\n{bullets([f'{_callee(call)}, on {_at(call)}' for call in own])}"
    if 0 < len(names) <= 6 and chance.random() < 0.7:
        gap = "\n\n" if "\n" in answer else " "
        answer += f"{gap}From the standard library it uses {listing(names)}."
    return _scene(question, outcome, answer, facts, function)


def _callee(call: HierarchyCall) -> str:
    kind = "the class " if call.kind == "class" else ""
    return f"{kind}`{call.name}` (`{call.file}:{call.line}`)"


def _at(call: HierarchyCall) -> str:
    lines = [str(line) for line in call.call_lines]
    return f"{'line' if len(lines) == 1 else 'lines'} {listing(lines)}"


def _elsewhere(path: str, own: Sequence[HierarchyCall], others: Sequence[HierarchyCall], at: int) -> str:
    """The answer to ELSEWHERE[at]."""
    files: dict[str, list[str]] = {}
    for call in others:
        files.setdefault(call.file, []).append(f"`{call.name}`")
    told = listing([f"{listing(list(dict.fromkeys(names)))} in `{file}`" for file, names in files.items()])
    here = list(dict.fromkeys(f"`{call.name}`" for call in own if call.file == path))
    if at == 2:
        if here:
            return f"It leans on its own file: it calls {listing(here)} there{f', besides {told}' if told else ''}."
        return f"You can, as far as calls go: it calls nothing in its own file, only {told}."
    if not told:
        return (
            f"{'No' if at == 0 else 'None'}: of the project it calls only {listing(here)}, in its own file."
        )
    return f"{'Yes: ' if at == 0 else ''}{told}."


def _scene(question: str, outcome: Outcome, answer: str, facts: FileFacts, function: FunctionFact) -> Scene:
    own = [
        f"{call.file}:{call.line}" for call in outcome.value.calls if not call.file.startswith("typeshed/")
    ]
    return tool_scene(
        question, outcome, answer, "navigation", symbol=function.name, paths=[facts.path], counted=[own]
    )
