"""What does this file define?

user       Before I read src/tiny_shop/notifications.py: what are its main pieces, and where do they start?
assistant  document_symbols(file_path="src/tiny_shop/notifications.py")
tool       {"success":true,"file_path":"src/tiny_shop/notifications.py","symbol_count":6,"symbols":[{"name":"Listener","kind":"variable","line":12,"end_line":12,…
assistant  `src/tiny_shop/notifications.py` defines:

           - class `Outbox` (lines 16–29) with `order_placed` and `drain`
           - function `send_all` (line 32)
           - module-level name `Listener` (line 12)
"""

from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import mixed
from punie_data.tools.base import Outcome
from punie_data.tools.results import Symbol
from punie_data.tools.toolbox import Toolbox

OUTLINE = (
    "What's in {path}?",
    "Give me an outline of {path}.",
    "I've never opened {path} before. What does it define?",
    "outline {path}",
    "Could you list the classes and functions of `{path}`, with line numbers?",
    "Before I read {path}: what are its main pieces, and where do they start?",
    "Call `document_symbols` on {path} and list what it defines.",
    "{path} came up in the meeting. What does it define?",
)
METHODS = (
    "Which methods does `{name}` in {path} have?",
    "What can I call on `{name}` objects? The class is in {path}.",
    "List the methods of class `{name}` ({path}) with their lines.",
    "`{name}` in `{path}`: what methods does it define itself?",
    "Is `{name}` in {path} a big class? Which methods does it have?",
    "methods of {name}, {path}",
    "The class from the ticket is `{name}` in {path}. Which methods does it have?",
)
SPANS = (
    "On which lines of {path} is `{name}`?",
    "Where does `{name}` start and end in {path}?",
    "Which line range of {path} do I have to read to see all of `{name}`?",
    "Give me the first and last line of `{name}` in `{path}`.",
    "I'd like to cut `{name}` out of {path}. From which line to which?",
    "line span of {name} in {path}?",
)
COUNTS = (
    "How many classes does {path} define at the top level?",
    "How many top-level functions are there in {path}?",
    "Is {path} mostly classes or mostly functions?",
)
MISSING_ANSWERS = (
    "There's no file `{path}` in the project, so there's nothing to outline. Is the path complete, seen from the project root?",
    "The project has no `{path}`. Paths count from the project root; perhaps the file lies elsewhere or was moved.",
)
SPAN_ANSWERS = (
    "`{name}` spans lines {first}–{last} of `{path}`.",
    "From line {first} to line {last}.",
    "Lines {first} to {last}: that's all of `{name}`.",
)
LEAST, MOST, SHOWN, MISSING_QUOTA = 2, 45, 15, 2


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Files of moderate size; the server's outline must have the classes and functions that LibCST has."""
    missing = MISSING_QUOTA
    for facts in mixed(repo, chance):
        size = len(facts.classes) + len(facts.functions) + len(facts.variables)
        if not LEAST <= size <= MOST:
            continue
        if missing and "/" in facts.path and chance.random() < 0.08:
            missing -= 1
            scene = _missing(repo, tools, chance, facts.path)
            if scene is not None:
                yield scene
            continue
        outcome = tools.call("document_symbols", file_path=facts.path)
        symbols = outcome.value.symbols
        if not _agree(facts, symbols):
            yield Rejected(
                "LibCST and the language server disagree", question=pick(chance, OUTLINE, path=facts.path)
            )
            continue
        yield _scene(chance, facts, outcome)


def _agree(facts: FileFacts, symbols: Sequence[Symbol]) -> bool:
    """Whether the top-level classes and functions are the same, names and lines."""
    seen = {(s.name, s.line) for s in symbols if s.kind in ("class", "function")}
    own = {(c.name, c.line) for c in facts.classes if not c.is_nested}
    own |= {(f.name, f.line) for f in facts.functions if f.qualname == f.name}
    return seen == own


def _scene(chance: Random, facts: FileFacts, outcome: Outcome) -> Scene:
    symbols = outcome.value.symbols
    # A decorated definition begins above its name, which the outline doesn't show: nothing is said of where it starts.
    plain = {item.line for item in (*facts.classes, *facts.functions) if not item.decorators}
    named = [s for s in symbols if s.kind in ("class", "function") and s.end_line > s.line + 3]
    whole = [s for s in named if s.line in plain and not s.name.startswith("test_")]
    rich = [s for s in named if s.kind == "class" and s.name[0] != "_" and len(_methods(s)) > 1]
    draw = chance.random()
    groups: list[list[str]] = []
    about = ""
    if rich and draw < 0.35:
        found = chance.choice(rich)
        about = found.name
        question = pick(chance, METHODS, path=facts.path, name=found.name)
        answer, groups = _methods_told(chance, found)
    elif whole and draw < 0.55:
        found = chance.choice(whole)
        about = found.name
        question = pick(chance, SPANS, path=facts.path, name=found.name)
        answer = pick(
            chance, SPAN_ANSWERS, path=facts.path, name=found.name, first=found.line, last=found.end_line
        )
    elif 0.55 <= draw < 0.7 and named:
        at = chance.randrange(len(COUNTS))
        question = COUNTS[at].format(path=facts.path)
        answer, groups = _counted(symbols, at)
    else:
        question = pick(chance, OUTLINE, path=facts.path)
        answer, groups = _outline(chance, facts.path, symbols)
    return tool_scene(
        question, outcome, answer, "structure", symbol=about, paths=[facts.path], counted=groups
    )


