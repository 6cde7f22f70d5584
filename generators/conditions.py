"""If this is so, tell me one thing; otherwise another.

user       First ruff on src/tiny_shop/reports.py; only when that's clean, ty too. Tell me what the first failing one says, or that both pass.
assistant  ruff_check(path="src/tiny_shop/reports.py")
tool       {"success":false,"violation_count":4,"fixable_count":3,"violations":[{"file":"src/tiny_shop/reports.py","line":3,"column":1,"code":"I001","message":"I…
assistant  `src/tiny_shop/reports.py` has four lint violations:

           - line 3: Import block is un-sorted or un-formatted (I001)
           - line 6: `os` imported but unused (F401)
           - line 35: Comparison to `None` should be `cond is None` (E711)
           - line 36: f-string without any placeholders (F541)

           I left the types alone.
"""

from collections.abc import Iterator
from random import Random
from textwrap import indent

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.changes import happened
from punie_data.scenario.findings import checked, faulty, listed, missing_package, pinned, told
from punie_data.scenario.loops import if_else
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.places import spots
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import at, called, classes, files, in_turns, literal, symbols
from punie_data.scenario.targets import is_mentioned_once, is_telling, spot
from punie_data.scenario.telling import limit_near, numbered
from punie_data.tools.results import TypeIssue
from punie_data.tools.toolbox import Toolbox

