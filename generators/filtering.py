"""Only those of a result that fulfil a condition.

user       Which other files use `Outbox` (`src/tiny_shop/notifications.py:16:7`)? Leave its own file out.
assistant  find_references(file_path="src/tiny_shop/notifications.py", line=16, column=7, symbol="Outbox")
tool       {"success":true,"symbol":"Outbox","reference_count":2,"references":[{"file":"src/tiny_shop/notifications.py","line":32,"column":28,"preview":"async def send_all(outbox: Outbox, send: Callable[[str], None]) -> int:"},{"file":"tests…
assistant  `tests/test_orders.py`.
"""

import re
from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.findings import checked, listed, missing_package, pinned, said
from punie_data.scenario.loops import kept
from punie_data.scenario.phrase import bullets, number, pick, plural, sentence
from punie_data.scenario.places import spots
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import at, called, files, in_turns, literal, symbols
from punie_data.scenario.targets import spot
from punie_data.scenario.telling import enumerated
from punie_data.tools.base import Outcome
from punie_data.tools.results import Symbol
from punie_data.tools.toolbox import Toolbox

FIXABLE = (
    "Which of ruff's findings in {path} can be fixed automatically?",
    "Show me only the auto-fixable violations in {path}.",
    "I'm going to let ruff fix {path}. What would it change? Only the fixable findings, please.",
)
BY_HAND = (
    "Which lint findings in {path} can't be fixed automatically?",
    "Suppose ruff fixes what it can in {path}: what's left for me?",
    "Only the violations in {path} that need a human, please.",
)
RULE = (
    "Does {path} break {code} anywhere? Other rules don't interest me now.",
    "Show me just the {code} violations in {path}.",
    "Lint {path} and keep only {code}.",
    "On which lines does {path} violate {code}?",
)
ERRORS = (
    "Only the errors of the type checker in {path}, please, no warnings.",
    "Type-check {path} and leave the warnings out.",
    "Which of ty's findings in {path} are real errors and not just warnings?",
)
WARNINGS = (
    "What does the type checker only warn about in {path}? Leave the errors out.",
    "Just the warnings from ty for {path}.",
)
OUTSIDE_TESTS = (
    "Where outside the tests is `{symbol}` ({spot}) used?",
    "Tests aside, which places use `{symbol}`, defined at {spot}?",
    "Leave {folder}/ out: where else is `{symbol}` at {spot} used?",
)
IN_TESTS = (
    "Which tests use `{symbol}` ({spot})? I mean references under {folder}/ only.",
    "Show me the references to `{symbol}` at {spot}, but only those in {folder}/.",
    "Within {folder}/ only: where is `{symbol}`, defined at {spot}, used?",
)
OTHER_FILES = (
    "Which other files use `{symbol}` ({spot})? Leave its own file out.",
    "In which files other than {path} is `{symbol}` ({spot}) used?",
    "Apart from {path} itself, which files use the `{symbol}` that it defines ({spot})?",
)
PUBLIC = (
    "Which public functions does {path} define at the top level? No leading underscore, no classes.",
    "Only the public top-level functions of {path}, please, with their lines.",
    "I'm documenting {path}. Which module-level functions in it don't start with an underscore?",
)
PRIVATE = (
    "Which top-level functions of {path} are private, by their leading underscore?",
    "Show me only the underscore functions at module level in {path}.",
)
CONSTANTS = (
    "Which constants does {path} define at the top level?",
    "From the symbols of {path}, only the module-level constants, please.",
)
IN_DOCUMENTS = (
    "Which documentation files mention `{word}`? Only .md and .rst, please.",
    "Where do the docs (Markdown or reStructuredText) talk about `{word}`?",
)
MOST = 12
EMPTY = 0.2
"""How many of the questions that nothing fulfils are asked."""
PRINTED = 'f"line {violation.line}: {violation.message} ({violation.code})"'


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Each kind of filter in turn; some of them let nothing through."""
    read = [facts.path for facts in files(repo, chance)]
    dirty = [
        path for path in read[:100] if 2 <= len(tools.call("ruff_check", path=path).value.violations) <= MOST
    ]
    streams = [
        references(repo, tools, chance, True),
        lint(tools, chance, dirty),
        types(repo, tools, chance),
        top_level(repo, tools, chance, read, PUBLIC, "function", False),
        references(repo, tools, chance, False),
        rule(tools, chance, dirty),
        top_level(repo, tools, chance, read, PRIVATE, "function", True),
        other_files(repo, tools, chance),
        documents(repo, tools, chance),
        top_level(repo, tools, chance, read, CONSTANTS, "constant", False),
    ]
    chance.shuffle(streams)
    yield from in_turns(*streams)


def is_passed_over(chance: Random, found: Sequence[object]) -> bool:
    """Most of those that nothing fulfils: that is the common case for many a condition, and "none" would be the safe guess."""
    return not found and chance.random() > EMPTY


def scene(
    question: str,
    outcome: Outcome,
    answer: str,
    program: str,
    *,
    symbol: str = "",
    paths: Sequence[str] = (),
    counted: Sequence[str] = (),
) -> Scene:
    return tool_scene(
        question,
        outcome,
        sentence(answer),
        "iteration",
        symbol=symbol,
        paths=paths,
        counted=[counted],
        program=program,
    )


def lint(tools: Toolbox, chance: Random, paths: Sequence[str]) -> Iterator[Scene]:
    """Fixable or not. A file where this tells nothing apart is asked about only now and then."""
    for path in paths:
        outcome = tools.call("ruff_check", path=path)
        fixable = chance.random() < 0.6
        found = [violation for violation in outcome.value.violations if violation.fixable == fixable]
        if len(found) == len(outcome.value.violations):
            fixable, found = not fixable, []
        if is_passed_over(chance, found):
            continue
        can = "can" if fixable else "can't"
        if not found:
            text = (
                f"none of the findings in `{path}` can be fixed automatically."
                if fixable
                else f"nothing is left: every finding in `{path}` can be fixed automatically."
            )
        elif len(found) == 1:
            text = f"just one, {pinned(found[0], path)}."
        else:
            text = f"{number(len(found))} {can} be fixed automatically:\n\n{listed(found, path)}"
        program = kept(
            outcome, "violations", "violation", f"{'' if fixable else 'not '}violation.fixable", PRINTED
        )
        question = pick(chance, FIXABLE if fixable else BY_HAND, path=path)
        yield scene(question, outcome, text, program, paths=[path], counted=[v.message for v in found])


def rule(tools: Toolbox, chance: Random, paths: Sequence[str]) -> Iterator[Scene]:
    """One rule; every fourth time one that is broken elsewhere and not here."""
    codes = sorted({v.code for path in paths for v in tools.call("ruff_check", path=path).value.violations})
    for index, path in enumerate(reversed(paths)):
        outcome = tools.call("ruff_check", path=path)
        own = sorted({violation.code for violation in outcome.value.violations})
        absent = [code for code in codes if code not in own]
        code = chance.choice(absent if absent and index % 4 == 3 else own)
        found = [violation for violation in outcome.value.violations if violation.code == code]
        items = [said(violation, path).removesuffix(f" ({code})") for violation in found]
        if not found:
            text = f"`{path}` has no {code} violations."
        elif len(found) == 1:
            text = f"just one {code} violation, on {items[0]}."
        else:
            text = f"{plural(len(found), f'{code} violation')}:\n\n{bullets(items)}"
        program = kept(outcome, "violations", "violation", f"violation.code == {literal(code)}", PRINTED)
        question = pick(chance, RULE, path=path, code=code)
        yield scene(question, outcome, text, program, paths=[path], counted=[v.message for v in found])


def types(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Errors or warnings of files that have something; both, best of all."""
    choice = list(checked(repo, tools).files)
    chance.shuffle(choice)
    for facts in choice:
        outcome = tools.call("typecheck", path=facts.path)
        issues = outcome.value.errors
        severities = {issue.severity for issue in issues}
        if any(missing_package(issue, repo) for issue in issues):
            continue
        if not 2 <= len(issues) <= MOST or (len(severities) < 2 and chance.random() < 0.5):
            continue
        severity = chance.choice(("error", "warning"))
        found = [issue for issue in issues if issue.severity == severity]
        if is_passed_over(chance, found):
            continue
        if not found:
            text = f"there are no {severity}s in `{facts.path}`."
        elif len(found) == 1:
            text = f"just one {severity}, {pinned(found[0], facts.path)}."
        else:
            text = f"{plural(len(found), severity)}:\n\n{listed(found, facts.path)}"
        printed = 'f"line {issue.line}: {issue.message} ({issue.code})"'
        program = kept(outcome, "errors", "issue", f"issue.severity == {literal(severity)}", printed)
        question = pick(chance, ERRORS if severity == "error" else WARNINGS, path=facts.path)
        yield scene(question, outcome, text, program, paths=[facts.path], counted=[i.message for i in found])


