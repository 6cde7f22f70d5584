"""What git says, and other tools of the files it names.

user       Would the Python files that I've modified pass ruff?
assistant  git_status()
tool       {"success":true,"clean":false,"file_count":5,"files":[{"file":"CHANGELOG.md","status":"added","staged":true},{"file":"MANIFEST.in","status":"deleted",…
assistant  ruff_check(path="src/tiny_shop/inventory.py")
tool       {"success":true,"violation_count":0,"fixable_count":0,"violations":[],"parse_error":null}
assistant  Yes, `src/tiny_shop/inventory.py` is clean.
"""

from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.changes import changed_lines, is_small, size
from punie_data.scenario.findings import checked, missing_package, pinned, said
from punie_data.scenario.phrase import bullets, listing, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import called, in_turns
from punie_data.scenario.telling import opened
from punie_data.tools.base import Outcome
from punie_data.tools.results import GitFile
from punie_data.tools.toolbox import Toolbox

BLAME = (
    "Type-check {path}. Who committed last to the first file with an error?",
    "Is there a type error under {path}? If so, which commit touched the first such file last?",
    "Which commit last changed the first file under {path} that fails the type checker?",
    "Run the type checker over {path}. For the first file with an error, I need its latest commit.",
)
LINT_CHANGED = (
    "Lint the Python files that I've changed{place}.",
    "Run ruff over the Python files{place} that differ from the last commit.",
    "Before I commit: are the Python files that I touched{place} lint-free?",
    "ruff on my changed Python files{place}, please",
    "Would the Python files that I've modified{place} pass ruff?",
)
TYPE_CHANGED = (
    "Type-check the Python files that I've changed{place}.",
    "Do the Python files{place} that differ from the last commit pass the type checker?",
    "Did my uncommitted changes{place} leave type errors in any of the Python files?",
    "Run the type checker over every Python file{place} that I've changed since the last commit.",
)
SHOW_CHANGE = {
    False: (
        "I changed {what} without staging it. Which one was it, and what did I change?",
        "Find the unstaged change to {what} and show it to me.",
        "There's one modified {bare} that I haven't staged. Which, and what's the difference?",
        "What have I changed in the {bare} that isn't staged yet?",
    ),
    True: (
        "I staged a change to {what}. Which one was it, and what's the change?",
        "Which {bare} is staged, and with which change?",
        "Show me the staged change to {what}. I forgot which file it was.",
        "What would the next commit change in the {bare} that I've staged?",
    ),
}
LAST_COMMITS = (
    "Which commits were the last to touch the files{place} that I've changed but not staged?",
    "For each unstaged change of mine{place}: which commit touched that file last?",
    "When were the files{place} with unstaged changes last committed, and by whom?",
    "Take every file{place} that I've modified without staging it and show me its latest commit.",
)
REVIEW = (
    "Review my {kind} change to {what}: what is it, and does the file pass ruff and the type checker?",
    "I have one {kind} {bare}. Show me the diff, then lint and type-check it.",
    "What did I change in the {kind} {bare}, and what do ruff and the type checker make of the file?",
    "Diff, lint and types of the one {kind} {bare}, please.",
)
KINDS = (
    ("a Python file", "Python file", ".py", 'file.file.endswith(".py")'),
    ("a Markdown file", "Markdown file", ".md", 'file.file.endswith(".md")'),
    ("a reStructuredText file", "reStructuredText file", ".rst", 'file.file.endswith(".rst")'),
)
"""What a file is called, and how a program tells that it is one."""
CLEAN_IS_YES = ("Before", "Do the", "Would")
"""Questions whether all is well; "Did my changes leave …" asks whether it isn't."""
MOST_FILES = 5
LONGEST = 7000
MOST_FINDINGS = 8


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Each workflow in turn, over the whole tree and over its folders."""
    whole = tools.call("git_status")
    folders = list(dict.fromkeys(file.file.split("/")[0] for file in whole.value.files if "/" in file.file))
    statuses = [whole, *(tools.call("git_status", path=folder) for folder in folders)]
    tools.prepare_typecheck(changed_python(whole)[: 2 * MOST_FILES])
    yield from in_turns(
        checked_changes(repo, tools, chance, statuses, "ruff_check"),
        shown_change(tools, chance, statuses, False),
        shown_change(tools, chance, statuses, True),
        checked_changes(repo, tools, chance, statuses, "typecheck"),
        review(repo, tools, chance, statuses),
        last_commits(tools, chance, statuses),
        blame(repo, tools, chance),
    )


def scene(
    question: str,
    outcomes: Sequence[Outcome],
    answer: str,
    program: str,
    paths: Sequence[str],
    counted: Sequence[str] = (),
) -> Scene:
    return tool_scene(
        question, outcomes, sentence(answer), "workflow", paths=paths, program=program, counted=[counted]
    )


def changed_python(status: Outcome) -> list[str]:
    """The Python files among them that are still there."""
    there = (f.file for f in status.value.files if f.file.endswith(".py") and f.status != "deleted")
    return list(dict.fromkeys(there))


def is_python_below(path: str, folder: str) -> bool:
    return path.endswith(".py") and (not folder or path.startswith(f"{folder}/"))


def where(status: Outcome) -> str:
    return f" under {status.arguments['path']}" if "path" in status.arguments else ""


def checked_changes(
    repo: Repo, tools: Toolbox, chance: Random, statuses: Sequence[Outcome], tool: str
) -> Iterator[Scene]:
    """git_status → ruff_check or typecheck of each changed Python file that is still there."""
    field, noun, questions = {
        "ruff_check": ("violation_count", "violation", LINT_CHANGED),
        "typecheck": ("error_count", "type error", TYPE_CHANGED),
    }[tool]
    for status in statuses:
        paths = changed_python(status)
        folder = status.arguments.get("path", "")
        if len(paths) > MOST_FILES or not status.value.files:
            continue
        # Nobody asks about Python files in a folder that has none.
        if not any(is_python_below(path, folder) for path in repo.paths):
            continue
        results = [tools.call(tool, path=path) for path in paths]
        if tool == "typecheck" and any(missing_package(i, repo) for r in results for i in r.value.errors):
            continue
        if sum(len(result.content) for result in results) > LONGEST:
            continue
        counts = [getattr(result.value, field) for result in results]
        ruled = [
            finding
            for result in results
            for finding in (result.value.violations if tool == "ruff_check" else ())
        ]
        question = pick(chance, questions, place=where(status))
        yes = "clean" if question.startswith(CLEAN_IS_YES) else "found" if question.startswith("Did") else ""
        if not paths:
            aside = any(f.file.endswith(".py") for f in status.value.files)
            answer = f"there is nothing to check: no Python file{where(status)} differs from the last commit{', deleted ones aside' if aside else ''}."
        elif not any(counts):
            named = listing([f"`{path}`" for path in paths])
            answer = opened(yes, True, f"all clean: {named}." if len(paths) > 1 else f"{named} is clean.")
        elif len(ruled) == 1:
            answer = opened(yes, False, f"one violation, {pinned(ruled[0])}.")
        elif len(ruled) == sum(counts) and len(ruled) <= MOST_FINDINGS:
            answer = listed(yes, [said(finding) for finding in ruled])
            rest = [f"`{path}`" for path, count in zip(paths, counts, strict=True) if not count]
            answer += f"\n\n{listing(rest)} {'is' if len(rest) == 1 else 'are'} clean." if rest else ""
        else:
            lines = [f"`{path}`: {plural(count, noun)}" for path, count in zip(paths, counts, strict=True)]
            one = f"`{paths[0]}` has {plural(counts[0], noun)}."
            answer = opened(yes, False, one) if len(lines) == 1 else listed(yes, lines)
        shown = (
            '\n    for v in result.violations:\n        print(f"{v.file}:{v.line}: {v.message} ({v.code})")'
            if tool == "ruff_check"
            else ""
        )
        program = (
            f'status = {called(status)}\npaths = sorted({{f.file for f in status.files if f.file.endswith(".py") and f.status != "deleted"}})\n'
            f'print(len(paths))\nfor path in paths:\n    result = {tool}(path)\n    print(f"{{path}}: {{result.{field}}}"){shown}'
        )
        yield scene(question, [status, *results], answer, program, paths)


def listed(yes: str, lines: Sequence[str]) -> str:
    """What was found, behind the "Yes" or "No" that the question may want."""
    lead = f"{'No' if yes == 'clean' else 'Yes'}:\n\n" if yes else ""
    return lead + bullets(lines)


def single(status: Outcome, staged: bool) -> Iterator[tuple[str, str, str, GitFile]]:
    """Kinds of which exactly one modified file is staged, or is not."""
    for what, bare, suffix, condition in KINDS:
        found = [
            f
            for f in status.value.files
            if f.staged == staged and f.status == "modified" and f.file.endswith(suffix)
        ]
        if len(found) == 1:
            yield what, bare, condition, found[0]


def diff_of(tools: Toolbox, path: str, staged: bool) -> Outcome:
    return tools.call("git_diff", path=path, **({"staged": True} if staged else {}))


def shown_change(
    tools: Toolbox, chance: Random, statuses: Sequence[Outcome], staged: bool
) -> Iterator[Scene]:
    """git_status → git_diff."""
    for status in statuses:
        for what, bare, condition, file in single(status, staged):
            diff = diff_of(tools, file.file, staged)
            change = diff.value.files[0] if diff.value.files else None
            if change is None or not is_small(change.hunks) or "```" in "".join(change.hunks):
                continue
            program = (
                f"status = {called(status)}\nfor file in status.files:\n"
                f'    if {"" if staged else "not "}file.staged and file.status == "modified" and {condition}:\n'
                f"        change = git_diff(file.file{', True' if staged else ''}).files[0]\n"
                '        print(f"{change.file}: {change.additions} added, {change.deletions} removed")\n'
                '        print("\\n".join(change.hunks))'
            )
            answer = f"`{file.file}`, {size(change.additions, change.deletions)}:\n\n```diff\n{changed_lines(change.hunks)}\n```"
            place = where(status)
            question = pick(chance, SHOW_CHANGE[staged], what=what + place, bare=bare + place)
            yield scene(question, [status, diff], answer, program, [file.file])


def review(repo: Repo, tools: Toolbox, chance: Random, statuses: Sequence[Outcome]) -> Iterator[Scene]:
    """git_status → git_diff → ruff_check → typecheck."""
    for status in statuses:
        for staged in (False, True):
            for what, bare, condition, file in single(status, staged):
                if not file.file.endswith(".py"):
                    continue
                diff, lint = diff_of(tools, file.file, staged), tools.call("ruff_check", path=file.file)
                types = tools.call("typecheck", path=file.file)
                change = diff.value.files[0] if diff.value.files else None
                if (
                    change is None
                    or not is_small(change.hunks)
                    or len(lint.content) + len(types.content) > 5000
                ):
                    continue
                if any(missing_package(issue, repo) for issue in types.value.errors):
                    continue
                passed = f"Ruff finds {plural(lint.value.violation_count, 'violation')} in the file, the type checker {plural(types.value.error_count, 'error')}."
                answer = f"`{file.file}`, {size(change.additions, change.deletions)}:\n\n```diff\n{changed_lines(change.hunks)}\n```\n\n{passed}"
                program = (
                    f"status = {called(status)}\nfor file in status.files:\n"
                    f'    if {"" if staged else "not "}file.staged and file.status == "modified" and {condition}:\n'
                    f"        change = git_diff(file.file{', True' if staged else ''}).files[0]\n"
                    '        print(f"{change.file}: {change.additions} added, {change.deletions} removed")\n'
                    '        print("\\n".join(change.hunks))\n'
                    '        print(f"lint: {ruff_check(file.file).violation_count}, types: {typecheck(file.file).error_count}")'
                )
                place = where(status)
                question = pick(
                    chance,
                    REVIEW,
                    kind="staged" if staged else "unstaged",
                    what=what + place,
                    bare=bare + place,
                )
                yield scene(question, [status, diff, lint, types], answer, program, [file.file])


def last_commits(tools: Toolbox, chance: Random, statuses: Sequence[Outcome]) -> Iterator[Scene]:
    """git_status → git_log of each file."""
    for status in statuses:
        paths = [f.file for f in status.value.files if not f.staged and f.status != "untracked"]
        if not 1 <= len(paths) <= MOST_FILES:
            continue
        logs = [tools.call("git_log", path=path, count=1) for path in paths]
        if not all(log.value.commits for log in logs):
            continue
        lines = []
        for path, log in zip(paths, logs, strict=True):
            commit = log.value.commits[0]
            lines.append(f"`{path}`: `{commit.hash}` by {commit.author}, {commit.date} ({commit.message})")
        program = (
            f'for file in {called(status)}.files:\n    if not file.staged and file.status != "untracked":\n'
            "        commit = git_log(file.file, 1).commits[0]\n"
            '        print(f"{file.file}: {commit.hash} {commit.author} {commit.date} {commit.message}")'
        )
        answer = lines[0] + "." if len(lines) == 1 else bullets(lines)
        yield scene(pick(chance, LAST_COMMITS, place=where(status)), [status, *logs], answer, program, paths)


def blame(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """typecheck of a folder → git_log of a file in it."""
    for folder in checked(repo, tools).folders:
        result = tools.call("typecheck", path=folder)
        errors = [issue for issue in result.value.errors if issue.severity == "error"]
        if not errors or any(missing_package(i, repo) for i in errors) or len(result.content) > 5000:
            continue
        log = tools.call("git_log", path=errors[0].file, count=1)
        if not log.value.commits:
            continue
        commit = log.value.commits[0]
        program = (
            f'first = [issue for issue in {called(result)}.errors if issue.severity == "error"][0]\nprint(first.file)\n'
            'commit = git_log(first.file, 1).commits[0]\nprint(f"{commit.hash} {commit.date} {commit.author}: {commit.message}")'
        )
        answer = f"the first file with an error is `{errors[0].file}`. Its last commit is `{commit.hash}` ({commit.message}), by {commit.author} on {commit.date}."
        yield scene(pick(chance, BLAME, path=folder), [result, log], answer, program, [errors[0].file])
