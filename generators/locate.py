"""Found by text or at a use, then asked about.

user       Where does the `subscribe` at `tests/test_orders.py:63:13` come from, and is it used anywhere else?
assistant  goto_definition(file_path="tests/test_orders.py", line=63, column=13, symbol="subscribe")
tool       {"success":true,"symbol":"subscribe","locations":[{"file":"src/tiny_shop/orders.py","line":42,"column":9,"end_line":42,"end_column":18,"preview":"def subscribe(self, listener: Listener) -> None:"}],"parse_error":null}
assistant  find_references(file_path="src/tiny_shop/orders.py", line=42, column=9, symbol="subscribe")
tool       {"success":true,"symbol":"subscribe","reference_count":1,"references":[{"file":"tests/test_orders.py","line":63,"column":13,"preview":"service.subscribe(outbox.order_placed)"}],"parse_error":null}
assistant  It comes from `src/tiny_shop/orders.py:42` and isn't used anywhere else.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, pick, plural
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import plain_targets, spot
from punie_data.tools.base import Outcome
from punie_data.tools.results import Reference, Symbol, TextMatch
from punie_data.tools.toolbox import Toolbox

SIGNATURE = (
    "What's the signature of `{name}`? No idea where it's defined.",
    "Look up `{name}` and tell me how it's to be called.",
    "How do I call {name}? Find it and show its signature.",
    "Find the definition of `{name}` and show its signature and docstring.",
)
CLASS_USES = (
    "Where is the class `{name}` used? I don't know where it's defined.",
    "Find the class `{name}` and everything that refers to it.",
    "Which places would notice if I changed the class {name}? I haven't located it yet.",
    "Everything that uses class {name}, please; find the class first.",
)
ALSO_USED = (
    "`{name}` is used at {spot}. Where else?",
    "I found `{name}` at {spot}. Is that its only use, or are there others?",
    "Starting from {spot}: where is `{name}` defined, and who else uses it?",
    "Where does the `{name}` at {spot} come from, and is it used anywhere else?",
)
ALONE = (
    "Nowhere else{aside}: that's the only use of `{name}`, which is defined at {at}.",
    "That's its only use{aside}. `{name}` is defined at {at}.",
    "`{name}` is defined at {at}, and nothing else uses it{aside}.",
    "It comes from {at} and isn't used anywhere else{aside}.",
)
"""The answers to ALSO_USED, in order, where there is no other use."""
BEHIND = (
    "What does the `{name}` called at {spot} call in turn?",
    "Follow the call of `{name}` at {spot} two steps: where does it go, and what does that call?",
    "I'm debugging {spot}. What could the call of `{name}` there run into in our own code?",
)
RAISES = (
    "Which functions raise `{name}`?",
    "Where does {name} get raised, and by which functions?",
    "I caught a `{name}`. Which functions of ours can it come from?",
    "Name the functions with a `raise {name}` in them.",
)
MOST_USES, MOST_LINES = 12, 12
Workflow = Callable[[Repo, Toolbox, Random], Iterator[Scene | Rejected]]


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """The workflows by turns, so that each has its share however early the quota is full."""
    workflows: tuple[Workflow, ...] = (_signature, _also_used, _raises, _class_uses, _behind)
    running = [workflow(repo, tools, chance) for workflow in workflows]
    told: set[str] = set()
    while running:
        for workflow in tuple(running):
            scene = next(workflow, None)
            if scene is None:
                running.remove(workflow)
            elif isinstance(scene, Rejected):
                yield scene
            elif scene.symbol not in told:
                told.add(scene.symbol)
                yield scene


def _signature(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """A text search for `name(` gives the position of the definition's name, which hover wants."""
    for facts, item in plain_targets(repo, chance):
        if not isinstance(item, FunctionFact) or len(repo.call_sites.get(item.name, ())) > 8:
            continue
        pattern = rf"\b{item.name}[\[(]"
        search = tools.call("search_text", pattern=pattern, glob="*.py")
        found = _definition(search.value.matches, item.name)
        question = pick(chance, SIGNATURE, name=item.name)
        if found is None or (found.file, found.line, found.column) != (facts.path, item.line, item.column):
            yield Rejected("LibCST and the search disagree", question=question)
            continue
        hover = tools.call(
            "hover", file_path=found.file, line=found.line, column=found.column, symbol=item.name
        )
        signature, _, document = hover.value.content.partition(
            "\n---------------------------------------------\n"
        )
        if not signature.startswith("def ") or signature.count("def ") > 1 or len(hover.content) > 2000:
            continue
        if "Unknown" in signature or "... omitted" in signature:
            continue
        where = f"`{item.name}` is defined at `{found.file}:{found.line}`"
        answer = f"{where}:\n\n```python\n{signature}\n```"
        first = " ".join(document.partition("\n\n")[0].split())
        if not first and question == SIGNATURE[-1].format(name=item.name):
            answer += "\n\nIt has no docstring."
        if first and len(first) < 200 and first[-1] == "." and first.count("`") % 2 == 0:
            answer += f"\n\n{first}"
        program = (
            f'for match in search_text({pattern!r}, glob="*.py").matches:\n    if "def {item.name}" in match.text:\n'
            f'        print(f"{{match.file}}:{{match.line}}")\n'
            f'        print(hover(match.file, match.line, match.column, "{item.name}").content)\n'
        )
        yield _scene(question, [search, hover], answer, facts.path, item.name, program)