def is_test(path: str) -> bool:
    """Whether it looks like a test that stands elsewhere than in the tests' own folder: then what is "outside the tests" is a matter of opinion."""
    *folders, name = path.lower().split("/")
    parts = re.split(r"[_.-]", name) + [part for folder in folders for part in re.split(r"[_.-]", folder)]
    return bool({"test", "tests", "conftest"} & set(parts))


def references(repo: Repo, tools: Toolbox, chance: Random, outside: bool) -> Iterator[Scene]:
    """References under the folder of the tests, or everywhere else."""
    folder = next(
        (name for name in ("tests", "test") if any(path.startswith(f"{name}/") for path in repo.paths)), ""
    )
    if not folder:
        return
    for path, item in symbols(repo, chance):
        if path.startswith(f"{folder}/"):
            continue
        outcome = tools.call("find_references", **at(path, item))
        found = [r for r in outcome.value.references if r.file.startswith(f"{folder}/") != outside]
        if len(found) > MOST or not outcome.value.references or len(found) == len(outcome.value.references):
            continue
        if is_passed_over(chance, found) or (outside and any(is_test(r.file) for r in found)):
            continue
        there = "outside the tests" if outside else f"under `{folder}/`"
        places = list(dict.fromkeys(f"{r.file}:{r.line}" for r in found))
        none = f"`{item.name}` isn't used anywhere {there}."
        text = enumerated(spots(found), none, f"place {there}", f"places {there}")
        condition = f"{'not ' if outside else ''}reference.file.startswith({literal(folder + '/')})"
        program = kept(outcome, "references", "reference", condition, 'f"{reference.file}:{reference.line}"')
        names = {"symbol": item.name, "spot": spot(chance, path, item.line, item.column), "folder": folder}
        question = pick(chance, OUTSIDE_TESTS if outside else IN_TESTS, **names)
        yield scene(question, outcome, text, program, symbol=item.name, paths=[path], counted=places)


