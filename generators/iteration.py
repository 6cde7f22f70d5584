"""Go through a result and give one line for each.

user       List the lines of src/tiny_shop/reports.py with type errors, each with the rule that it breaks.
assistant  typecheck(path="src/tiny_shop/reports.py")
tool       {"success":false,"error_count":2,"warning_count":0,"errors":[{"file":"src/tiny_shop/reports.py","line":30,"column":12,"severity":"error","code":"inval…
assistant  - line 30: `invalid-explicit-return`
           - line 33: `invalid-parameter-default`
"""

from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.findings import checked, faulty, missing_package, pinned, said
from punie_data.scenario.loops import each
from punie_data.scenario.phrase import bullets, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import at, called, classes, files, functions, in_turns, literal, symbols
from punie_data.scenario.targets import spot
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox

FIRST_VIOLATIONS = (
    "Show me the first {count} ruff violations in {path}, each with its line.",
    "What are the first {count} things ruff finds in {path}?",
    "I fix lint in small steps: the next {count} violations of {path}, please, from the top.",
    "Lint {path} and give me only the first {count} findings.",
)
ERRORS = (
    "For each type error in {path}: line and rule, nothing more.",
    "List the lines of {path} with type errors, each with the rule that it breaks.",
    "Go through the type checker's findings in {path} and give me line and rule of each.",
)
CLASSES = (
    "List every class in {path} with its line.",
    "Which classes does {path} define, and on which lines?",
    "Go through {path} and give me each class with the line it starts on.",
    "I need a little index of {path}: class names and line numbers.",
)
METHODS = (
    "List the methods of `{symbol}` in {path} with their lines.",
    "Which methods does the class `{symbol}` in {path} have, and where do they start?",
    "For every method of `{symbol}` ({path}): name and line, please.",
)
SPANS = (
    "For each function at the top level of {path}: first and last line.",
    "From where to where do the top-level functions of {path} go?",
    "Go through the module-level functions in {path} and give me the lines each of them spans.",
)
REFERENCES = (
    "Give me the first {count} references to `{symbol}` ({spot}), in file order.",
    "Show the first {count} uses of `{symbol}`, defined at {spot}, with the line of code.",
    "I only need some examples of how `{symbol}` at {spot} is used: the first {count} will do.",
)
CALLERS = (
    "For every caller of `{symbol}` ({spot}): its name and where it's defined.",
    "List the functions that call `{symbol}` at {spot}, each with file and line.",
    "Who calls `{symbol}`, defined at {spot}? One line per caller.",
)
SUBCLASSES = (
    "List each direct subclass of `{symbol}` ({spot}) with its file and line.",
    "Go through the classes that derive from `{symbol}` at {spot} and tell me where each is.",
)
PER_FILE_LINT = (
    "For each Python file under {path}: how many ruff violations does it have?",
    "Break the lint violations down by file for {path}: list its Python files and check each.",
    "List the .py files in {path}, lint them one by one and give me a count per file.",
)
PER_FILE_TYPES = (
    "For each Python file under {path}: how many type errors?",
    "Type-check the .py files in {path} one by one and give me the number of errors of each.",
)
MATCHES = (
    "Give me the first {count} lines that mention `{word}`{place}, with file and line number.",
    "Where does `{word}` first come up{place}? The first {count} matching lines, please.",
    "Search for `{word}`{place} and show only the first {count} hits.",
)
MOST = 14


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Each kind of list in turn."""
    read = [facts.path for facts in files(repo, chance)]
    streams = [
        first_violations(tools, chance, faulty(tools, read[:80], most=12)),
        class_index(repo, tools, chance, read),
        references(repo, tools, chance),
        methods(repo, tools, chance),
        type_errors(repo, tools, chance),
        callers(repo, tools, chance),
        per_file(repo, tools, chance, "ruff_check", "violation_count", PER_FILE_LINT, "violation"),
        spans(repo, tools, chance, read),
        subclasses(repo, tools, chance),
        matches(repo, tools, chance),
        per_file(repo, tools, chance, "typecheck", "error_count", PER_FILE_TYPES, "type error"),
    ]
    chance.shuffle(streams)
    yield from in_turns(*streams)


def scene(
    question: str, outcomes: Outcome | Sequence[Outcome], answer: str, program: str, *,
    symbol: str = "", paths: Sequence[str] = (), counted: Sequence[Sequence[str]] = (),
) -> Scene:  # fmt: skip
    return tool_scene(
        question,
        outcomes,
        sentence(answer),
        "iteration",
        symbol=symbol,
        paths=paths,
        counted=counted,
        program=program,
    )


def first_violations(tools: Toolbox, chance: Random, paths: Sequence[str]) -> Iterator[Scene]:
    for path in paths:
        outcome = tools.call("ruff_check", path=path)
        found = outcome.value.violations
        wanted = chance.choice((2, 3, 3, 4, 5))
        if len(found) < 2 and wanted > 2:
            continue
        answer = bullets([said(v, path) for v in found[:wanted]])
        if len(found) == 1:
            answer = f"there is only one, {pinned(found[0], path)}."
        elif len(found) < wanted:
            answer = f"there are only {number(len(found))}:\n\n{answer}"
        program = (
            f"result = {called(outcome)}\nprint(result.violation_count)\nfor violation in result.violations[:{wanted}]:\n"
            '    print(f"line {violation.line}: {violation.message} ({violation.code})")'
        )
        question = pick(chance, FIRST_VIOLATIONS, count=number(wanted), path=path)
        yield scene(question, outcome, answer, program, paths=[path])


def type_errors(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    choice = checked(repo, tools).files
    for facts in chance.sample(choice, len(choice)):
        outcome = tools.call("typecheck", path=facts.path)
        found = [issue for issue in outcome.value.errors if issue.severity == "error"]
        if not 2 <= len(found) <= MOST or any(missing_package(issue, repo) for issue in found):
            continue
        program = each(
            outcome, "errors", "issue", 'f"line {issue.line}: {issue.code}"', 'issue.severity == "error"'
        )
        answer = bullets([f"line {issue.line}: `{issue.code}`" for issue in found])
        yield scene(pick(chance, ERRORS, path=facts.path), outcome, answer, program, paths=[facts.path])


def class_index(
    repo: Repo, tools: Toolbox, chance: Random, paths: Sequence[str]
) -> Iterator[Scene | Rejected]:
    for path in paths:
        outer = [item for item in repo.facts[path].classes if not item.is_nested]
        if not 2 <= len(outer) <= MOST:
            continue
        outcome = tools.call("document_symbols", file_path=path)
        found = [symbol for symbol in outcome.value.symbols if symbol.kind == "class"]
        question = pick(chance, CLASSES, path=path)
        if [(symbol.name, symbol.line) for symbol in found] != [(item.name, item.line) for item in outer]:
            yield Rejected("LibCST and the language server disagree", question=question, detail=path)
            continue
        program = each(
            outcome, "symbols", "symbol", 'f"{symbol.name}: line {symbol.line}"', 'symbol.kind == "class"'
        )
        answer = f"{plural(len(found), 'class', 'classes')}:\n\n" + bullets(
            [f"`{s.name}`, line {s.line}" for s in found]
        )
        yield scene(question, outcome, answer, program, paths=[path], counted=[[s.name for s in found]])


def methods(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Of classes that define each once: overloads, and a property with its setter, would be listed as so many methods."""
    for path, item in classes(repo, chance):
        if not 2 <= len(item.methods) <= MOST:
            continue
        outcome = tools.call("document_symbols", file_path=path)
        found = [
            s
            for symbol in outcome.value.symbols
            if symbol.name == item.name
            for s in symbol.children
            if s.kind in ("method", "constructor")
        ]
        if len(outcome.content) > 6000 or not found or len({s.name for s in found}) < len(found):
            continue
        program = (
            f"result = {called(outcome)}\nfor symbol in result.symbols:\n    if symbol.name == {literal(item.name)}:\n"
            '        for child in symbol.children:\n            if child.kind in ("method", "constructor"):\n'
            '                print(f"{child.name}: line {child.line}")'
        )
        answer = f"`{item.name}` has {plural(len(found), 'method')}:\n\n" + bullets(
            [f"`{s.name}`, line {s.line}" for s in found]
        )
        question = pick(chance, METHODS, symbol=item.name, path=path)
        yield scene(
            question,
            outcome,
            answer,
            program,
            symbol=item.name,
            paths=[path],
            counted=[[s.name for s in found]],
        )


