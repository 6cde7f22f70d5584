"""Only those files and commits that fulfil a condition.

user       Only the staged files, please.
assistant  git_status()
tool       {"success":true,"clean":false,"file_count":5,"files":[{"file":"CHANGELOG.md","status":"added","staged":true},{"file":"MANIFEST.in","status":"deleted","staged":false},{"file":"docs/how-to.md","status":"modified","staged":true},{"fi…
assistant  `CHANGELOG.md` and `docs/how-to.md`.
"""

from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.loops import kept
from punie_data.scenario.phrase import bullets, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import in_turns, literal
from punie_data.scenario.telling import enumerated
from punie_data.tools.base import Outcome
from punie_data.tools.results import Commit
from punie_data.tools.toolbox import Toolbox

STAGED = (
    "Of my uncommitted changes{place}, which are staged?",
    "Only the staged files{place}, please.",
)
UNSTAGED = (
    "Which of the changed files{place} are not staged? Untracked ones don't count.",
    "Which tracked files{place} have changes that I haven't added to the index?",
)
OF_STATUS = (
    "Which files{place} are {status}, according to git?",
    "From git's status{place}, only what's {status}.",
)
ADDING = (
    "Which files in my {kind} diff{place} only gain lines?",
    "In my {kind} diff{place}, which files have additions but no deletions?",
)
LOSING = (
    "Which files in my {kind} diff{place} lose lines?",
    "From which files does my {kind} diff{place} remove something?",
)
BY_WORD = (
    "Which of the last {count} commits mention {word} in their message?",
    "Look through the last {count} commits: which have {word} in the subject?",
)
SINCE = (
    "Which of the last {count} commits are from {year}?",
    "Of the {count} latest commits, only those made in {year}, please.",
)
MOST, LONGEST = 12, 7000
EMPTY = 0.2
"""How many of the questions that nothing fulfils are asked."""


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """The status, the diff and the log in turn; nothing where there is no git."""
    if not repo.has_git:
        return
    streams = [
        changed(tools, chance),
        diffs(tools, chance),
        by_word(tools, chance),
        by_year(tools, chance),
    ]
    chance.shuffle(streams)
    yield from in_turns(*streams)


def scene(question: str, outcome: Outcome, answer: str, program: str, counted: Sequence[str]) -> Scene:
    return tool_scene(question, outcome, sentence(answer), "iteration", counted=[counted], program=program)


def folders(files: Sequence[str]) -> list[str]:
    """Everything, and then each folder at the top that has some of the files."""
    return ["", *dict.fromkeys(file.split("/")[0] for file in files if "/" in file)]


def changed(tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """By what git says of the change."""
    for folder in folders([file.file for file in tools.call("git_status").value.files]):
        outcome = tools.call("git_status", **({"path": folder} if folder else {}))
        status = chance.choice(("modified", "added", "deleted", "untracked"))
        found = outcome.value.files
        tracked = [f for f in found if not f.staged and f.status != "untracked"]
        for questions, none, condition, some in (
            (STAGED, "nothing is staged.", "file.staged", [f for f in found if f.staged]),
            (UNSTAGED, "all changes to tracked files are staged.", 'not file.staged and file.status != "untracked"', tracked),
            (OF_STATUS, f"no file is {status}.", f"file.status == {literal(status)}", [f for f in found if f.status == status]),
        ):  # fmt: skip
            names = list(dict.fromkeys(file.file for file in some))
            if len(found) < 2 or len(names) > MOST or (not names and chance.random() > EMPTY):
                continue
            text = enumerated([f"`{name}`" for name in names], none, "file")
            question = pick(chance, questions, place=f" under {folder}" if folder else "", status=status)
            program = kept(outcome, "files", "file", condition, "file.file")
            yield scene(question, outcome, text, program, names).changed(paths=tuple(names))


def diffs(tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """By what a change adds or takes away."""
    for staged in chance.sample((False, True), 2):
        given: dict[str, object] = {"staged": True} if staged else {}
        whole = tools.call("git_diff", **given).value.files
        for folder in folders([file.file for file in whole]):
            outcome = tools.call("git_diff", **given, **({"path": folder} if folder else {}))
            files = outcome.value.files
            if not 2 <= len(files) <= MOST or len(outcome.content) > LONGEST:
                continue
            if chance.random() < 0.5:
                questions, none = ADDING, "none: each of them loses lines too."
                condition = "file.additions > 0 and file.deletions == 0"
                found = [file.file for file in files if file.additions and not file.deletions]
            else:
                questions, none, condition = LOSING, "none: nothing is removed.", "file.deletions > 0"
                found = [file.file for file in files if file.deletions]
            if not found and chance.random() > EMPTY:
                continue
            text = enumerated([f"`{name}`" for name in found], none, "file")
            program = kept(outcome, "files", "file", condition, "file.file")
            names = {"kind": "staged" if staged else "unstaged", "place": f" of {folder}" if folder else ""}
            yield scene(pick(chance, questions, **names), outcome, text, program, found).changed(
                paths=tuple(found)
            )


def log(tools: Toolbox, chance: Random) -> Iterator[Outcome]:
    """The latest commits, some more and some fewer; the history has as many."""
    for count in chance.sample((2, 3, 5, 8, 10, 12), 6):
        outcome = tools.call("git_log", count=count)
        if len(outcome.value.commits) == count:
            yield outcome


def by_word(tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """By a word of the message that some of them share."""
    for outcome in log(tools, chance):
        commits = outcome.value.commits
        split = [word for commit in commits for word in commit.message.split()]
        words = sorted({w for w in split if w.isalpha() and w.islower() and len(w) > 3})
        if not words:
            continue
        word = chance.choice(words)
        found = [commit for commit in commits if word in commit.message]
        condition = f"{literal(word)} in commit.message"
        question = pick(chance, BY_WORD, count=number(len(commits)), word=f'"{word}"')
        yield listed(question, outcome, found, condition)


def by_year(tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """By the year, where they are of more than one."""
    for outcome in log(tools, chance):
        commits = outcome.value.commits
        years = sorted({commit.date[:4] for commit in commits})
        if len(years) < 2:
            continue
        year = chance.choice(years)
        found = [commit for commit in commits if commit.date.startswith(year)]
        condition = f"commit.date.startswith({literal(year)})"
        question = pick(chance, SINCE, count=number(len(commits)), year=year)
        yield listed(question, outcome, found, condition)


def listed(question: str, outcome: Outcome, found: Sequence[Commit], condition: str) -> Scene:
    """The commits that are kept, each with its hash, its date and its message."""
    lines = [f"`{commit.hash}` ({commit.date}): {commit.message}" for commit in found]
    text = (
        f"just one, {lines[0]}" if len(lines) == 1 else f"{plural(len(lines), 'commit')}:\n\n{bullets(lines)}"
    )
    program = kept(outcome, "commits", "commit", condition, 'f"{commit.hash} {commit.date} {commit.message}"')
    return scene(question, outcome, text, program, [commit.hash for commit in found])
