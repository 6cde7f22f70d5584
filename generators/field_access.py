"""One field of a typed result is the answer.

user       If I let ruff fix src/tiny_shop/reports.py, how many violations would go away by themselves?
assistant  ruff_check(path="src/tiny_shop/reports.py")
tool       {"success":false,"violation_count":4,"fixable_count":3,"violations":[{"file":"src/tiny_shop/reports.py","line":3,"column":1,"code":"I001","message":"I…
assistant  Three violations can be fixed automatically.
"""

from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.fields import LONGEST, Asked, Targets, path_targets, scenes
from punie_data.scenario.findings import checked, missing_package
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import (
    Symbol,
    at,
    called,
    classes,
    files,
    functions,
    in_turns,
    literal,
    symbols,
)
from punie_data.scenario.targets import is_telling, spot
from punie_data.tools.toolbox import Toolbox

MOST_FILES = 60

REFERENCES = Asked(
    "reference_count",
    (
        "How many times is `{symbol}` ({spot}) used in this project?",
        "Reference count of `{symbol}` at {spot}?",
        "I want to change how `{symbol}` behaves, defined at {spot}. How many places use it, imports not counted?",
        "I need a number: how many references to `{symbol}` ({spot}) are there?",
    ),
    ("`{symbol}` has {n}.", "{n}, the definition not counted.", "The project has {n} to `{symbol}`."),
    ("reference", "references"),
)
CALLERS = Asked(
    "call_count",
    (
        "How many callers does `{symbol}` ({spot}) have?",
        "I want to change the signature of `{symbol}` at {spot}. How many callers would I have to look at?",
        "Count the callers of `{symbol}`, which is defined at {spot}.",
    ),
    ("`{symbol}` has {n}.", "{n}."),
    ("caller", "callers"),
)
SUBCLASSES = Asked(
    "type_count",
    (
        "How many classes inherit directly from `{symbol}` ({spot})?",
        "How many direct subclasses does `{symbol}` at {spot} have?",
        "Before I touch the base class `{symbol}` ({spot}): how many classes derive straight from it?",
    ),
    ("`{symbol}` has {n}.", "{n}."),
    ("direct subclass", "direct subclasses"),
)
DEFINED_FILE = Asked(
    "locations[0].file",
    (
        "Which file defines the `{symbol}` that's called at {spot}? Only the path, please.",
        "Path of the module that defines `{symbol}` (used at {spot})?",
    ),
    ("`{value}`.", "It's defined in `{value}`."),
)
DEFINED_LINE = Asked(
    "locations[0].line",
    (
        "On which line is the `{symbol}` that's called at {spot} defined?",
        "Line number of the definition of `{symbol}`, used at {spot}?",
    ),
    ("Line {value}.", "On line {value}."),
)
KIND = Asked(
    "symbols[0].kind",
    ("Is `{symbol}` a class, a function or something else?", "What kind of symbol is `{symbol}`?"),
    ("`{symbol}` is {a} {value}.", "It's {a} {value}."),
)
WHICH_FILE = Asked(
    "symbols[0].file",
    (
        "Which file holds `{symbol}`?",
        "I only know the name `{symbol}`. Which file is it in?",
        "Path of the module with `{symbol}`, please.",
    ),
    ("`{value}`.", "`{symbol}` is in `{value}`."),
)
CONTAINER = Asked(
    "symbols[0].container_name",
    ("Which class does `{symbol}` belong to?", "`{symbol}` is a method of which class?"),
    ("It belongs to `{value}`.", "`{value}`."),
)
SYMBOLS = Asked(
    "symbol_count",
    (
        "How many symbols does {path} define, nested ones included?",
        "I'm looking for modules that have grown too big. How many symbols are there in {path}?",
        "Symbol count of {path}?",
    ),
    ("`{path}` defines {n}.", "{n}, everything nested included."),
    ("symbol", "symbols"),
)
FIXABLE = Asked(
    "fixable_count",
    (
        "How many of ruff's findings in {path} can be fixed automatically?",
        "If I let ruff fix {path}, how many violations would go away by themselves?",
        "Number of auto-fixable lint problems in {path}?",
    ),
    ("`{path}` has {n} that ruff can fix by itself.", "{n} can be fixed automatically."),
    ("violation", "violations"),
)
VIOLATIONS = Asked(
    "violation_count",
    (
        "How many ruff violations does {path} have?",
        "Lint violations in {path}: how many?",
        "How many lint problems would I have to clean up in {path}?",
    ),
    ("`{path}` has {n}.", "{n}."),
    ("violation", "violations"),
)
LINTS = Asked(
    "success",
    (
        "Does {path} pass ruff? Yes or no is enough.",
        "Ruff on {path}: pass or fail?",
        "Is {path} free of lint findings, yes or no?",
    ),
    yes_no=(
        ("Yes, it passes.", "No, it doesn't."),
        ("Pass.", "Fail."),
        ("Yes, there are none.", "No, there are findings."),
    ),
)
FIRST_RULE = Asked(
    "violations[0].code",
    (
        "Which rule does the first ruff violation in {path} break?",
        "Rule code of ruff's first finding in {path}?",
    ),
    ("{value}.", "It breaks {value}."),
)
LAST_VIOLATION = Asked(
    "violations[-1].line",
    ("On which line of {path} is ruff's last finding?", "Line number of the last lint violation in {path}?"),
    ("Line {value}.", "On line {value}."),
)
FIRST_FIXABLE = Asked(
    "violations[0].fixable",
    (
        "Can ruff fix its first finding in {path} by itself?",
        "The first lint violation in {path}: is it auto-fixable?",
    ),
    yes_no=(("Yes, it can.", "No, that one needs a human."), ("Yes, it is.", "No, it isn't.")),
)
ERRORS = Asked(
    "error_count",
    (
        "How many type errors does {path} have?",
        "Type error count for {path}, please.",
        "How many errors does ty report in {path}? Warnings don't interest me.",
    ),
    ("`{path}` has {n}.", "{n}."),
    ("type error", "type errors"),
)
WARNINGS = Asked(
    "warning_count",
    (
        "How many warnings does the type checker have for {path}, errors aside?",
        "Count ty's warnings in {path}.",
    ),
    ("The type checker has {n} for `{path}`.", "{n}."),
    ("warning", "warnings"),
)
TYPES = Asked(
    "success",
    ("Does {path} pass the type checker? Yes or no will do.", "Type check of {path}: pass or fail?"),
    yes_no=(("Yes, it does.", "No, it doesn't."), ("Pass.", "Fail.")),
)
SEVERITY = Asked(
    "errors[0].severity",
    (
        "Is the first thing that ty finds in {path} an error or a warning?",
        "Severity of the first type checker finding in {path}?",
    ),
    ("It's {a} {value}.", "Severity: {value}."),
)
ERROR_CODE = Asked(
    "errors[0].code",
    (
        "Which ty rule does the first finding in {path} belong to?",
        "Rule name of the type checker's first finding in {path}? I want to look it up.",
    ),
    ("`{value}`.", "It's `{value}`."),
)
MATCHES = Asked(
    "match_count",
    (
        "On how many lines of {place} does the word `{word}` appear?",
        "How often does `{word}` come up in {place}? Matching lines, whole word.",
        "Number of lines in {place} that mention `{word}`?",
    ),
    ("`{word}` appears on {n}.", "{n}."),
    ("line", "lines"),
)
MATCHING_FILES = Asked(
    "file_count",
    (
        "How many files in {place} mention `{word}`?",
        "In how many files of {place} does the name `{word}` occur?",
    ),
    ("{n}.", "`{word}` occurs in {n}."),
    ("file", "files"),
)
FILES = Asked(
    "file_count",
    (
        "How many {kind} files are there under {path}?",
        "Count the {kind} files in {path}, subfolders included.",
    ),
    ("{n} under `{path}`.", "{n}."),
    ("file", "files"),
)
ENDS = (
    "On which line does `{symbol}` in {path} end?",
    "Last line of `{symbol}` in {path}?",
    "I want to append something right after `{symbol}` in {path}. Which line is its last?",
)
ENDS_ANSWERS = ("Line {end}.", "`{symbol}` ends on line {end}.")


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """One stream a field, so that every field has its turn; which come first is left to chance."""

    def within(one: Asked, tool: str, paths: list[str], name: str = "path") -> tuple[Asked, Targets]:
        return one, path_targets(tools, chance, tool, paths, name)

    read = [facts.path for facts in files(repo, chance)[:MOST_FILES]]
    faulty = [path for path in read if tools.call("ruff_check", path=path).value.violations]
    mendable = [path for path in faulty if tools.call("ruff_check", path=path).value.fixable_count]
    clear, wrong = [], []
    for path in (facts.path for facts in checked(repo, tools).files):
        issues = tools.call("typecheck", path=path).value.errors
        if not any(missing_package(issue, repo) for issue in issues):
            clear.append(path)
            wrong += [path] if issues else []
    parents = ((path, item) for path, item in classes(repo, chance) if item.name in repo.subclasses)
    asked = [
        (REFERENCES, symbol_targets(tools, chance, "find_references", symbols(repo, chance))),
        within(FIXABLE, "ruff_check", mendable + [path for path in faulty if path not in mendable][:1]),
        within(ERRORS, "typecheck", wrong + clear[:1]),
        within(SYMBOLS, "document_symbols", read, "file_path"),
        (CALLERS, symbol_targets(tools, chance, "call_hierarchy", functions(repo, chance))),
        (SUBCLASSES, symbol_targets(tools, chance, "type_hierarchy", parents)),
        within(VIOLATIONS, "ruff_check", faulty + read[:1]),
        within(LINTS, "ruff_check", faulty[:2] + read[:2]),
        within(FIRST_RULE, "ruff_check", faulty),
        within(FIRST_FIXABLE, "ruff_check", faulty),
        within(LAST_VIOLATION, "ruff_check", faulty),
        within(WARNINGS, "typecheck", clear),
        within(TYPES, "typecheck", clear),
        within(ERROR_CODE, "typecheck", wrong),
        within(SEVERITY, "typecheck", wrong),
        (MATCHES, word_targets(repo, tools, chance)),
        (MATCHING_FILES, word_targets(repo, tools, chance)),
        (FILES, folder_targets(repo, tools, chance)),
        (DEFINED_FILE, use_targets(repo, tools, chance)),
        (DEFINED_LINE, use_targets(repo, tools, chance)),
        (KIND, name_targets(repo, tools, chance)),
        (WHICH_FILE, name_targets(repo, tools, chance)),
        (CONTAINER, method_targets(repo, tools, chance)),
    ]
    streams = [ends(repo, tools, chance), *(scenes(chance, one, targets) for one, targets in asked)]
    chance.shuffle(streams)
    yield from in_turns(*streams)


