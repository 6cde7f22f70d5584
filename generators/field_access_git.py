"""One field of what git says is the answer.

user       Whom do I ask about src/tiny_shop/orders.py? Whoever committed to it last.
assistant  git_log(path="src/tiny_shop/orders.py", count=1)
tool       {"success":true,"commit_count":1,"commits":[{"hash":"22554ed71e4d","message":"Pricing rules, payments and orders","author":"Jon Berg","date":"2024-04-…
assistant  The latest commit is by Jon Berg.
"""

from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.fields import Asked, Targets, path_targets, scenes
from punie_data.scenario.scene import Scene
from punie_data.scenario.subjects import in_turns
from punie_data.tools.toolbox import Toolbox

MOST_LINES = 60

CLEAN = Asked(
    "clean",
    (
        "Is {path} clean for git? A yes or no is fine.",
        "True or false: {path} has no uncommitted changes.",
        "Can I overwrite {path} without losing uncommitted work? Yes or no.",
    ),
    yes_no=(
        ("Yes, it's clean.", "No, it isn't."),
        ("True.", "False."),
        ("Yes, nothing uncommitted would be lost.", "No, it has uncommitted changes."),
    ),
)

CHANGED = Asked(
    "file_count",
    ("How many files under {path} differ from the last commit?", "Number of changed files in {path}?"),
    ("{n}.", "{n} under `{path}`."),
    ("file", "files"),
)

STAGED = Asked(
    "files[0].staged",
    ("Is the change to {path} staged?", "Have I added my change to {path} to the index yet?"),
    yes_no=(("Yes, it's staged.", "No, it isn't."), ("Yes, it's in the index.", "Not yet.")),
)

ADDITIONS = Asked(
    "additions",
    ("How many lines does my {kind} change add to {path}?", "Added lines in the {kind} diff of {path}?"),
    ("{n}.", "{n} in that diff."),
    ("line", "lines"),
)

DELETIONS = Asked(
    "deletions",
    (
        "How many lines does my {kind} change remove from {path}?",
        "Deleted lines in the {kind} diff of {path}?",
    ),
    ("{n}.", "{n} in that diff."),
    ("line", "lines"),
)

AUTHOR = Asked(
    "commits[0].author",
    (
        "Who made the latest commit to {path}?",
        "Author of the last commit that touched {path}?",
        "Whom do I ask about {path}? Whoever committed to it last.",
    ),
    ("It was {value}.", "The latest commit is by {value}."),
)

DATE = Asked(
    "commits[0].date",
    (
        "On which day was {path} last committed to?",
        "Date of the latest commit to {path}?",
        "How fresh is {path}? The date of the last commit will do.",
    ),
    ("{value}.", "On {value}.", "The latest commit is from {value}."),
)

HASH = Asked(
    "commits[0].hash",
    (
        "What's the hash of the latest commit to {path}?",
        "Give me the id of the newest commit that touched {path}.",
        "I want to revert the last commit to {path}. Its hash, please.",
    ),
    ("`{value}`.", "It's `{value}`."),
)

MESSAGE = Asked(
    "commits[0].message",
    ("What does the latest commit message about {path} say?", "Subject line of the newest commit to {path}?"),
    ('"{value}"', 'It says "{value}".'),
)
STATUS = Asked(
    "files[0].status",
    (
        "Is {path} new, modified or deleted compared with the last commit?",
        "In short: git's status for {path}?",
    ),
    ("It's {value}.", "{value}."),
)
TOUCHED = Asked(
    "file_count",
    (
        "How many files does my {kind} diff of {path} touch?",
        "Number of files in the {kind} diff under {path}?",
    ),
    ("{n}.", "It touches {n}."),
    ("file", "files"),
)
COMMITS = Asked(
    "commit_count",
    (
        "How many commits touched {path}? Stop counting at 30.",
        "Commit count of {path}, 30 at most?",
        "Does {path} change often? Count its commits, up to 30.",
    ),
    ("{n}.", "`{path}` has {n}."),
    ("commit", "commits"),
)


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """One stream a field. Of a clean tree, only what the log and a yes or no can tell."""
    listed = [file.file for file in tools.call("git_status").value.files]
    changed = list(dict.fromkeys(listed))
    once = [path for path in changed if listed.count(path) == 1]
    folders = sorted({path.split("/")[0] for path in repo.paths if "/" in path and not path.startswith(".")})
    dirty = [folder for folder in folders if any(path.startswith(f"{folder}/") for path in changed)]
    sources = [facts.path for facts in repo.sources] + folders

    def within(one: Asked, tool: str, paths: list[str], **given: object) -> Iterator[Scene]:
        return scenes(chance, one, path_targets(tools, chance, tool, paths, **given))

    streams = [
        within(CLEAN, "git_status", changed[:3] + chance.sample(sources, min(3, len(sources)))),
        within(CHANGED, "git_status", dirty or folders[:1]),
        within(STAGED, "git_status", once),
        within(STATUS, "git_status", once),
        within(COMMITS, "git_log", sources, count=30),
        *(within(one, "git_log", sources, count=1) for one in (AUTHOR, DATE, HASH, MESSAGE)),
        *diffs(tools, chance, dirty, False),
        *diffs(tools, chance, dirty, True),
    ]
    chance.shuffle(streams)
    yield from in_turns(*streams)


def diffs(tools: Toolbox, chance: Random, dirty: list[str], staged: bool) -> Iterator[Iterator[Scene]]:
    """The numbers of the staged or the unstaged diff, file by file and folder by folder."""
    given: dict[str, object] = {"staged": True} if staged else {}
    found = tools.call("git_diff", **given).value.files
    paths = [file.file for file in found if file.additions + file.deletions <= MOST_LINES]
    for one, among in ((ADDITIONS, paths), (DELETIONS, paths), (TOUCHED, dirty)):
        targets = path_targets(tools, chance, "git_diff", among, **given)
        yield scenes(chance, one, named(targets, "staged" if staged else "unstaged"))


def named(targets: Targets, kind: str) -> Targets:
    for outcome, names in targets:
        yield outcome, names | {"kind": kind}
