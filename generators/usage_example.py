"""Show me a real call of this function.

user       The ticket is about `remove` (line 38, column 9 of src/tiny_shop/cart.py). Show me one real call of it.
assistant  call_hierarchy(file_path="src/tiny_shop/cart.py", line=38, column=9, symbol="remove")
tool       {"success":true,"symbol":"remove","direction":"incoming","call_count":1,"calls":[{"name":"test_removing_takes_all_pieces","kind":"function","file":"te…
assistant  document_symbols(file_path="tests/test_cart.py")
tool       {"success":true,"file_path":"tests/test_cart.py","symbol_count":3,"symbols":[{"name":"test_adding_twice_makes_one_line","kind":"function","line":9,"en…
assistant  read_file(path="tests/test_cart.py", first_line=17, last_line=21)
tool       def test_removing_takes_all_pieces(cart: Cart) -> None:
               cart.add("CUP-1", 4)
               cart.remove("CUP-1")
               assert cart.is_empty
               assert cart.sub…
assistant  In `tests/test_cart.py`, `test_removing_takes_all_pieces` calls it (line 19):

           ```python
           def test_removing_takes_all_pieces(cart: Cart) -> None:
               cart.add("CUP-1", 4)
               cart.remove("CUP-1")
               assert cart.is_empty
               assert cart.subtotal == ZERO
           ```
"""

import re
from collections.abc import Iterator, Sequence
from random import Random
from textwrap import dedent

from punie_data.chat import Rejected
from punie_data.code.facts import ClassFact, FileFacts, FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import listing, number, pick
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import plain_targets, spot
from punie_data.tools.base import Outcome
from punie_data.tools.results import HierarchyCall, Symbol
from punie_data.tools.toolbox import Toolbox

SHOW = (
    "Show me a real call of `{name}` ({spot}), with the code around it.",
    "How is `{name}` used in practice? It's defined at {spot}; one example from our code will do.",
    "Give me a usage example of `{name}` at {spot} from this project.",
    "I don't get how to use `{name}` ({spot}) from its signature alone. Where can I see it in action?",
    "usage example for `{name}`, {spot}",
    "Find somebody who calls `{name}` ({spot}) and show me their function.",
    "The ticket is about `{name}` ({spot}). Show me one real call of it.",
    "Show me one place in {project} that calls `{name}` ({spot}), with its code.",
)
IN_TESTS = (
    "How do the tests exercise `{name}` ({spot})? Show me one of them.",
    "Show me a test that calls `{name}`, defined at {spot}.",
    "Is there a test for `{name}` at {spot}? Let me see it.",
)
NONE_ANSWERS = (
    "There's no example to show: nothing in the project calls `{name}`.",
    "Nowhere in this project: no code here calls `{name}`.",
    "There is no call of `{name}` in the project, so there's nothing to show.",
)
NONE_QUOTA, MOST_SITES, MOST_FILES, LONGEST, LARGEST, MOST_OUTLINE = 2, 12, 5, 32, 40, 2500


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """The callers, the outline of a caller's file and the caller's text; LibCST must see the call where the server sees it."""
    left = NONE_QUOTA
    for facts, item in plain_targets(repo, chance, 3):
        sites = repo.call_sites.get(item.name, [])
        if (
            len(sites) > MOST_SITES
            or len({path for path, _ in sites}) > MOST_FILES
            or item.name.startswith("main")
        ):
            continue
        if not sites and (not left or not _is_idle(repo, item)):
            continue
        if sites and all(_size(repo.facts[path]) > LARGEST for path, _ in sites):
            continue
        outcome = tools.call(
            "call_hierarchy", file_path=facts.path, line=item.line, column=item.column, symbol=item.name
        )
        where = spot(chance, facts.path, item.line, item.column)
        if not sites:
            if not outcome.value.calls:
                left -= 1
                question = pick(chance, SHOW, name=item.name, spot=where, project=repo.title)
                yield _scene(question, [outcome], pick(chance, NONE_ANSWERS, name=item.name), facts, item)
            continue
        if isinstance(item, FunctionFact) and item.is_method and not outcome.value.calls:
            continue
        yield from _example(repo, tools, chance, facts, item, where, outcome)