def other_files(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    for path, item in symbols(repo, chance):
        outcome = tools.call("find_references", **at(path, item))
        others = sorted({r.file for r in outcome.value.references if r.file != path})
        if not outcome.value.references or len(others) > MOST or len(outcome.content) > 5000:
            continue
        if is_passed_over(chance, others):
            continue
        names = {"symbol": item.name, "spot": spot(chance, path, item.line, item.column), "path": path}
        none = f"no other file uses it: all references are in `{path}` itself."
        text = enumerated([f"`{other}`" for other in others], none, "file")
        program = (
            f"result = {called(outcome)}\nfiles = sorted({{r.file for r in result.references if r.file != {literal(path)}}})\n"
            "print(len(files))\nfor file in files:\n    print(file)"
        )
        yield scene(
            pick(chance, OTHER_FILES, **names),
            outcome,
            text,
            program,
            symbol=item.name,
            paths=[path],
            counted=others,
        )


def is_doubtful(symbol: Symbol) -> bool:
    """Whether the server's kind, or the underscore, says something else of it than a reader would."""
    if symbol.kind == "function":
        return symbol.name.startswith("__")
    if symbol.kind == "constant":
        return len(symbol.name.strip("_")) < 3
    return symbol.kind == "variable" and symbol.name.isupper()


def top_level(
    repo: Repo,
    tools: Toolbox,
    chance: Random,
    paths: Sequence[str],
    questions: Sequence[str],
    kind: str,
    private: bool,
) -> Iterator[Scene]:
    """Symbols of one kind; functions by whether they start with an underscore.

    Files are left out whose `__getattr__` would be private by its first letter alone, whose `PY_3` the server takes for a variable, or whose
    constant is a `T`, which is a type variable.
    """
    for path in chance.sample(paths, len(paths)):
        facts = repo.facts[path]
        if facts.is_test or len(facts.functions) + len(facts.variables) < 3:
            continue
        outcome = tools.call("document_symbols", file_path=path)
        found = [
            s
            for s in outcome.value.symbols
            if s.kind == kind and (kind != "function" or s.name.startswith("_") == private)
        ]
        if len(found) > MOST or len(outcome.content) > 5000 or is_passed_over(chance, found):
            continue
        asked = ("function",) if kind == "function" else ("constant", "variable")
        if any(s.kind in asked and is_doubtful(s) for s in outcome.value.symbols):
            continue
        if len({s.name for s in found}) < len(found):
            continue
        what = kind if kind != "function" else f"{'private' if private else 'public'} function"
        items = [f"`{symbol.name}` (line {symbol.line})" for symbol in found]
        text = enumerated(items, f"`{path}` has no {what}s at the top level.", what)
        condition = f"symbol.kind == {literal(kind)}"
        if kind == "function":
            condition += f' and {"" if private else "not "}symbol.name.startswith("_")'
        program = kept(outcome, "symbols", "symbol", condition, 'f"{symbol.name}: line {symbol.line}"')
        yield scene(
            pick(chance, questions, path=path),
            outcome,
            text,
            program,
            paths=[path],
            counted=[s.name for s in found],
        )


def documents(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Files among the matches, by suffix."""
    for _, item in symbols(repo, chance):
        outcome = tools.call("search_text", pattern=rf"\b{item.name}\b")
        found = list(dict.fromkeys(m.file for m in outcome.value.matches if m.file.endswith((".md", ".rst"))))
        if len(outcome.content) > 5000 or len(found) > MOST or is_passed_over(chance, found):
            continue
        none = f"no Markdown or .rst file mentions `{item.name}`."
        text = enumerated([f"`{path}`" for path in found], none, "file")
        program = (
            f'result = {called(outcome)}\nfiles = sorted({{m.file for m in result.matches if m.file.endswith((".md", ".rst"))}})\n'
            "print(len(files))\nfor file in files:\n    print(file)"
        )
        yield scene(
            pick(chance, IN_DOCUMENTS, word=item.name),
            outcome,
            text,
            program,
            symbol=item.name,
            counted=found,
        )