def symbol_targets(tools: Toolbox, chance: Random, tool: str, items: Iterator[Symbol]) -> Targets:
    for path, item in items:
        names = {"symbol": item.name, "spot": spot(chance, path, item.line, item.column), "path": path}
        yield tools.call(tool, **at(path, item)), names


def use_targets(repo: Repo, tools: Toolbox, chance: Random) -> Targets:
    """Calls of a function or class that another file defines."""
    for _, item in symbols(repo, chance):
        path, call = chance.choice(repo.call_sites[item.name])
        arguments = {"file_path": path, "line": call.line, "column": call.column, "symbol": item.name}
        outcome = tools.call("goto_definition", **arguments)
        if [(place.file, place.line) for place in outcome.value.locations] == repo.definitions[item.name]:
            yield outcome, {"symbol": item.name, "spot": spot(chance, path, call.line, call.column)}


def name_targets(repo: Repo, tools: Toolbox, chance: Random) -> Targets:
    """Names by which the best match can only be one thing."""
    for path, item in symbols(repo, chance):
        outcome = tools.call("workspace_symbols", query=item.name)
        exact = [symbol for symbol in outcome.value.symbols if symbol.name == item.name]
        if [(symbol.file, symbol.line) for symbol in exact] == [(path, item.line)]:
            yield outcome, {"symbol": item.name}