LINT = (
    "Lint {path}. If there's anything, list it; if not, just say that it's clean.",
    "Run ruff over {path} and only bother me with details if it finds something.",
    "If {path} has lint violations, show me each with its line. Otherwise a short all-clear is enough.",
    "Check {path} with ruff: the violations if there are any, else just say that it is clean.",
)
CLEAN = ("`{path}` is clean.", "All clear: ruff finds nothing in `{path}`.", "Clean.")
TYPES = (
    (
        "Type-check {path}. Only if there are errors, list them; warnings don't matter.",
        "There are no errors in `{path}`.",
    ),
    (
        "If ty reports errors in {path}, tell me the lines and messages, otherwise say that it's fine.",
        "`{path}` is fine.",
    ),
    ("Are there type errors in {path}? If so, list them. If not, a no will do.", "No."),
    ("Show me the type errors in {path} if there are any, otherwise just say OK.", "OK: no type errors."),
)
FIXABLE = (
    "If all of ruff's findings in {path} can be fixed automatically, say so; otherwise list those that can't.",
    "Can I just let ruff fix {path}, or would something be left for me? If so, show me what.",
    "Lint {path}: if anything needs fixing by hand, list it. Otherwise tell me how many ruff would fix.",
)
LIMITED = (
    "If {path} has more than {limit} lint violations, just give me the count; otherwise list them.",
    "Ruff on {path}: list the violations, unless there are more than {limit}; then the number will do.",
)
USED = (
    (
        "If nothing uses `{symbol}` ({spot}) any more, tell me it can go. Otherwise list the places.",
        (
            "Nothing in the project uses `{symbol}`, so it can go, unless code elsewhere relies on it.",
            "It can go: no code of the project uses `{symbol}`. Only users outside it could still import it.",
        ),
    ),
    (
        "I'd like to remove `{symbol}`, defined at {spot}. If it's still used, show me where; if not, say so.",
        (
            "`{symbol}` isn't used anywhere in the project; it can be removed if it's not public API.",
            "There are no references to `{symbol}` left in the project.",
        ),
    ),
    (
        "Is `{symbol}` at {spot} still referenced? Where, if it is? If it isn't, a plain no is enough.",
        ("No.", "No, it isn't."),
    ),
)
FEW = (
    "If `{symbol}` ({spot}) is used in more than {limit} places, tell me how many; otherwise list them.",
    "References to `{symbol}` at {spot}: list them if there are at most {limit}, otherwise just count them.",
)
DIRTY = (
    "If I have uncommitted changes under {path}, list the files. If not, just say it's clean.",
    "Is there anything in {path} that isn't committed? If so, tell me what. If not, one word is enough.",
    "Is {path} clean, as git sees it? If it isn't, name the files and what happened to them.",
)
TREE_CLEAN = (
    ("`{path}` is clean.", "It's clean: nothing under `{path}` differs from the last commit."),
    ("No.", "Nothing."),
    ("Yes, it's clean.", "Yes: nothing under `{path}` differs from the last commit."),
)
TREE_DIRTY = ("Not committed yet", "Yes", "No")
STEPS = (
    "Lint {path}. If ruff is happy, type-check it as well; if not, stop there and list the violations.",
    "First ruff on {path}; only when that's clean, ty too. Tell me what the first failing one says, or that both pass.",
    "Check {path}: types only matter once the lint is clean. Report whatever comes up first.",
)
HAS_CLASS = (
    "If {path} defines a class `{symbol}`, tell me which lines it spans; otherwise say that it doesn't.",
    "Does {path} have a class called `{symbol}`? If yes, from which line to which?",
    "Look whether the class `{symbol}` is in {path}. If so, I need its first and last line.",
)
LEFT = (
    "If there are still {what} under {path}, list the places; otherwise just tell me there are none.",
    "Has {path} got any {what} left? Where, if so? If not, a no will do.",
    "I'm cleaning up {path}: show me any {what} that you find, else say it's done.",
)
LEFTOVERS = (
    ("`print(` calls", r"\bprint\("),
    ("`breakpoint()` calls", r"\bbreakpoint\(\)"),
    ("`TODO` or `FIXME` comments", r"#.*\b(TODO|FIXME)\b"),
    ("bare `except:` clauses", r"^\s*except\s*:"),
    ("`except Exception` clauses", r"^\s*except Exception\b"),
    ("`# type: ignore` comments", r"#\s*type:\s*ignore"),
    ("`# noqa` comments", r"#\s*noqa"),
    ("`global` statements", r"^\s*global "),
    ("`eval(` calls", r"\beval\("),
)
MOST = 8
VIOLATIONS = (
    'print(f"{RESULT.violation_count} violations")\nfor violation in RESULT.violations:\n'
    '    print(f"line {violation.line}: {violation.message} ({violation.code})")'
)
ERRORS = (
    'print(f"{RESULT.error_count} errors")\nfor issue in RESULT.errors:\n    if issue.severity == "error":\n'
    '        print(f"line {issue.line}: {issue.message} ({issue.code})")'
)
PLACES = 'for reference in result.references:\n    print(f"{reference.file}:{reference.line}")'


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Every condition with both its outcomes, where the repository has both."""
    read = [facts.path for facts in files(repo, chance)[:80]]
    dirty = faulty(tools, read, MOST)
    several = [path for path in dirty if len(tools.call("ruff_check", path=path).value.violations) > 1]
    clean = [path for path in read if not tools.call("ruff_check", path=path).value.violations]
    typed = [facts.path for facts in checked(repo, tools).files]
    typed = [path for path in typed if not any(missing_package(i, repo) for i in errors(tools, path))]
    chance.shuffle(typed)
    clear = [path for path in typed if not errors(tools, path)]
    streams = [
        lint(tools, chance, dirty[:4]),
        types(tools, chance, [path for path in typed if errors(tools, path)]),
        lint(tools, chance, clean[:2]),
        types(tools, chance, clear[:2]),
        fixable(tools, chance, dirty[4:8] or dirty),
        limited(tools, chance, several[::-1]),
        used(repo, tools, chance),
        unused(repo, tools, chance),
        steps(tools, chance, [path for path in typed if path not in clean][:2]),
        steps(tools, chance, [path for path in typed if path in clean]),
        has_class(repo, tools, chance),
        leftovers(repo, tools, chance),
    ]
    if repo.has_git:
        streams.append(uncommitted(repo, tools, chance))
    chance.shuffle(streams)
    yield from in_turns(*streams)


def scene(
    question: str, outcomes: object, answer: str, program: str, path: str, counted: object = ()
) -> Scene:
    return tool_scene(
        question, outcomes, sentence(answer), "condition", paths=[path], program=program, counted=counted
    )


def errors(tools: Toolbox, path: str) -> list[TypeIssue]:
    return [issue for issue in tools.call("typecheck", path=path).value.errors if issue.severity == "error"]


def lint(tools: Toolbox, chance: Random, paths: list[str]) -> Iterator[Scene]:
    for path in paths:
        outcome = tools.call("ruff_check", path=path)
        found = outcome.value.violations
        answer = told(path, found, "violation") if found else pick(chance, CLEAN, path=path)
        program = if_else(f"result = {called(outcome)}", "result.success", 'print("clean")', VIOLATIONS)
        yield scene(pick(chance, LINT, path=path), outcome, answer, program, path)


def types(tools: Toolbox, chance: Random, paths: list[str]) -> Iterator[Scene]:
    for path in paths:
        found = errors(tools, path)
        outcome = tools.call("typecheck", path=path)
        if len(found) > MOST:
            continue
        question, none = chance.choice(TYPES)
        answer = told(path, found, "type error") if found else none.format(path=path)
        program = if_else(
            f"result = {called(outcome)}", "result.error_count == 0", 'print("no errors")', ERRORS
        )
        yield scene(question.format(path=path), outcome, answer, program, path)


def fixable(tools: Toolbox, chance: Random, paths: list[str]) -> Iterator[Scene]:
    """Whether ruff can mend all of it; if it can't, what is left."""
    for path in paths:
        outcome = tools.call("ruff_check", path=path)
        found = outcome.value.violations
        left = [violation for violation in found if not violation.fixable]
        if not left:
            all_of = "the only finding" if len(found) == 1 else f"all {number(len(found))} findings"
            answer = f"Ruff can fix {all_of} in `{path}` by itself."
        elif len(left) == 1:
            answer = f"One would be left for you, {pinned(left[0], path)}."
        else:
            answer = f"{plural(len(left), 'violation')} in `{path}` can't be fixed automatically:\n\n{listed(left, path)}"
        program = (
            f"result = {called(outcome)}\nleft = [violation for violation in result.violations if not violation.fixable]\n"
            'print(f"{result.fixable_count} of {result.violation_count} fixable")\nfor violation in left:\n'
            '    print(f"line {violation.line}: {violation.message} ({violation.code})")'
        )
        counted = [[violation.message for violation in left]]
        yield scene(pick(chance, FIXABLE, path=path), outcome, answer, program, path, counted)