def _methods(symbol: Symbol) -> dict[str, list[int]]:
    """Its methods by name with their lines; a property and its setter, or overloads, are one name."""
    found: dict[str, list[int]] = {}
    for child in symbol.children:
        if child.kind in ("method", "constructor", "function"):
            found.setdefault(child.name, []).append(child.line)
    return found


def _methods_told(chance: Random, found: Symbol) -> tuple[str, list[list[str]]]:
    methods = _methods(found)
    names = list(methods)
    told = [
        f"`{name}` (line{'s' if len(lines) > 1 else ''} {listing([str(line) for line in lines])})"
        for name, lines in methods.items()
    ][:SHOWN]
    spoken = plural(len(methods), "method")
    openings = (
        f"`{found.name}` defines {spoken}:",
        f"{sentence(spoken)}:",
        f"`{found.name}` (lines {found.line}–{found.end_line}) defines {spoken}:",
    )
    rest = names[SHOWN:]
    more = f"\n\nand {number(len(rest))} more, up to `{rest[-1]}`." if len(rest) > 1 else ""
    if len(rest) == 1:
        told.append(f"`{rest[0]}` (line {methods[rest[0]][0]})")
    return f"{chance.choice(openings)}\n\n{bullets(told)}{more}", [names, rest]


def _counted(symbols: Sequence[Symbol], at: int) -> tuple[str, list[list[str]]]:
    """The answer to COUNTS[at]."""
    classes = [s.name for s in symbols if s.kind == "class"]
    functions = list(dict.fromkeys(s.name for s in symbols if s.kind == "function"))
    groups = [classes, functions]
    told = {
        "classes": plural(len(classes), "class", "classes"),
        "functions": plural(len(functions), "function"),
    }
    if at == 2:
        if len(classes) == len(functions):
            return f"Half and half: {told['classes']} and {told['functions']} at the top level.", groups
        many, few = ("classes", "functions") if len(classes) > len(functions) else ("functions", "classes")
        if not (classes and functions):
            return f"Only {many}: {told[many]}, and {told[few]} at the top level.", groups
        return f"Mostly {many}: {told[many]} against {told[few]} at the top level.", groups
    kind, names = (("classes", classes), ("functions", functions))[at]
    other = "functions" if kind == "classes" else "classes"
    if not names:
        return f"None. At the top level it defines {told[other]} and no {kind}.", groups
    if len(names) > SHOWN:
        return f"{sentence(told[kind])}, from `{names[0]}` to `{names[-1]}`.", groups
    return f"{sentence(told[kind])}: {listing([f'`{name}`' for name in names])}.", groups


def _outline(chance: Random, path: str, symbols: Sequence[Symbol]) -> tuple[str, list[list[str]]]:
    """A line for each class with its public methods, one for all functions, one for everything else."""
    lines: list[str] = []
    groups: list[list[str]] = []
    for symbol in symbols:
        if symbol.kind != "class":
            continue
        methods = [name for name in _methods(symbol) if not name.startswith("_")]
        groups.append(methods)
        told = f" with {listing([f'`{name}`' for name in methods])}" if methods else ""
        if len(methods) > 6:
            told = f" with {number(len(methods))} public methods, from `{methods[0]}` to `{methods[-1]}`"
        lines.append(f"class `{symbol.name}` (lines {symbol.line}–{symbol.end_line}){told}")
    kinds = {"function": "function", "module-level name": ""}
    for one, kind in kinds.items():
        at: dict[str, list[str]] = {}
        for symbol in symbols:
            if symbol.kind == kind or (not kind and symbol.kind not in ("class", "function")):
                at.setdefault(symbol.name, []).append(str(symbol.line))
        told = [f"`{name}` (line{'s' if len(n) > 1 else ''} {listing(n)})" for name, n in at.items()]
        groups.append(list(at))
        if len(told) > 10:
            lines.append(f"{plural(len(told), one)}, from {told[0]} to {told[-1]}")
        elif told:
            lines.append(f"{one if len(told) == 1 else one + 's'} {listing(told)}")
    if len(lines) == 1:
        return f"Only the {lines[0]}.", groups
    return chance.choice(("", "It defines:\n\n", f"`{path}` defines:\n\n")) + bullets(lines), groups


def _missing(repo: Repo, tools: Toolbox, chance: Random, path: str) -> Scene | None:
    """The path without its first folder, as somebody writes it who stands in that folder."""
    short = path.partition("/")[2]
    if short in repo.paths:
        return None
    outcome = tools.call("document_symbols", file_path=short)
    return tool_scene(
        pick(chance, OUTLINE, path=short), outcome, pick(chance, MISSING_ANSWERS, path=short), "structure"
    )