def _definition(matches: Sequence[TextMatch], name: str) -> TextMatch | None:
    """The one match that is the definition, by its text."""
    own = [m for m in matches if re.match(rf"(?:async )?(?:def|class) {name}\b", m.text)]
    return own[0] if len(own) == 1 else None


def _class_uses(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    for facts, item in plain_targets(repo, chance):
        sites = repo.call_sites.get(item.name, ())
        if isinstance(item, FunctionFact) or not 0 < len(sites) <= MOST_USES:
            continue
        pattern = rf"\b{item.name}\b(\(.*\))?:$"
        search = tools.call("search_text", pattern=pattern, glob="*.py")
        found = _definition(search.value.matches, item.name)
        if found is None or len(search.value.matches) > 6:
            continue
        question = pick(chance, CLASS_USES, name=item.name)
        uses = tools.call(
            "find_references", file_path=found.file, line=found.line, column=found.column, symbol=item.name
        )
        references = uses.value.references
        places = {(r.file, r.line, r.column) for r in references}
        if any((path, call.line, call.column) not in places for path, call in sites):
            yield Rejected("LibCST sees a call that is not among the references", question=question)
            continue
        if not 0 < len(references) <= MOST_USES:
            continue
        answer = f"`{item.name}` is defined in `{found.file}`, line {found.line}, and {_used(references)}"
        program = (
            f'for match in search_text({pattern!r}, glob="*.py").matches:\n    if match.text.startswith("class {item.name}"):\n'
            f'        print(f"{{match.file}}:{{match.line}}")\n'
            f'        found = find_references(match.file, match.line, match.column, "{item.name}")\n'
            "        print(found.reference_count)\n        for use in found.references:\n"
            '            print(f"{use.file}:{use.line}: {use.preview}")\n'
        )
        groups = [list(dict.fromkeys(r.file for r in references))]
        yield _scene(question, [search, uses], answer, facts.path, item.name, program, groups)


def _used(references: Sequence[Reference]) -> str:
    """To follow "is defined … and": used once, or a list."""
    if len(references) == 1:
        [only] = references
        return f"used once, at `{only.file}:{only.line}`: `{only.preview}`."
    lines: dict[str, dict[str, None]] = {}
    for r in references:
        lines.setdefault(r.file, {})[str(r.line)] = None
    told = {file: f"line{'s' if len(at) > 1 else ''} {listing(list(at))}" for file, at in lines.items()}
    spoken = plural(len(references), "place")
    if len(told) == 1:
        [(file, at)] = told.items()
        return f"used in {spoken}, {'both' if len(references) == 2 else 'all'} in `{file}`: {at}."
    return f"used in {spoken}:\n\n{bullets([f'`{file}`: {at}' for file, at in told.items()])}"


def _also_used(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """From a use to the definition, and from there to all uses."""
    for facts, item in plain_targets(repo, chance):
        sites = repo.call_sites.get(item.name, [])
        if not 0 < len(sites) <= MOST_USES:
            continue
        path, call = chance.choice(sites)
        goto = tools.call(
            "goto_definition", file_path=path, line=call.line, column=call.column, symbol=item.name
        )
        places = goto.value.locations
        asked = chance.randrange(len(ALSO_USED))
        question = ALSO_USED[asked].format(name=item.name, spot=spot(chance, path, call.line, call.column))
        if [(p.file, p.line, p.column) for p in places] != [(facts.path, item.line, item.column)]:
            if places and not (isinstance(item, FunctionFact) and item.is_method):
                yield Rejected("LibCST and the language server disagree", question=question)
            continue
        uses = tools.call(
            "find_references", file_path=facts.path, line=item.line, column=item.column, symbol=item.name
        )
        references = uses.value.references
        found = {(r.file, r.line, r.column) for r in references}
        if any((file, c.line, c.column) not in found for file, c in sites):
            if not (isinstance(item, FunctionFact) and item.is_method):
                yield Rejected("LibCST sees a call that is not among the references", question=question)
            continue
        others = [r for r in references if (r.file, r.line, r.column) != (path, call.line, call.column)]
        if len(references) > MOST_USES or len(others) != len(references) - 1:
            continue
        at = f"`{facts.path}:{item.line}`"
        if not others:
            # Whoever uses it in another file imports it, and import lines are not among the references.
            is_imported = path != facts.path and not (isinstance(item, FunctionFact) and item.is_method)
            aside = ", import lines aside" if is_imported else ""
            answer = ALONE[asked].format(name=item.name, at=at, aside=aside)
        else:
            lead = "There are others: it's" if asked == 1 else "It's"
            answer = f"{lead} defined at {at} and {_used(others).replace('used', 'also used', 1)}"
        program = (
            f'place = goto_definition("{path}", {call.line}, {call.column}, "{item.name}").locations[0]\n'
            f'print(f"{{place.file}}:{{place.line}}")\nfound = find_references(place.file, place.line, place.column, "{item.name}")\n'
            'print(found.reference_count)\nfor use in found.references:\n    print(f"{use.file}:{use.line}: {use.preview}")\n'
        )
        groups = [[f"{r.file}:{r.line}" for r in others]]
        yield _scene(question, [goto, uses], answer, facts.path, item.name, program, groups)


def _behind(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """From a call to the function, and on to what that calls."""
    for facts, item in plain_targets(repo, chance):
        sites = repo.call_sites.get(item.name, [])
        if not isinstance(item, FunctionFact) or not sites or item.is_method:
            continue
        inner = [
            c
            for c in facts.calls
            if c.caller == item.qualname and "." not in c.name and c.name in repo.definitions
        ]
        if not inner or any(f.qualname.startswith(f"{item.qualname}.") for f in facts.functions):
            continue
        path, call = chance.choice(sites)
        goto = tools.call(
            "goto_definition", file_path=path, line=call.line, column=call.column, symbol=item.name
        )
        places = goto.value.locations
        question = pick(chance, BEHIND, name=item.name, spot=spot(chance, path, call.line, call.column))
        if [(p.file, p.line, p.column) for p in places] != [(facts.path, item.line, item.column)]:
            yield Rejected("LibCST and the language server disagree", question=question)
            continue
        tree = tools.call(
            "call_hierarchy",
            file_path=facts.path,
            line=item.line,
            column=item.column,
            symbol=item.name,
            direction="outgoing",
        )
        own = [c for c in tree.value.calls if not c.file.startswith("typeshed/")]
        seen = {(c.name, line) for c in own for line in c.call_lines}
        if not 0 < len(own) <= 8 or any((c.name, c.line) not in seen for c in inner):
            continue
        told = [f"`{c.name}` (`{c.file}:{c.line}`)" for c in own]
        answer = (
            f"`{item.name}` is the function at `{facts.path}:{item.line}`. Of the project's own code it calls"
        )
        answer += f" {listing(told)}." if len(told) < 4 else f":\n\n{bullets(told)}"
        program = (
            f'place = goto_definition("{path}", {call.line}, {call.column}, "{item.name}").locations[0]\n'
            f'print(f"{{place.file}}:{{place.line}}")\n'
            f'for call in call_hierarchy(place.file, place.line, place.column, "{item.name}", direction="outgoing").calls:\n'
            '    if not call.file.startswith("typeshed/"):\n        print(f"{call.name} {call.file}:{call.line}")\n'
        )
        yield _scene(question, [goto, tree], answer, facts.path, item.name, program)


def _raises(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """A search finds the lines, the outlines say in which functions they are."""
    raised: dict[str, list[tuple[str, int, str]]] = {}
    for facts in repo.python:
        for item in facts.raises:
            raised.setdefault(item.exception, []).append((facts.path, item.line, item.function))
    names = [n for n in raised if "." not in n and n[0].isupper() and len(raised[n]) <= MOST_LINES]
    chance.shuffle(names)
    for name in names:
        files = list(dict.fromkeys(sorted(path for path, _, _ in raised[name])))
        if len(files) > 3 or not all(function for _, _, function in raised[name]):
            continue
        pattern = rf"^\s*raise {name}\b"
        search = tools.call("search_text", pattern=pattern, glob="*.py")
        matches = search.value.matches
        question = pick(chance, RAISES, name=name)
        if {(m.file, m.line) for m in matches} != {(path, line) for path, line, _ in raised[name]}:
            yield Rejected("LibCST and the search disagree", question=question)
            continue
        outlines = [tools.call("document_symbols", file_path=file) for file in files]
        if sum(len(outline.content) for outline in outlines) > 6000:
            continue
        symbols = {outline.value.file_path: outline.value.symbols for outline in outlines}
        owners = [(m, _enclosing(symbols[m.file], m.line, "")) for m in matches]
        known = {(path, line): function.rpartition(".")[2] for path, line, function in raised[name]}
        if any(known[m.file, m.line] != owner[0] for m, owner in owners):
            yield Rejected("LibCST and the language server disagree", question=question)
            continue
        program = (
            "def owner(symbols, line):\n    for symbol in symbols:\n        if symbol.line <= line <= symbol.end_line:\n"
            "            inner = owner(symbol.children, line)\n"
            '            return f"{symbol.name} {inner}" if inner else symbol.name\n    return ""\n\n\n'
            f'for match in search_text({pattern!r}, glob="*.py").matches:\n'
            "    function = owner(document_symbols(match.file).symbols, match.line)\n"
            '    print(f"{function} {match.file}:{match.line}: {match.text}")\n'
        )
        groups = [[f"{m.file}:{m.line}" for m in matches], list(dict.fromkeys(f"{m.file}" for m in matches))]
        yield _scene(question, [search, *outlines], _raisers(name, owners), files[0], name, program, groups)


def _enclosing(symbols: Sequence[Symbol], line: int, outer: str) -> tuple[str, str]:
    """The innermost function or class around the line, and the class that it stands in directly."""
    for symbol in symbols:
        if symbol.line <= line <= symbol.end_line and symbol.kind not in ("variable", "constant", "field"):
            inner = _enclosing(symbol.children, line, symbol.name if symbol.kind == "class" else "")
            return inner if inner[0] else (symbol.name, outer)
    return "", ""


def _raisers(name: str, owners: Sequence[tuple[TextMatch, tuple[str, str]]]) -> str:
    spoken = {owner: f"`{owner[0]}`{f' of `{owner[1]}`' if owner[1] else ''}" for _, owner in owners}
    if len(owners) == 1:
        [(match, owner)] = owners
        return f"Only {spoken[owner]}, in `{match.file}`, line {match.line}: `{match.text}`."
    lines: dict[tuple[tuple[str, str], str], list[str]] = {}
    for match, owner in owners:
        lines.setdefault((owner, match.file), []).append(str(match.line))
    told = [
        f"{spoken[owner]} in `{file}`, line{'s' if len(at) > 1 else ''} {listing(at)}"
        for (owner, file), at in lines.items()
    ]
    if len(told) == 1:
        return f"Only {told[0]}."
    return f"`{name}` is raised in {plural(len(owners), 'place')}:\n\n{bullets(told)}"


def _scene(
    question: str,
    outcomes: Sequence[Outcome],
    answer: str,
    path: str,
    symbol: str,
    program: str,
    counted: Sequence[Sequence[str]] = (),
) -> Scene:
    return tool_scene(
        question, outcomes, answer, "workflow", symbol=symbol, paths=[path], counted=counted, program=program
    )
