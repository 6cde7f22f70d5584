"""Who calls this function?

user       Where is `Cart` instantiated? The class is at src/tiny_shop/cart.py, line 24, column 7.
assistant  call_hierarchy(file_path="src/tiny_shop/cart.py", line=24, column=7, symbol="Cart")
tool       {"success":true,"symbol":"Cart","direction":"incoming","call_count":1,"calls":[{"name":"cart","kind":"function","file":"tests/conftest.py","line":16,"call_lines":[17]}],"parse_error":null}
assistant  Only in `cart` in `tests/conftest.py`, line 17.
"""

from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import ClassFact, FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import is_rare, is_telling, mixed, spot
from punie_data.tools.base import Outcome
from punie_data.tools.results import HierarchyCall
from punie_data.tools.toolbox import Toolbox

WHO = (
    "Who calls `{name}` ({spot})?",
    "What are the callers of `{name}`? It's defined at {spot}.",
    "I'm about to change the signature of `{name}` at {spot}. Which functions call it?",
    "From where is `{name}` called? Definition: {spot}.",
    "callers of `{name}` {spot}",
    "Walk me one step up the call graph from `{name}`, {spot}.",
    "Call `call_hierarchy` on `{name}` at {spot}: who calls it?",
    "The function we talked about is `{name}` at {spot}. Who calls it?",
    "Who in {project} calls `{name}`, defined at {spot}?",
    "`{name}` at {spot} misbehaves. Who could have called it?",
)
LINES = (
    "On which lines is `{name}`, defined at {spot}, called?",
    "Give me every call of `{name}` ({spot}) as file and line.",
    "I have to touch each call of `{name}` at {spot}. Where are they?",
    "The calls that the ticket wants changed are those of `{name}` ({spot}). On which lines are they?",
)
COUNT = (
    "How many functions call `{name}` ({spot})?",
    "Is `{name}` at {spot} called from more than one place?",
    "How widely is `{name}` called? It's at {spot}.",
)
CREATES = (
    "Where is `{name}` instantiated? The class is at {spot}.",
    "Who creates `{name}` objects? It's defined at {spot}.",
    "Which functions construct `{name}` objects themselves ({spot})?",
)
TESTS = (
    "Is `{name}` at {spot} called by any code that isn't a test?",
    "Tests aside, who calls `{name}` ({spot})?",
    "Which non-test callers does `{name}` have? It's at {spot}.",
)
UNUSED = (
    "Nothing in the project calls `{name}`.",
    "No callers: `{name}` isn't called anywhere in the project.",
    "`{name}` has no callers in this project.",
)
NONE_QUOTA, MOST_SITES, MOST_FILES, MOST_CALLERS = 4, 15, 6, 15


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Functions and classes whose name is defined once: every call of that name that LibCST sees must be among the server's."""
    own = {facts.path for facts in repo.sources}
    left = NONE_QUOTA
    for path, target in _candidates(repo, chance):
        sites = repo.call_sites.get(target.name, [])
        if len(sites) > MOST_SITES or len({file for file, _ in sites}) > MOST_FILES:
            continue
        if not sites and (path not in own or not left or target.decorators or isinstance(target, ClassFact)):
            continue
        outcome = tools.call(
            "call_hierarchy", file_path=path, line=target.line, column=target.column, symbol=target.name
        )
        calls = outcome.value.calls
        where = spot(chance, path, target.line, target.column)
        seen = {(call.file, line) for call in calls for line in call.call_lines}
        if not seen.issuperset((file, call.line) for file, call in sites):
            # Of which class the receiver of a method call is only the server can know; a plain name leaves no doubt.
            if not (isinstance(target, FunctionFact) and target.is_method):
                question = pick(chance, WHO, name=target.name, spot=where, project=repo.title)
                yield Rejected("LibCST sees a call that the server doesn't", question=question)
            continue
        if not calls:
            left -= 1
            yield _none(repo, tools, chance, path, target, where, outcome)
        elif len(calls) <= MOST_CALLERS:
            yield _some(repo, chance, path, target, where, outcome)


