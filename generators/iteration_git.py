"""Go through what git says and give one line for each.

user       Loop over git's status under docs and print status and path of each file.
assistant  git_status(path="docs")
tool       {"success":true,"clean":false,"file_count":2,"files":[{"file":"docs/how-to.md","status":"modified","staged":true},{"file":"docs/ideas.md","status":"untracked","staged":false}],"parse_error":null}
assistant  - `docs/how-to.md`: modified
           - `docs/ideas.md`: untracked
"""

from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.changes import happened
from punie_data.scenario.loops import each
from punie_data.scenario.phrase import bullets, number, pick, plural
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import in_turns
from punie_data.tools.toolbox import Toolbox

ADDED = (
    "For each changed file in my {kind} diff{place}: how many lines were added?",
    "List the files of the {kind} diff{place} with their additions.",
    "Added lines per file in my {kind} diff{place}, please.",
)
BOTH = (
    "Go through my {kind} diff{place} file by file: added and removed lines of each.",
    "Per file of the {kind} diff{place}: lines added, lines removed.",
)
STATUS = (
    "Name every file that differs from the last commit{place}, each with its status.",
    "File by file: what happened to the uncommitted files{place}?",
    "Loop over git's status{place} and print status and path of each file.",
)
COMMITS = (
    ("For each of the last {count} commits{place}: date and author.", "{date}, {author}"),
    ("Dates and authors of the {count} newest commits{place}, one line each.", "{date}, {author}"),
    ("Go through the last {count} commits{place} and give me hash and date of each.", "`{hash}`, {date}"),
    ("Just the hashes and messages of the last {count} commits{place}, one by one.", "`{hash}`: {message}"),
    ("Who made the last {count} commits{place}, and what do their messages say?", "{author}: {message}"),
)
MOST, MOST_COMMITS, LONGEST = 14, 6, 7000


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Diffs, the status and the log by turns; nothing where there is no git."""
    if not repo.has_git:
        return
    streams = [diffs(tools, chance), statuses(tools, chance), commits(repo, tools, chance)]
    chance.shuffle(streams)
    yield from in_turns(*streams)


def diffs(tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """The staged diff and the other, of everything and of each folder."""
    for staged in chance.sample((False, True), 2):
        given: dict[str, object] = {"staged": True} if staged else {}
        whole = tools.call("git_diff", **given).value.files
        for folder in ["", *dict.fromkeys(file.file.split("/")[0] for file in whole if "/" in file.file)]:
            outcome = tools.call("git_diff", **given, **({"path": folder} if folder else {}))
            found = outcome.value.files
            if not 2 <= len(found) <= MOST or len(outcome.content) > LONGEST:
                continue
            if chance.random() < 0.5:
                questions, printed = ADDED, 'f"{file.file}: {file.additions}"'
                items = [f"`{f.file}`: {plural(f.additions, 'line')}" for f in found]
            else:
                questions, printed = BOTH, 'f"{file.file}: +{file.additions} -{file.deletions}"'
                items = [f"`{f.file}`: {f.additions} added, {f.deletions} removed" for f in found]
            names = {"kind": "staged" if staged else "unstaged", "place": f" of {folder}" if folder else ""}
            program = each(outcome, "files", "file", printed)
            yield tool_scene(
                pick(chance, questions, **names),
                outcome,
                bullets(items),
                "iteration",
                paths=[f.file for f in found],
                program=program,
            )


def statuses(tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Of everything, and of each folder where something has changed."""
    whole = tools.call("git_status").value.files
    for folder in ["", *dict.fromkeys(file.file.split("/")[0] for file in whole if "/" in file.file)]:
        outcome = tools.call("git_status", **({"path": folder} if folder else {}))
        found = happened(outcome.value.files)
        if not 2 <= len(found) <= MOST:
            continue
        program = each(outcome, "files", "file", 'f"{file.status}: {file.file}"')
        items = [f"`{path}`: {status}" for path, status in found.items()]
        question = pick(chance, STATUS, place=f" under {folder}" if folder else "")
        yield tool_scene(question, outcome, bullets(items), "iteration", paths=list(found), program=program)


def commits(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """The latest commits, of everything and of a few files and folders."""
    paths = [facts.path for facts in repo.sources]
    paths = sorted({*paths, *(path.rpartition("/")[0] for path in paths)} - {""})
    for path in ["", *chance.sample(paths, min(8, len(paths)))]:
        given = {"path": path} if path else {}
        known = len(tools.call("git_log", **given, count=MOST_COMMITS).value.commits)
        if known < 2:
            continue
        count = chance.randint(2, known)
        outcome = tools.call("git_log", **given, count=count)
        found = outcome.value.commits
        template, item = chance.choice(COMMITS)
        lines = [item.format(date=c.date, author=c.author, hash=c.hash, message=c.message) for c in found]
        wanted = [name for name in ("hash", "date", "author", "message") if f"{{{name}}}" in item]
        fields = " ".join(f"{{commit.{name}}}" for name in wanted)
        program = each(outcome, "commits", "commit", f'f"{fields}"')
        question = template.format(count=number(count), place=f" to {path}" if path else "")
        yield tool_scene(
            question, outcome, bullets(lines), "iteration", paths=[path] if path else [], program=program
        )
