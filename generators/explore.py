"""Find it first, then look: two to four tools in a row.

user       What does tiny_shop/reports.py define?
assistant  document_symbols(file_path="tiny_shop/reports.py")
tool       {"success":false,"file_path":"tiny_shop/reports.py","symbol_count":0,"symbols":[],"parse_error":"no such file: tiny_shop/reports.py"}
assistant  list_files(pattern="reports.py")
tool       {"success":true,"path":".","file_count":1,"files":["src/tiny_shop/reports.py"],"parse_error":null}
assistant  document_symbols(file_path="src/tiny_shop/reports.py")
tool       {"success":true,"file_path":"src/tiny_shop/reports.py","symbol_count":4,"symbols":[{"name":"revenue","kind":"function","line":12,"end_line":14,"children":[]},{"name":"best_sellers","kind":"function","line":17,"end_line":23,"childr…
assistant  There's no `tiny_shop/reports.py`, but there is `src/tiny_shop/reports.py`. It defines the functions `revenue`, `best_sellers`, `busiest_day` and `summary`.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from textwrap import dedent

from punie_data.chat import Rejected
from punie_data.code.facts import ClassFact, FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import listing, number, pick, plural
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import is_telling, mixed, plain_targets, spot
from punie_data.tools.base import Outcome
from punie_data.tools.results import Symbol
from punie_data.tools.toolbox import Toolbox

Item = ClassFact | FunctionFact
SHOW = (
    "Show me the code of `{name}`. I don't know which file it's in.",
    "Find `{name}` and print its source.",
    "What does the implementation of `{name}` look like?",
    "I need to read `{name}` from start to end, wherever it is.",
    "Pull up {name} for me, please: the file and the whole definition.",
    "source of {name}",
)
STEP_IN = (
    "`{name}` is used at {spot}. What does its code look like?",
    "Step into `{name}` ({spot}) and show me what's there.",
    "I'm at {spot} and want to read the definition behind `{name}`.",
    "The bug may be inside `{name}`, which is used at {spot}. Let me see its source.",
)
FOLDERLESS = (
    "What's in {file}? I've forgotten which folder it's in.",
    "{file} must be somewhere. Find it and tell me what it defines.",
    "Find {file} for me, wherever it lives: which classes and functions does it define?",
)
MISPLACED = (
    "What does {path} define?",
    "Give me the outline of {path}; I may have the folder wrong.",
    "List the classes and functions of `{path}`.",
)
MODEL = (
    "I want to write another subclass of `{name}` ({spot}). Show me an existing one that I can follow.",
    "Give me an example of a class that derives from `{name}`, defined at {spot}.",
    "How do subclasses of `{name}` at {spot} look? One will do.",
)
OVERRIDE = (
    "How is `{name}` from {spot} overridden? Show me one of the overrides.",
    "I have to override `{name}` ({spot}). Let me see how somebody else did it.",
    "Print one implementation of `{name}`, the method at {spot}.",
)
LONGEST, LARGEST, LARGEST_STEP, MOST_NAMED = 26, 4500, 2500, 12
Workflow = Callable[[Repo, Toolbox, Random], Iterator[Scene | Rejected]]


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """The workflows by turns, so that each has its share however early the quota is full."""
    workflows: tuple[Workflow, ...] = (
        _show, _step_in, _folderless, _model, _override, _misplaced,
    )  # fmt: skip
    running = [workflow(repo, tools, chance) for workflow in workflows]
    told: set[str] = set()
    while running:
        for workflow in tuple(running):
            scene = next(workflow, None)
            if scene is None:
                running.remove(workflow)
            elif isinstance(scene, Rejected) or scene.paths[0] + scene.symbol not in told:
                if isinstance(scene, Scene):
                    told.add(scene.paths[0] + scene.symbol)
                yield scene


def _is_short(item: Item) -> bool:
    return 1 < item.end_line - item.line < LONGEST


def _symbol(symbols: Sequence[Symbol], line: int) -> Symbol | None:
    """The class or function whose name stands on the line, at any depth."""
    for symbol in symbols:
        if symbol.line == line and symbol.kind not in ("variable", "constant", "field"):
            return symbol
        found = _symbol(symbol.children, line)
        if found is not None:
            return found
    return None


def _read(tools: Toolbox, file: str, line: int) -> tuple[Outcome, Outcome, Symbol] | None:
    """The outline of a file and the text of what is defined on the line; None where the outline doesn't show it."""
    outline = tools.call("document_symbols", file_path=file)
    symbol = _symbol(outline.value.symbols, line)
    if symbol is None or len(outline.content) > LARGEST_STEP:
        return None
    text = tools.call("read_file", path=file, first_line=symbol.line, last_line=symbol.end_line)
    # A docstring with an example of its own would end the answer's block of code.
    return None if "```" in text.value else (outline, text, symbol)


def _code(text: Outcome) -> str:
    return f"```python\n{dedent(text.value).rstrip()}\n```"