def _candidates(repo: Repo, chance: Random) -> Iterator[tuple[str, FunctionFact | ClassFact]]:
    for facts in mixed(repo, chance):
        targets = [
            target
            for target in (*facts.functions, *facts.classes)
            if is_telling(target.name)
            and is_rare(repo, target.name)
            and not target.is_nested
            and len(repo.definitions[target.name]) == 1
            and not any("property" in d or "fixture" in d for d in target.decorators)
            and not target.name.startswith(("Test", "pytest_", "main"))
            and not any(hasattr(kind, target.name) for kind in (str, list, dict, set))
        ]
        chance.shuffle(targets)
        for target in targets[:3]:
            yield facts.path, target


def _none(
    repo: Repo,
    tools: Toolbox,
    chance: Random,
    path: str,
    target: FunctionFact | ClassFact,
    where: str,
    outcome: Outcome,
) -> Scene | Rejected:
    """No caller: said as it is, or followed by the question whether anything refers to it without calling it."""
    question = pick(chance, WHO[:-1], name=target.name, spot=where, project=repo.title)
    answer = pick(chance, UNUSED, name=target.name)
    if chance.random() < 0.3:
        return _scene(question, [outcome], answer, path, target)
    second = tools.call(
        "find_references", file_path=path, line=target.line, column=target.column, symbol=target.name
    )
    found = second.value.references
    if not found:
        answer += " Nor does anything else refer to it, import lines aside."
    elif len(found) == 1:
        answer += f" It's mentioned once, though, at `{found[0].file}:{found[0].line}`: `{found[0].preview}`."
    elif len(found) < 10:
        told = bullets([f"`{r.file}:{r.line}`: `{r.preview}`" for r in found])
        answer += f" It is referred to, however, in {plural(len(found), 'place')}:\n\n{told}"
    else:
        return Rejected("too many references for a function that nobody calls", question=question)
    return _scene(question, [outcome, second], answer, path, target)


def _some(
    repo: Repo, chance: Random, path: str, target: FunctionFact | ClassFact, where: str, outcome: Outcome
) -> Scene:
    calls = outcome.value.calls
    given = {"name": target.name, "spot": where, "project": repo.title}
    tests = [call for call in calls if call.file in repo.facts and repo.facts[call.file].is_test]
    code = [call for call in calls if call not in tests]
    places = [f"{call.file}:{line}" for call in calls for line in call.call_lines]
    groups = [places, *([f"{c.file}:{c.line}" for c in some] for some in (code, tests))]
    draw = chance.random()
    if tests and draw < 0.25 and not repo.facts[path].is_test:
        at = chance.randrange(len(TESTS))
        question = TESTS[at].format(**given)
        answer = _without_tests(code, tests, at == 0)
    elif isinstance(target, ClassFact):
        at = chance.randrange(len(CREATES))
        question = CREATES[at].format(**given)
        answer = _created(calls, at == 0)
    elif draw < 0.4:
        question = pick(chance, LINES, **given)
        answer = _lines(calls)
    elif draw < 0.6:
        at = chance.randrange(len(COUNT))
        question = COUNT[at].format(**given)
        answer = _count(calls, len(places), at)
    else:
        question = pick(chance, WHO, **given)
        answer = _who(chance, target.name, calls)
    return _scene(question, [outcome], answer, path, target, groups)


def _caller(call: HierarchyCall) -> str:
    if call.kind == "module":
        return f"module-level code in `{call.file}`"
    if call.kind == "class":
        return f"the body of class `{call.name}` in `{call.file}`"
    return f"`{call.name}` in `{call.file}`"


def _at(call: HierarchyCall) -> str:
    lines = [str(line) for line in call.call_lines]
    return f"{'line' if len(lines) == 1 else 'lines'} {listing(lines)}"