def spans(repo: Repo, tools: Toolbox, chance: Random, paths: Sequence[str]) -> Iterator[Scene]:
    for path in paths:
        outer = [f for f in repo.facts[path].functions if not f.is_method and not f.is_nested]
        if not 2 <= len(outer) <= 10:
            continue
        outcome = tools.call("document_symbols", file_path=path)
        found = [symbol for symbol in outcome.value.symbols if symbol.kind == "function"]
        if not found or len(outcome.content) > 6000 or len({s.name for s in found}) < len(found):
            continue
        printed = 'f"{symbol.name}: {symbol.line} to {symbol.end_line}"'
        program = each(outcome, "symbols", "symbol", printed, 'symbol.kind == "function"')
        answer = bullets([f"`{s.name}`: lines {s.line} to {s.end_line}" for s in found])
        yield scene(pick(chance, SPANS, path=path), outcome, answer, program, paths=[path])


def references(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    for path, item in symbols(repo, chance):
        outcome = tools.call("find_references", **at(path, item))
        found = outcome.value.references
        wanted = chance.choice((2, 3, 4, 5))
        shown = {(r.file, r.line) for r in found[:wanted]}
        if len(found) <= wanted or len(shown) < wanted or len(outcome.content) > 5000:
            continue
        program = (
            f"result = {called(outcome)}\nfor reference in result.references[:{wanted}]:\n"
            '    print(f"{reference.file}:{reference.line}: {reference.preview}")'
        )
        where = spot(chance, path, item.line, item.column)
        question = pick(chance, REFERENCES, count=number(wanted), symbol=item.name, spot=where)
        answer = bullets(
            [
                f"`{r.file}:{r.line}`: `{r.preview}`" if "`" not in r.preview else f"`{r.file}:{r.line}`"
                for r in found[:wanted]
            ]
        )
        yield scene(question, outcome, answer, program, symbol=item.name, paths=[path])


def callers(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    for path, item in functions(repo, chance):
        outcome = tools.call("call_hierarchy", **at(path, item))
        found = outcome.value.calls
        if not 2 <= len(found) <= MOST:
            continue
        program = each(outcome, "calls", "call", 'f"{call.name}: {call.file}:{call.line}"')
        question = pick(chance, CALLERS, symbol=item.name, spot=spot(chance, path, item.line, item.column))
        answer = bullets([f"`{call.name}`, `{call.file}:{call.line}`" for call in found])
        yield scene(question, outcome, answer, program, symbol=item.name, paths=[path])


def subclasses(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    for path, item in classes(repo, chance):
        if not 2 <= len(repo.subclasses.get(item.name, ())) <= MOST:
            continue
        outcome = tools.call("type_hierarchy", **at(path, item))
        found = outcome.value.types
        if len(found) < 2:
            continue
        program = each(outcome, "types", "found", 'f"{found.name}: {found.file}:{found.line}"')
        question = pick(chance, SUBCLASSES, symbol=item.name, spot=spot(chance, path, item.line, item.column))
        answer = bullets([f"`{other.name}`, `{other.file}:{other.line}`" for other in found])
        yield scene(question, outcome, answer, program, symbol=item.name, paths=[path])


def per_file(
    repo: Repo, tools: Toolbox, chance: Random, tool: str, field: str, questions: Sequence[str], noun: str
) -> Iterator[Scene]:
    """A folder's files, then a call for each of them."""
    folders = {facts.path.rpartition("/")[0] for facts in repo.python} - {""}
    if tool == "typecheck":
        folders = set(checked(repo, tools).folders)
    small = [
        folder
        for folder in sorted(folders)
        if 2 <= sum(path.startswith(f"{folder}/") and path.endswith(".py") for path in repo.paths) <= 5
    ]
    for folder in chance.sample(small, min(4, len(small))):
        listed = tools.call("list_files", path=folder, pattern="*.py")
        outcomes = [tools.call(tool, path=path) for path in listed.value.files]
        if sum(len(outcome.content) for outcome in outcomes) > 6000:
            continue
        if tool == "typecheck" and any(missing_package(i, repo) for o in outcomes for i in o.value.errors):
            continue
        counts = [
            (path, getattr(outcome.value, field))
            for path, outcome in zip(listed.value.files, outcomes, strict=True)
        ]
        program = f'for path in {called(listed)}.files:\n    print(f"{{path}}: {{{tool}(path).{field}}}")'
        answer = bullets([f"`{path}`: {plural(count, noun)}" for path, count in counts])
        yield scene(
            pick(chance, questions, path=folder),
            [listed, *outcomes],
            answer,
            program,
            paths=[p for p, _ in counts],
        )


def matches(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    tops = sorted({path.split("/")[0] for path in repo.facts if "/" in path})
    for _, item in symbols(repo, chance):
        folder = chance.choice([*tops, ""])
        given = {"path": folder} if folder else {}
        outcome = tools.call("search_text", pattern=rf"\b{item.name}\b", **given)
        found = outcome.value.matches
        wanted = chance.choice((2, 3, 4))
        if len(found) <= wanted or len(outcome.content) > 4000 or any("`" in m.text for m in found[:wanted]):
            continue
        program = (
            f"result = {called(outcome)}\nfor match in result.matches[:{wanted}]:\n"
            '    print(f"{match.file}:{match.line}: {match.text}")'
        )
        question = pick(
            chance, MATCHES, count=number(wanted), word=item.name, place=f" in {folder}" if folder else ""
        )
        answer = bullets([f"`{m.file}:{m.line}`: `{m.text}`" for m in found[:wanted]])
        yield scene(question, outcome, answer, program, symbol=item.name)