def _shown(chance: Random, name: str, file: str, symbol: Symbol, text: Outcome) -> str:
    opening = pick(
        chance,
        ("`{name}` is in `{file}`, lines {first}–{last}:", "`{file}`, lines {first} to {last}:", "It's in `{file}` (lines {first}–{last}):"),
        name=name, file=file, first=symbol.line, last=symbol.end_line,
    )  # fmt: skip
    return f"{opening}\n\n{_code(text)}"


FIND_SYMBOL = """def find(symbols, line):
    for symbol in symbols:
        if symbol.line == line:
            return symbol
        inner = find(symbol.children, line)
        if inner is not None:
            return inner
    return None


"""
READ_SYMBOL = """symbol = find(document_symbols({file}).symbols, {line})
print(f"{{{file}}}:{{symbol.line}} to {{symbol.end_line}}")
print(read_file({file}, symbol.line, symbol.end_line))
"""


def _show(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    for facts, item in plain_targets(repo, chance):
        if not _is_short(item):
            continue
        search = tools.call("workspace_symbols", query=item.name)
        own = [s for s in search.value.symbols if s.name == item.name]
        if len(search.value.symbols) > 15 or len(own) != 1:
            continue
        question = pick(chance, SHOW, name=item.name)
        if (own[0].file, own[0].line) != (facts.path, item.line):
            yield Rejected("LibCST and the language server disagree", question=question)
            continue
        read = _read(tools, own[0].file, own[0].line)
        if read is None:
            continue
        outline, text, symbol = read
        program = f'{FIND_SYMBOL}place = workspace_symbols("{item.name}").symbols[0]\n' + READ_SYMBOL.format(
            file="place.file", line="place.line"
        )
        answer = _shown(chance, item.name, facts.path, symbol, text)
        yield _scene(question, [search, outline, text], answer, facts.path, item.name, program)


def _step_in(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    for facts, item in plain_targets(repo, chance):
        sites = [(path, c) for path, c in repo.call_sites.get(item.name, ()) if c.caller != item.name]
        if not _is_short(item) or not sites:
            continue
        path, call = chance.choice(sites)
        goto = tools.call(
            "goto_definition", file_path=path, line=call.line, column=call.column, symbol=item.name
        )
        places = goto.value.locations
        question = pick(chance, STEP_IN, name=item.name, spot=spot(chance, path, call.line, call.column))
        if [(place.file, place.line) for place in places] != [(facts.path, item.line)]:
            if not places or (isinstance(item, FunctionFact) and item.is_method):
                continue
            yield Rejected("LibCST and the language server disagree", question=question)
            continue
        read = _read(tools, facts.path, item.line)
        if read is None:
            continue
        outline, text, symbol = read
        program = (
            f'{FIND_SYMBOL}place = goto_definition("{path}", {call.line}, {call.column}, "{item.name}").locations[0]\n'
            + READ_SYMBOL.format(file="place.file", line="place.line")
        )
        answer = _shown(chance, item.name, facts.path, symbol, text)
        yield _scene(question, [goto, outline, text], answer, facts.path, item.name, program)


def _folderless(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    names = [path.rpartition("/")[2] for path in repo.paths]
    for facts in mixed(repo, chance):
        name = facts.path.rpartition("/")[2]
        if (
            names.count(name) > 1
            or "/" not in facts.path
            or not 0 < len(facts.classes) + len(facts.functions) < 25
        ):
            continue
        listed = tools.call("list_files", pattern=name)
        outline = tools.call("document_symbols", file_path=facts.path)
        told, groups = _defined(outline.value.symbols)
        if not told or len(outline.content) > LARGEST:
            continue
        question = pick(chance, FOLDERLESS, file=name)
        answer = f"It's `{facts.path}`, which defines {told}."
        program = (
            f'path = list_files(pattern="{name}").files[0]\nprint(path)\n'
            "for symbol in document_symbols(path).symbols:\n    print(symbol.kind, symbol.name, symbol.line)\n"
        )
        yield _scene(question, [listed, outline], answer, facts.path, "", program, groups)


def _misplaced(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """A path without its first folder: the error names no file, a listing finds it."""
    names = [path.rpartition("/")[2] for path in repo.paths]
    for facts in mixed(repo, chance):
        wrong, name = facts.path.partition("/")[2], facts.path.rpartition("/")[2]
        if facts.path.count("/") < 2 or wrong in repo.paths or names.count(name) > 1:
            continue
        failed = tools.call("document_symbols", file_path=wrong)
        listed = tools.call("list_files", pattern=name)
        outline = tools.call("document_symbols", file_path=facts.path)
        told, groups = _defined(outline.value.symbols)
        if not told or failed.ok or len(outline.content) > LARGEST:
            continue
        question = pick(chance, MISPLACED, path=wrong)
        answer = f"There's no `{wrong}`, but there is `{facts.path}`. It defines {told}."
        program = (
            f'result = document_symbols("{wrong}")\nif result.parse_error:\n    print(result.parse_error)\n'
            f'    path = list_files(pattern="{name}").files[0]\n    print(path)\n    result = document_symbols(path)\n'
            "for symbol in result.symbols:\n    print(symbol.kind, symbol.name, symbol.line)\n"
        )
        yield _scene(question, [failed, listed, outline], answer, facts.path, "", program, groups)


def _defined(symbols: Sequence[Symbol]) -> tuple[str, list[list[str]]]:
    """The top level in words, to follow "defines"."""
    parts, groups = [], []
    for kind, many in (("class", "classes"), ("function", "functions"), ("name", "names")):
        kinds = ("variable", "constant") if kind == "name" else (kind,)
        names = list(
            dict.fromkeys(s.name for s in symbols if s.kind in kinds and not s.name.startswith("__"))
        )
        groups.append(names)
        if kind == "name" and parts and names:
            one, many = "module-level name", "module-level names"
            named = listing([f"`{name}`" for name in names])
            parts.append(
                f"the {one if len(names) == 1 else many} {named}"
                if len(names) < 6
                else f"{number(len(names))} {many}"
            )
        elif kind == "name":
            continue
        elif len(names) > MOST_NAMED:
            parts.append(f"{number(len(names))} {many}, from `{names[0]}` to `{names[-1]}`")
        elif names:
            parts.append(
                f"the {kind if len(names) == 1 else many} {listing([f'`{name}`' for name in names])}"
            )
    if len(parts) == 3:
        return f"{parts[0]}, {parts[1]} and {parts[2]}", groups
    joint = " as well as " if any(len(g) > 1 for g in groups) else " and "
    return (f",{joint}" if len(groups[0]) > MOST_NAMED or len(groups[1]) > MOST_NAMED else joint).join(
        parts
    ), groups


def _model(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    for facts in mixed(repo, chance):
        for item in facts.classes:
            below = sorted(repo.subclasses.get(item.name, ()), key=lambda pair: (pair[0].path, pair[1].line))
            if (
                not below
                or len(repo.definitions[item.name]) != 1
                or not is_telling(item.name)
                or item.is_nested
            ):
                continue
            if below[0][1].is_nested or below[0][1].decorators or not _is_short(below[0][1]):
                continue
            tree = tools.call(
                "type_hierarchy", file_path=facts.path, line=item.line, column=item.column, symbol=item.name
            )
            types = tree.value.types
            question = pick(
                chance, MODEL, name=item.name, spot=spot(chance, facts.path, item.line, item.column)
            )
            if not types or (types[0].file, types[0].line) != (below[0][0].path, below[0][1].line):
                yield Rejected("LibCST and the language server disagree", question=question)
                continue
            read = _read(tools, types[0].file, types[0].line)
            if read is None:
                continue
            outline, text, symbol = read
            others = (
                f", one of {plural(len(types), 'direct subclass', 'direct subclasses')}"
                if len(types) > 1
                else ", the only one"
            )
            answer = f"`{symbol.name}`{others}, in `{types[0].file}`, lines {symbol.line}–{symbol.end_line}:\n\n{_code(text)}"
            program = (
                f'{FIND_SYMBOL}types = type_hierarchy("{facts.path}", {item.line}, {item.column}, "{item.name}").types\n'
                "print(len(types), types[0].name)\n"
                + READ_SYMBOL.format(file="types[0].file", line="types[0].line")
            )
            yield _scene(question, [tree, outline, text], answer, facts.path, item.name, program)


def _override(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    for facts in mixed(repo, chance):
        for item in facts.classes:
            if item.name not in repo.subclasses or len(repo.definitions[item.name]) != 1:
                continue
            below = {name for _, c in repo.subclasses[item.name] for name in c.methods if is_telling(name)}
            methods = [
                f
                for f in facts.functions
                if f.class_name == item.qualname and f.name in below and not f.decorators
            ]
            if not methods:
                continue
            method = chance.choice(methods)
            found = tools.call(
                "find_implementations",
                file_path=facts.path,
                line=method.line,
                column=method.column,
                symbol=method.name,
            )
            places = found.value.implementations
            if not 0 < len(places) <= 20:
                continue
            read = _read(tools, places[0].file, places[0].line)
            if read is None or not 1 < read[2].end_line - read[2].line < LONGEST:
                continue
            outline, text, symbol = read
            owner = next(
                (s.name for s in outline.value.symbols if symbol in s.children and s.kind == "class"), ""
            )
            if not owner:
                continue
            question = pick(
                chance, OVERRIDE, name=method.name, spot=spot(chance, facts.path, method.line, method.column)
            )
            others = (
                f"There are {plural(len(places), 'override')}; here is the one"
                if len(places) > 1
                else "There's only one override,"
            )
            answer = f"{others} in `{owner}` (`{places[0].file}`, lines {symbol.line}–{symbol.end_line}):\n\n{_code(text)}"
            program = (
                f'{FIND_SYMBOL}found = find_implementations("{facts.path}", {method.line}, {method.column}, "{method.name}")\n'
                "print(found.implementation_count)\nplace = found.implementations[0]\n"
                "for outer in document_symbols(place.file).symbols:\n    if outer.line <= place.line <= outer.end_line:\n        print(outer.name)\n"
                + READ_SYMBOL.format(file="place.file", line="place.line")
            )
            yield _scene(question, [found, outline, text], answer, facts.path, method.name, program)


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
