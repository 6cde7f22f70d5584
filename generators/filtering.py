"""Only those of a result that fulfil a condition.

user       Where is `Outbox` from src/tiny_shop/notifications.py:16:7 referenced outside src/tiny_shop/notifications.py?
assistant  find_references(file_path="src/tiny_shop/notifications.py", line=16, column=7, symbol="Outbox")
tool       {"success":true,"symbol":"Outbox","reference_count":2,"references":[{"file":"src/tiny_shop/notifications.py","line":32,"column":28,"preview":"async de…
assistant  `tests/test_orders.py`.
"""

from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.findings import checked, listed, missing_package, pinned, said
from punie_data.scenario.phrase import bullets, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import at, called, files, in_turns, literal, symbols
from punie_data.scenario.targets import spot
from punie_data.scenario.telling import enumerated
from punie_data.tools.base import Outcome
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
    "I want the production uses of `{symbol}` at {spot} only, nothing from {folder}.",
)
IN_TESTS = (
    "Which tests use `{symbol}` ({spot})? I mean references under {folder} only.",
    "Show me the references to `{symbol}` at {spot}, but only those in {folder}.",
    "Only within {folder}: where is `{symbol}`, defined at {spot}, used?",
)
OTHER_FILES = (
    "Which other files use `{symbol}` ({spot})? Leave its own file out.",
    "Where is `{symbol}` from {spot} referenced outside {path}?",
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
STAGED = (
    "Of my uncommitted changes{place}, which are staged?",
    "Only the staged files{place}, please.",
)
UNSTAGED = (
    "Which of the changed files{place} are not staged? Untracked ones don't count.",
    "Changed{place} but not added to the index: which tracked files are that?",
)
OF_STATUS = (
    "Which files{place} are {status}, according to git?",
    "From git's status{place}, only what's {status}.",
)
ADDING = (
    "Which files in my {kind} diff only gain lines?",
    "In my {kind} changes, which files have additions but no deletions?",
)
IN_DOCUMENTS = (
    "Which documentation files mention `{word}`? Only .md and .rst, please.",
    "Where do the docs (Markdown or reStructuredText) talk about `{word}`?",
)
BY_WORD = (
    "Which of the last {count} commits mention {word} in their message?",
    "Look through the last {count} commits: which have the word {word} in the subject?",
)
MOST = 12
PRINTED = 'f"line {violation.line}: {violation.message} ({violation.code})"'


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Each kind of filter in turn; some of them let nothing through."""
    read = [facts.path for facts in files(repo, chance)]
    dirty = [
        path for path in read[:100] if 2 <= len(tools.call("ruff_check", path=path).value.violations) <= MOST
    ]
    yield from in_turns(
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
        *(
            (changed(repo, tools, chance), gaining(tools, chance), commits(tools, chance))
            if repo.has_git
            else ()
        ),
    )


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


def kept(outcome: Outcome, source: str, name: str, condition: str, printed: str) -> str:
    """Code Mode's program: filter, count, print."""
    return (
        f"result = {called(outcome)}\nkept = [{name} for {name} in result.{source} if {condition}]\n"
        f"print(len(kept))\nfor {name} in kept:\n    print({printed})"
    )


def lint(tools: Toolbox, chance: Random, paths: Sequence[str]) -> Iterator[Scene]:
    """Fixable or not. A file where this tells nothing apart is asked about only now and then."""
    for path in paths:
        outcome = tools.call("ruff_check", path=path)
        fixable = chance.random() < 0.6
        found = [violation for violation in outcome.value.violations if violation.fixable == fixable]
        if len(found) == len(outcome.value.violations):
            fixable, found = not fixable, []
        if not found and chance.random() < 0.6:
            continue
        can = "can" if fixable else "can't"
        if not found:
            text = (
                f"none of the findings in `{path}` can be fixed automatically."
                if fixable
                else f"nothing is left: every finding in `{path}` can be fixed automatically."
            )
        elif len(found) == 1:
            text = f"one {can} be fixed automatically, {pinned(found[0], path)}."
        else:
            text = f"{number(len(found))} {can} be fixed automatically:\n\n{listed(found, path)}"
        program = kept(
            outcome, "violations", "violation", f"{'' if fixable else 'not '}violation.fixable", PRINTED
        )
        question = pick(chance, FIXABLE if fixable else BY_HAND, path=path)
        yield scene(question, outcome, text, program, paths=[path], counted=[v.message for v in found])


def rule(tools: Toolbox, chance: Random, paths: Sequence[str]) -> Iterator[Scene]:
    """One rule out of several; every third time one that is not broken here."""
    codes = sorted({v.code for path in paths for v in tools.call("ruff_check", path=path).value.violations})
    for index, path in enumerate(reversed(paths)):
        outcome = tools.call("ruff_check", path=path)
        own = sorted({violation.code for violation in outcome.value.violations})
        absent = [code for code in codes if code not in own]
        if len(own) < 2 and not absent:
            continue
        code = chance.choice(absent) if absent and (index % 3 == 2 or len(own) < 2) else chance.choice(own)
        found = [violation for violation in outcome.value.violations if violation.code == code]
        if not found:
            text = f"`{path}` doesn't break {code}."
        elif len(found) == 1:
            text = f"{code} is broken once, {pinned(found[0], path).removesuffix(f' ({code})')}."
        else:
            text = f"{code} is broken in {plural(len(found), 'place')}:\n\n{listed(found, path)}"
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
        items = [said(issue, facts.path) for issue in found]
        text = enumerated(items, f"there are no {severity}s in `{facts.path}`.", severity)
        printed = 'f"line {issue.line}: {issue.message} ({issue.code})"'
        program = kept(outcome, "errors", "issue", f"issue.severity == {literal(severity)}", printed)
        question = pick(chance, ERRORS if severity == "error" else WARNINGS, path=facts.path)
        yield scene(question, outcome, text, program, paths=[facts.path], counted=[i.message for i in found])


def references(repo: Repo, tools: Toolbox, chance: Random, outside: bool) -> Iterator[Scene]:
    """References under the folder of the tests, or everywhere else."""
    folder = next(
        (name for name in ("tests", "test") if any(path.startswith(f"{name}/") for path in repo.paths)), ""
    )
    if not folder:
        return
    empty_left = 2
    for path, item in symbols(repo, chance):
        if path.startswith(f"{folder}/"):
            continue
        outcome = tools.call("find_references", **at(path, item))
        found = [r for r in outcome.value.references if r.file.startswith(f"{folder}/") != outside]
        if len(found) > MOST or not outcome.value.references or len(found) == len(outcome.value.references):
            continue
        empty_left -= not found
        if not found and empty_left < 0:
            continue
        there = f"outside {folder}" if outside else f"under {folder}"
        places = [f"{r.file}:{r.line}" for r in found]
        none = f"`{item.name}` isn't used anywhere {there}."
        text = enumerated([f"`{place}`" for place in places], none, f"place {there}", f"places {there}")
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


def top_level(
    repo: Repo,
    tools: Toolbox,
    chance: Random,
    paths: Sequence[str],
    questions: Sequence[str],
    kind: str,
    private: bool,
) -> Iterator[Scene]:
    """Symbols of one kind; functions by whether they start with an underscore."""
    empty_left = 1
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
        empty_left -= not found
        if len(found) > MOST or len(outcome.content) > 5000 or (not found and empty_left < 0):
            continue
        what = kind if kind != "function" else f"{'private' if private else 'public'} function"
        items = [f"`{symbol.name}` (line {symbol.line})" for symbol in found]
        text = enumerated(items, f"`{path}` has no {what} at the top level.", what)
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
    empty_left = 1
    for _, item in symbols(repo, chance):
        outcome = tools.call("search_text", pattern=rf"\b{item.name}\b")
        found = list(dict.fromkeys(m.file for m in outcome.value.matches if m.file.endswith((".md", ".rst"))))
        empty_left -= not found
        if len(outcome.content) > 5000 or len(found) > MOST or (not found and empty_left < 0):
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


def changed(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """By what git says of the change."""
    whole = tools.call("git_status").value.files
    for folder in ["", *dict.fromkeys(file.file.split("/")[0] for file in whole if "/" in file.file)]:
        outcome = tools.call("git_status", **({"path": folder} if folder else {}))
        status = chance.choice(("modified", "added", "deleted", "untracked"))
        found = outcome.value.files
        tracked = [f for f in found if not f.staged and f.status != "untracked"]
        for questions, none, condition, some in (
            (STAGED, "nothing is staged.", "file.staged", [f for f in found if f.staged]),
            (UNSTAGED, "all changes to tracked files are staged.", 'not file.staged and file.status != "untracked"', tracked),
            (OF_STATUS, f"no file is {status}.", f"file.status == {literal(status)}", [f for f in found if f.status == status]),
        ):  # fmt: skip
            if len(found) < 2 or len(some) > MOST:
                continue
            text = enumerated([f"`{file.file}`" for file in some], none, "file")
            question = pick(chance, questions, place=f" under {folder}" if folder else "", status=status)
            program = kept(outcome, "files", "file", condition, "file.file")
            yield scene(
                question,
                outcome,
                text,
                program,
                paths=[f.file for f in some],
                counted=[f.file for f in some],
            )


def gaining(tools: Toolbox, chance: Random) -> Iterator[Scene]:
    for staged in chance.sample((False, True), 2):
        outcome = tools.call("git_diff", **({"staged": True} if staged else {}))
        files_of = outcome.value.files
        if not 2 <= len(files_of) <= MOST or len(outcome.content) > 7000:
            continue
        found = [file.file for file in files_of if file.additions and not file.deletions]
        text = enumerated([f"`{name}`" for name in found], "none: each of them loses lines too.", "file")
        program = kept(outcome, "files", "file", "file.additions > 0 and file.deletions == 0", "file.file")
        yield scene(
            pick(chance, ADDING, kind="staged" if staged else "unstaged"), outcome, text, program, paths=found
        )


def commits(tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """By a word of the message that some of them share."""
    for count in chance.sample((8, 10, 12, 15), 3):
        outcome = tools.call("git_log", count=count)
        listed_commits = outcome.value.commits
        words = sorted(
            {
                w
                for c in listed_commits
                for w in c.message.split()
                if w.isalpha() and w.islower() and len(w) > 3
            }
        )
        if len(listed_commits) < count or not words:
            continue
        word = chance.choice(words)
        found = [commit for commit in listed_commits if word in commit.message]
        text = f"{plural(len(found), 'commit')}:\n\n" + bullets([f"`{c.hash}`: {c.message}" for c in found])
        program = kept(
            outcome,
            "commits",
            "commit",
            f"{literal(word)} in commit.message",
            'f"{commit.hash} {commit.message}"',
        )
        question = pick(chance, BY_WORD, count=number(count), word=f'"{word}"')
        yield scene(question, outcome, text, program, counted=[c.hash for c in found])