def _who(chance: Random, name: str, calls: Sequence[HierarchyCall]) -> str:
    if len(calls) == 1:
        [only] = calls
        return pick(
            chance,
            ("Only {caller}, {at}.", "One caller: {caller}, {at}.", "Just {caller} ({at})."),
            caller=_caller(only),
            at=_at(only),
        )
    files = list(dict.fromkeys(call.file for call in calls))
    if len(files) == 1 and all(call.kind != "module" for call in calls):
        told = listing([f"`{call.name}` ({_at(call)})" for call in calls])
        return f"{sentence(plural(len(calls), 'caller'))}, {'both' if len(calls) == 2 else 'all'} in `{files[0]}`: {told}."
    opening = chance.choice(
        (f"`{name}` has {plural(len(calls), 'caller')}", sentence(plural(len(calls), "caller")))
    )
    return f"{opening}:\n\n{_list(calls)}"


def _list(calls: Sequence[HierarchyCall]) -> str:
    return bullets([f"{_caller(call)}, {_at(call)}" for call in calls])


def _lines(calls: Sequence[HierarchyCall]) -> str:
    at: dict[str, set[int]] = {}
    for call in calls:
        at.setdefault(call.file, set()).update(call.call_lines)
    told = {
        file: f"{'line' if len(lines) == 1 else 'lines'} {listing([str(line) for line in sorted(lines)])}"
        for file, lines in at.items()
    }
    if len(told) == 1:
        [(file, lines)] = told.items()
        return f"In `{file}`, {lines}."
    return bullets([f"`{file}`: {lines}" for file, lines in told.items()])


def _created(calls: Sequence[HierarchyCall], asks_where: bool) -> str:
    if len(calls) == 1:
        [only] = calls
        return (
            f"Only in {_caller(only)}, {_at(only)}."
            if asks_where
            else f"Only {_caller(only)} does that, on {_at(only)}."
        )
    functions = plural(len(calls), "function")
    if any(call.kind in ("module", "class") for call in calls):
        opening = "In these places" if asks_where else "These do that"
    else:
        opening = f"In {functions}" if asks_where else f"{sentence(functions)} do that"
    return f"{opening}:\n\n{_list(calls)}"


def _count(calls: Sequence[HierarchyCall], places: int, at: int) -> str:
    """The answer to COUNT[at]; whether there are more callers than one is a question for yes or no."""
    asks_whether = at == 1
    if len(calls) == 1:
        [only] = calls
        often = {1: "once", 2: "twice"}.get(places, f"{number(places)} times")
        if asks_whether and places > 1:
            return f"Yes, though only by one caller: {_caller(only)} calls it {often}, on {_at(only)}."
        opening = ("One", "No, from one place only", "Hardly, by one caller only")[at]
        return f"{opening}: {_caller(only)} calls it {often}, on {_at(only)}."
    opening = f"{'Yes, it has ' if asks_whether else ''}{number(len(calls))} callers"
    opening = sentence(opening)
    if places > len(calls):
        opening += f", {number(places)} calls in all"
    return f"{opening}:\n\n{_list(calls)}"


def _without_tests(code: Sequence[HierarchyCall], tests: Sequence[HierarchyCall], asks_whether: bool) -> str:
    """Who the callers are that are no tests; `asks_whether` there are any is a question for yes or no."""
    if not code:
        no = "No" if asks_whether else "None"
        if len(tests) == 1:
            return f"{no}: its only caller is {_caller(tests[0])}, which is test code."
        return f"{no}: all of its {number(len(tests))} callers are test code."
    yes = "Yes: " if asks_whether else ""
    besides = f"there {'is one test caller' if len(tests) == 1 else f'are {number(len(tests))} test callers'}"
    if len(code) == 1:
        told = f"{yes}{_caller(code[0])}, {_at(code[0])}"
        return f"{sentence(told)}. Apart from that, {besides}."
    told = sentence(f"{yes}{plural(len(code), 'caller')} outside the tests")
    return f"{told}:\n\n{_list(code)}\n\nApart from these, {besides}."


def _scene(
    question: str,
    outcomes: Sequence[Outcome],
    answer: str,
    path: str,
    target: FunctionFact | ClassFact,
    counted: Sequence[Sequence[str]] = (),
) -> Scene:
    return tool_scene(
        question, outcomes, answer, "navigation", symbol=target.name, paths=[path], counted=counted
    )