def limited(tools: Toolbox, chance: Random, paths: list[str]) -> Iterator[Scene]:
    """List a few, count many."""
    for path in paths:
        outcome = tools.call("ruff_check", path=path)
        found = outcome.value.violations
        limit = limit_near(chance, len(found))
        answer = (
            told(path, found, "violation")
            if len(found) <= limit
            else f"`{path}` has {plural(len(found), 'violation')}."
        )
        program = (
            f"result = {called(outcome)}\nprint(result.violation_count)\nif result.violation_count <= {limit}:\n"
            "    for violation in result.violations:\n"
            '        print(f"line {violation.line}: {violation.message} ({violation.code})")'
        )
        question = pick(chance, LIMITED, path=path, limit=number(limit))
        yield scene(question, outcome, answer, program, path)


def used(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """References of what is used: the places, or the number where it passes the user's limit."""
    for path, item in symbols(repo, chance):
        outcome = tools.call("find_references", **at(path, item))
        references = outcome.value.references
        if not 0 < len(references) <= 20:
            continue
        names = {"symbol": item.name, "spot": spot(chance, path, item.line, item.column)}
        if len(references) <= 12 and chance.random() < 0.5:
            question, _ = chance.choice(USED)
            question = question.format(**names)
            program = f"result = {called(outcome)}\nprint(result.reference_count)\n{PLACES}"
            text = numbered("It's still used in", spots(references), "place", len(references))
        else:
            limit = limit_near(chance, len(references))
            question = pick(chance, FEW, **names, limit=number(limit))
            program = (
                f"result = {called(outcome)}\nprint(result.reference_count)\nif result.reference_count <= {limit}:\n"
                + indent(PLACES, "    ")
            )
            text = f"`{item.name}` is used in {plural(len(references), 'place')}."
            if len(references) <= limit:
                text = numbered(f"`{item.name}` is used in", spots(references), "place", len(references))
        yield scene(question, outcome, text, program, path)


def unused(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Functions that nobody calls or imports by name; two at most, since the other outcome is the common one."""
    imported = {item.name for facts in repo.python for item in facts.imports}
    idle = [
        (facts.path, item)
        for facts, item in repo.functions()
        if is_telling(item.name) and not item.name.startswith("pytest_") and not item.decorators and not item.is_method and not item.is_nested
        and item.name not in repo.call_sites and item.name not in imported and item.name != "main"
        and len(repo.definitions[item.name]) == 1
    ]  # fmt: skip
    chance.shuffle(idle)
    left = 2
    for path, item in idle[:8]:
        if not left or not is_mentioned_once(tools, item.name):
            continue
        outcome = tools.call("find_references", **at(path, item))
        if outcome.value.references:
            continue
        left -= 1
        question, none = chance.choice(USED)
        question = question.format(symbol=item.name, spot=spot(chance, path, item.line, item.column))
        program = f"result = {called(outcome)}\nprint(result.reference_count)\n{PLACES}"
        yield scene(question, outcome, pick(chance, none, symbol=item.name), program, path)


def steps(tools: Toolbox, chance: Random, paths: list[str]) -> Iterator[Scene]:
    """Types only where the lint is clean: one call or two."""
    for path in paths:
        linted = tools.call("ruff_check", path=path)
        violations, outcomes = linted.value.violations, [linted]
        if len(violations) > MOST:
            continue
        if violations:
            answer = told(path, violations, "lint violation")
            answer += ("\n\n" if len(violations) > 1 else " ") + "I left the types alone."
        else:
            outcomes.append(tools.call("typecheck", path=path))
            found = errors(tools, path)
            if len(found) > MOST or len(found) != len(outcomes[1].value.errors):
                continue
            answer = (
                f"`{path}` passes both: no lint violations and no type errors."
                if not found
                else f"Ruff is happy, but {lower(told(path, found, 'type error'))}"
            )
        then = f"types = typecheck({literal(path)})\n" + ERRORS.replace("RESULT", "types")
        program = if_else(
            f"lint = {called(linted)}", "lint.success", then, VIOLATIONS.replace("RESULT", "lint")
        )
        yield scene(pick(chance, STEPS, path=path), outcomes, answer, program, path)


def has_class(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """A class that is in the file, or one that is in another."""
    found = [(path, item) for path, item in classes(repo, chance)]
    for index, (path, item) in enumerate(found):
        name = item.name if chance.random() < 0.5 else found[index - 1][1].name
        outcome = tools.call("document_symbols", file_path=path)
        spans = [s for s in outcome.value.symbols if s.name == name and s.kind == "class"]
        if len(outcome.content) > 5000 or len(spans) > 1:
            continue
        answer = (
            f"`{name}` spans lines {spans[0].line} to {spans[0].end_line}."
            if spans
            else f"`{path}` defines no class `{name}`."
        )
        program = (
            f'result = {called(outcome)}\nfound = [s for s in result.symbols if s.kind == "class" and s.name == {literal(name)}]\n'
            'if found:\n    print(f"{found[0].line} to {found[0].end_line}")\nelse:\n    print("no such class")'
        )
        yield scene(pick(chance, HAS_CLASS, path=path, symbol=name), outcome, answer, program, path)


def leftovers(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Things one doesn't want in a release, looked for in one folder."""
    tops = sorted({f.path.split("/")[0] for f in repo.sources if "/" in f.path}) or ["."]
    folders = [folder for folder in (*tops, "tests") if any(p.startswith(f"{folder}/") for p in repo.paths)]
    left = {True: 2, False: 2}
    for what, pattern in chance.sample(LEFTOVERS, len(LEFTOVERS)):
        if not folders:
            return
        folder = chance.choice(folders)
        outcome = tools.call("search_text", pattern=pattern, path=folder, glob="*.py")
        matches = outcome.value.matches
        if len(matches) > MOST or not left[bool(matches)]:
            continue
        left[bool(matches)] -= 1
        if not matches:
            answer = f"There are no {what} under `{folder}`."
        elif len(matches) == 1:
            answer = f"Just one, at `{matches[0].file}:{matches[0].line}`."
        else:
            answer = f"{plural(len(matches), 'place')}:\n\n" + bullets(
                [f"`{m.file}:{m.line}`" for m in matches]
            )
        program = (
            f'result = {called(outcome)}\nif result.match_count == 0:\n    print("none")\nfor match in result.matches:\n'
            '    print(f"{match.file}:{match.line}")'
        )
        counted = [[f"{m.file}:{m.line}" for m in matches]]
        yield scene(pick(chance, LEFT, what=what, path=folder), outcome, answer, program, folder, counted)


def uncommitted(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    folders = sorted({path.split("/")[0] for path in repo.paths if "/" in path and not path.startswith(".")})
    for path in chance.sample(folders, min(4, len(folders))):
        outcome = tools.call("git_status", path=path)
        found = outcome.value.files
        if len(found) > MOST:
            continue
        files_of = 'for file in result.files:\n    print(f"{file.file}: {file.status}")'
        program = if_else(f"result = {called(outcome)}", "result.clean", 'print("clean")', files_of)
        items = [f"`{file}` ({status})" for file, status in happened(found).items()]
        question, none, some = chance.choice(list(zip(DIRTY, TREE_CLEAN, TREE_DIRTY, strict=True)))
        if not found:
            answer = pick(chance, none, path=path)
        elif len(items) < 3:
            answer = f"{some}: {listing(items)}."
        else:
            answer = f"{some}:\n\n{bullets(items)}"
        yield scene(question.format(path=path), outcome, answer, program, path)


def lower(text: str) -> str:
    return text[:1].lower() + text[1:]