def method_targets(repo: Repo, tools: Toolbox, chance: Random) -> Targets:
    methods = [
        (f.path, m)
        for f, m in repo.functions()
        if m.is_method and is_telling(m.name) and len(repo.definitions[m.name]) == 1
    ]
    for path, method in chance.sample(methods, min(20, len(methods))):
        outcome = tools.call("workspace_symbols", query=method.name)
        exact = [symbol for symbol in outcome.value.symbols if symbol.name == method.name]
        if [(symbol.file, symbol.container_name) for symbol in exact] == [(path, method.class_name)]:
            yield outcome, {"symbol": method.name}


def word_targets(repo: Repo, tools: Toolbox, chance: Random) -> Targets:
    folders = [
        folder
        for folder in ("src", "tests", "docs", "examples")
        if any(p.startswith(f"{folder}/") for p in repo.paths)
    ]
    for _, item in symbols(repo, chance):
        folder = chance.choice([*folders, ""])
        given = {"path": folder} if folder else {}
        outcome = tools.call("search_text", pattern=rf"\b{item.name}\b", **given)
        if outcome.value.match_count:
            yield outcome, {"word": item.name, "place": folder or "this project"}


def folder_targets(repo: Repo, tools: Toolbox, chance: Random) -> Targets:
    folders = sorted({path.rpartition("/")[0] for path in repo.paths if "/" in path})
    for folder in chance.sample(folders, len(folders)):
        suffix, kind = chance.choice(
            (("py", "Python"), ("py", ".py"), ("md", "Markdown"), ("rst", "reStructuredText"))
        )
        if any(path.startswith(f"{folder}/") and path.endswith(suffix) for path in repo.paths):
            yield tools.call("list_files", path=folder, pattern=f"*.{suffix}"), {"path": folder, "kind": kind}


def ends(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """The last line of one class or function among a file's symbols."""
    for path, item in symbols(repo, chance):
        outcome = tools.call("document_symbols", file_path=path)
        found = [symbol for symbol in outcome.value.symbols if symbol.name == item.name]
        if len(found) != 1 or len(outcome.content) > LONGEST:
            continue
        question = pick(chance, ENDS, symbol=item.name, path=path)
        if found[0].end_line != item.end_line:
            yield Rejected(
                "LibCST and the language server disagree", question=question, detail=f"{path}: {item.name}"
            )
            continue
        answer = pick(chance, ENDS_ANSWERS, symbol=item.name, end=found[0].end_line)
        program = (
            f"result = {called(outcome)}\nfound = [symbol for symbol in result.symbols if symbol.name == {literal(item.name)}]\n"
            "print(found[0].end_line)"
        )
        yield tool_scene(
            question, outcome, answer, "field_access", symbol=item.name, paths=[path], program=program
        )
