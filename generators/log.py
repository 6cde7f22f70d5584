"""What do the latest commits say?

user       git log -2
assistant  git_log(count=2)
tool       {"success":true,"commit_count":2,"commits":[{"hash":"f7e181c1e116","message":"Reports and documentation","author":"Mia Lind","date":"2024-05-17"},{"ha…
assistant  Newest first:

           - `f7e181c1e116` 2024-05-17, Mia Lind: Reports and documentation
           - `22554ed71e4d` 2024-04-11, Jon Berg: Pricing rules, payments and orders
"""

from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import in_turns
from punie_data.tools.base import Outcome
from punie_data.tools.results import Commit
from punie_data.tools.toolbox import Toolbox

FEW = (
    "What were the last {words} commits?",
    "Show me the latest {words} commits.",
    "git log -{digits}",
    "I've been away. What happened in the last {words} commits?",
    "List the {words} most recent commits with their dates.",
    "Which {words} commits are the newest here, and who made them?",
)
FEW_BELOW = (
    "Which were the last {words} commits to {path}?",
    "Show me the {words} most recent commits that touched {path}.",
    "git log -{digits} {path}",
    "What's the recent history of {path}? The last {words} commits are enough.",
    "Who has been working on {path} lately? Look at the last {words} commits.",
    "`git_log` for {path}, the last {words} commits.",
    "The ticket names {path}. Which were the last {words} commits to it?",
)
LATEST = (
    "What's the latest commit?",
    "What did we commit last?",
    "What does the newest commit message say?",
    "git log -1",
    "When was the last commit, and by whom?",
)
LATEST_BELOW = (
    "When was {path} last changed?",
    "Who touched {path} last?",
    "What was the last commit that changed {path}?",
    "Which commit modified {path} most recently?",
    "git log -1 {path}",
    "I see something odd in {path}. Which commit touched it last?",
    "Has anyone changed {path} recently? Just the latest commit, please.",
    "Run `git_log` on {path}; the latest commit is enough.",
    "In the review somebody asked about {path}: when was it last changed?",
    "{path} came up in the meeting. Who changed it last?",
)
ALL_BELOW = (
    "What's the history of {path}?",
    "Show me the commits that touched {path}.",
    "Which commits changed {path}?",
    "git log {path}",
    "How has {path} evolved? The commit messages will do.",
    "Call `git_log` on {path} and list the commits.",
    "The regression we discussed must have come in through {path}. Which commits touched it?",
)
ONE = (
    "`{hash}` by {author} on {date}: {message}",
    "on {date}, {author} committed `{hash}`: {message}",
    "commit `{hash}` ({date}, {author}): {message}",
)
ONE_BELOW = (
    "`{path}` was last changed on {date} by {author}, in `{hash}`: {message}",
    "`{path}` was touched last by {author} on {date}: {message} (`{hash}`)",
    "the latest commit to `{path}` is `{hash}` of {date}, by {author}: {message}",
)
SEVERAL = (
    "the {words} latest commits:\n\n{items}",
    "the last {words}, newest first:\n\n{items}",
    "newest first:\n\n{items}",
)
FEWER = ("there are only {words}:\n\n{items}", "the history holds only {words}:\n\n{items}")
DEFAULT_COUNT = 10


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """The project's latest commits, then those of single files and folders, which differ more from each other."""
    commits = tools.call("git_log", count=20).value.commits
    if not commits:
        return
    folders = sorted(
        {
            "/".join(path.split("/")[:depth])
            for path in repo.paths
            for depth in (1, 2)
            if path.count("/") >= depth
        }
    )
    files = [path for path in repo.paths if path.endswith((".py", ".md", ".rst", ".toml"))]
    paths = chance.sample(files, min(14, len(files))) + chance.sample(folders, min(5, len(folders)))
    chance.shuffle(paths)
    yield from in_turns(
        project(tools, chance, len(commits)),
        below(tools, chance, paths[::2]),
        below(tools, chance, paths[1::2]),
    )


def project(tools: Toolbox, chance: Random, known: int) -> Iterator[Scene]:
    latest = tools.call("git_log", count=1)
    for question in chance.sample(LATEST, 2):
        yield tool_scene(
            question, latest, sentence(one(chance, ONE, latest.value.commits[0], "")), "version_control"
        )
    sizes = chance.sample([2, 3, 4, 5, 6, 7, 8, 12], 4) if known > 12 else chance.sample([2, 3, 5], 2)
    for size, question in zip(sizes, chance.sample(FEW, len(sizes)), strict=True):
        outcome = tools.call("git_log", count=size)
        commits = outcome.value.commits
        templates = FEWER if len(commits) < size else SEVERAL
        text = pick(chance, templates, words=number(len(commits)), items=listed(commits))
        yield scene(question.format(words=number(size), digits=size), outcome, text, commits)


def below(tools: Toolbox, chance: Random, paths: Sequence[str]) -> Iterator[Scene]:
    """One question a path: its latest commit, its last few, or all of them."""
    for path in paths:
        way = chance.choice(("latest", "latest", "few", "all"))
        size = {"latest": 1, "few": chance.choice((2, 3, 4, 5)), "all": DEFAULT_COUNT}[way]
        outcome = (
            tools.call("git_log", path=path) if way == "all" else tools.call("git_log", path=path, count=size)
        )
        commits: tuple[Commit, ...] = outcome.value.commits
        questions = {"latest": LATEST_BELOW, "few": FEW_BELOW, "all": ALL_BELOW}[way]
        question = pick(chance, questions, path=path, words=number(size), digits=size)
        if not commits:
            text = f"`{path}` has no commits: it isn't in the history yet."
        elif size == 1:
            text = one(chance, ONE_BELOW, commits[0], path)
        elif len(commits) == 1:
            text = "only one commit touched it: " + one(chance, ONE, commits[0], path)
        elif len(commits) < size:
            only = "only " if way == "few" else ""
            text = f"{only}{plural(len(commits), 'commit')} touched `{path}`:\n\n{listed(commits)}"
        else:
            what = (
                f"the last {number(size)} commits" if way == "few" else f"the latest {number(size)} commits"
            )
            text = f"{what} to `{path}`:\n\n{listed(commits)}"
        yield scene(question, outcome, text, commits, path)


def scene(question: str, outcome: Outcome, text: str, commits: Sequence[Commit], path: str = "") -> Scene:
    counted = [[commit.hash for commit in commits]]
    return tool_scene(
        question, outcome, sentence(text), "version_control", paths=[path] if path else (), counted=counted
    )


def one(chance: Random, templates: Sequence[str], commit: Commit, path: str) -> str:
    return pick(
        chance, templates, hash=commit.hash, author=commit.author, date=commit.date, path=path,
        message=commit.message.rstrip("."),
    ) + "."  # fmt: skip


def listed(commits: Sequence[Commit]) -> str:
    """One line each; the author only where there are several."""
    alone = len({commit.author for commit in commits}) == 1
    lines = [f"`{c.hash}` {c.date}{'' if alone else f', {c.author}'}: {c.message}" for c in commits]
    by = {1: "It is", 2: "Both are"}.get(len(commits), "All are")
    return bullets(lines) + (f"\n\n{by} by {commits[0].author}." if alone else "")