def _example(
    repo: Repo,
    tools: Toolbox,
    chance: Random,
    facts: FileFacts,
    item: ClassFact | FunctionFact,
    where: str,
    outcome: Outcome,
) -> Iterator[Scene | Rejected]:
    if any(call.kind == "module" for call in outcome.value.calls):
        return
    calls = [call for call in outcome.value.calls if call.file in repo.facts]
    tests = [call for call in calls if repo.facts[call.file].is_test and call.name.startswith("test")]
    only_tests = bool(tests) and len(tests) < len(calls)
    wanted = tests if only_tests else calls
    question = pick(chance, IN_TESTS if only_tests else SHOW, name=item.name, spot=where, project=repo.title)
    for call in wanted:
        if any(item.name not in repo.lines(call.file)[line - 1] for line in call.call_lines):
            yield Rejected("the server sees a call where the name doesn't stand", question=question)
            return
        # Without its decorator, which stands above the line that the outline shows, it would be half the truth.
        decorated = {f.line for f in repo.facts[call.file].functions if f.decorators}
        if _size(repo.facts[call.file]) > LARGEST or call.line in decorated:
            continue
        outline = tools.call("document_symbols", file_path=call.file)
        symbol = _symbol(outline.value.symbols, call.line)
        if symbol is None or symbol.end_line - symbol.line > LONGEST or len(outline.content) > MOST_OUTLINE:
            continue
        text = tools.call("read_file", path=call.file, first_line=symbol.line, last_line=symbol.end_line)
        if "```" in text.value:
            continue
        owner = next(
            (s.name for s in outline.value.symbols if s.kind == "class" and symbol in s.children), ""
        )
        answer = _told(chance, call, owner, text, calls, tests if only_tests else [])
        if question == IN_TESTS[-1].format(name=item.name, spot=where):
            answer = f"Yes. {answer}"
        groups = [[f"{c.file}:{c.line}" for c in some] for some in (calls, tests, outcome.value.calls)]
        # A program takes the first: which of the others is short enough to be shown, it could only know from the result.
        program = (
            _program(facts.path, item, only_tests) if call == _first(outcome.value.calls, only_tests) else ""
        )
        yield _scene(question, [outcome, outline, text], answer, facts, item, groups, program)
        return


def _is_idle(repo: Repo, item: ClassFact | FunctionFact) -> bool:
    """Whether nobody needs the function: what is passed on, or called by a base class or a framework, is in use without a call of ours."""
    if isinstance(item, ClassFact) or item.is_method or item.name.startswith("pytest_"):
        return False
    word = re.compile(rf"\b{item.name}\b")
    found = (word.findall(repo.text(path)) for path in repo.facts if item.name in repo.text(path))
    return sum(map(len, found)) == 1


def _first(calls: Sequence[HierarchyCall], only_tests: bool) -> HierarchyCall:
    return next(call for call in calls if not only_tests or call.name.startswith("test"))


def _size(facts: FileFacts) -> int:
    """How much there is in a file's outline."""
    return (
        len(facts.classes)
        + len(facts.functions)
        + len(facts.variables)
        + sum(len(c.fields) for c in facts.classes)
    )


def _symbol(symbols: Sequence[Symbol], line: int) -> Symbol | None:
    """The function whose name stands on the line, at any depth."""
    for symbol in symbols:
        if symbol.line == line and symbol.kind in ("function", "method", "constructor"):
            return symbol
        found = _symbol(symbol.children, line)
        if found is not None:
            return found
    return None


def _told(
    chance: Random,
    call: HierarchyCall,
    owner: str,
    text: Outcome,
    calls: Sequence[HierarchyCall],
    tests: Sequence[HierarchyCall],
) -> str:
    """The caller's code; then how many others there are, of the tests alone where those were asked for."""
    lines = [str(line) for line in call.call_lines]
    at = f"line{'s' if len(lines) > 1 else ''} {listing(lines)}"
    called = "the calls are" if len(lines) > 1 else "the call is"
    opening = pick(
        chance,
        (
            "{caller} in `{file}` calls it on {at}:",
            "For example {caller} in `{file}` ({called} on {at}):",
            "In `{file}`, {caller} calls it ({at}):",
        ),
        caller=f"`{call.name}`" + (f" of `{owner}`" if owner and call.name.startswith("__") else ""),
        file=call.file,
        at=at,
        called=called,
    )
    others = ""
    wanted, kind = (tests, "test that calls it") if tests else (calls, "caller")
    if len(wanted) == 2:
        others = f"\n\nThere is one more {kind}."
    elif len(wanted) > 2:
        count = number(len(wanted))
        others = f"\n\nThere are {count} {'such tests' if tests else 'callers'} in all."
    return f"{opening}\n\n```python\n{dedent(text.value).rstrip()}\n```{others}"


def _program(path: str, item: ClassFact | FunctionFact, only_tests: bool) -> str:
    first = '[call for call in callers if call.name.startswith("test")][0]' if only_tests else "callers[0]"
    return (
        "def find(symbols, line):\n    for symbol in symbols:\n        if symbol.line == line:\n            return symbol\n"
        "        inner = find(symbol.children, line)\n        if inner is not None:\n            return inner\n    return None\n\n\n"
        f'callers = call_hierarchy("{path}", {item.line}, {item.column}, "{item.name}").calls\n'
        'for call in callers:\n    print(f"{call.name} {call.file}:{call.line}")\n'
        f"call = {first}\n"
        'for line in call.call_lines:\n    print(f"called at {call.file}:{line}")\n'
        "symbols = document_symbols(call.file).symbols\n"
        "print([outer.name for outer in symbols if outer.line < call.line <= outer.end_line])\n"
        "symbol = find(symbols, call.line)\n"
        "print(read_file(call.file, symbol.line, symbol.end_line))\n"
    )


def _scene(
    question: str,
    outcomes: Sequence[Outcome],
    answer: str,
    facts: FileFacts,
    item: ClassFact | FunctionFact,
    counted: Sequence[Sequence[str]] = (),
    program: str = "",
) -> Scene:
    return tool_scene(
        question,
        outcomes,
        answer,
        "workflow",
        symbol=item.name,
        paths=[facts.path],
        counted=counted,
        program=program,
    )
