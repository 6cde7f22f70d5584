"""What differs from the last commit?

user       Is anything uncommitted under docs?
assistant  git_status(path="docs")
tool       {"success":true,"clean":false,"file_count":2,"files":[{"file":"docs/how-to.md","status":"modified","staged":true},{"file":"docs/ideas.md","status":"un…
assistant  Yes, two files differ from the last commit.

           Staged:

           - `docs/how-to.md` (modified)

           Untracked:

           - `docs/ideas.md`
"""

from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import in_turns
from punie_data.scenario.telling import opened
from punie_data.tools.base import Outcome
from punie_data.tools.results import GitFile
from punie_data.tools.toolbox import Toolbox

Questions = Sequence[tuple[str, str]]
"""Each with what a yes would mean; see `findings.opened`."""
WHOLE = (
    ("What have I changed since the last commit?", ""),
    ("git status, please.", ""),
    ("Give me an overview of my uncommitted changes.", ""),
    ("I lost track of what I was doing here. Which files have I touched?", ""),
    ("Show me the state of the work tree.", ""),
    ("Before I switch branches: which files would I have to commit or stash?", ""),
    ("Run `git_status` and tell me where I stand.", ""),
)
CLEAN = (
    ("Is my work tree clean?", "clean"),
    ("Do I have uncommitted changes?", "found"),
    ("Is there anything left to commit?", "found"),
    ("I want to tag a release. Is everything committed?", "clean"),
    ("Is there uncommitted work that I'd have to stash before pulling?", "found"),
)
STAGED = (
    ("What's staged right now?", ""),
    ("If I ran git commit now, which files would go in?", ""),
    ("Is anything in the index already?", "found"),
    ("I'm about to commit. What exactly did I stage?", ""),
)
UNSTAGED = (
    ("Which changes haven't I staged yet?", ""),
    ("Did I forget to git add something that's modified?", "found"),
    ("What would stay behind if I committed the index now, new files aside?", ""),
)
UNTRACKED = (
    ("Are there untracked files lying around?", "found"),
    ("Did I create any files that git doesn't know yet?", "found"),
    ("Which untracked files should I either add or ignore?", ""),
)
DELETED = (
    ("Did I delete anything that was in the last commit?", "found"),
    ("Are any tracked files gone from the work tree?", "found"),
    ("Which files would my next commits remove?", ""),
)
PYTHON = (
    ("Which Python files have I touched?", ""),
    ("Do any .py files differ from the last commit?", "found"),
)
BELOW = (
    ("Is anything uncommitted under {path}?", "found"),
    ("What has changed in {path} since the last commit?", ""),
    ("Is {path} clean as far as git is concerned?", "clean"),
    ("git status for {path}", ""),
    ("Did I leave uncommitted work in {path}?", "found"),
    ("I only care about {path}: what's its git status?", ""),
    ("`git_status` on {path}, please.", ""),
    ("{path} is the folder that the ticket is about. Is anything uncommitted there?", "found"),
)
FILE = (
    ("Have I changed {path} since the last commit?", "found"),
    ("Is {path} modified, staged or untouched?", ""),
    ("What's the git status of {path}?", ""),
    ("Does {path} still match the last commit?", "clean"),
    ("I can't remember: did I touch {path}?", "found"),
    ("Run `git_status` for {path}.", ""),
    ("I told the reviewer that {path} is committed as agreed. Is it?", "clean"),
)
NOTHING = (
    "the work tree is clean: nothing is staged, modified or untracked.",
    "everything is committed; the work tree matches the last commit.",
    "there is nothing to commit, the work tree is clean.",
)
NOTHING_BELOW = (
    "`{path}` is clean: it matches the last commit.",
    "nothing has changed in `{path}` since the last commit.",
    "there are no uncommitted changes in `{path}`.",
)
MOST_FILES = 16
MOST_QUIET = 4


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """The whole tree under several aspects, then folders and single files, changed ones and others."""
    whole = tools.call("git_status")
    changed = list(dict.fromkeys(file.file for file in whole.value.files))
    folders = sorted(
        {
            "/".join(path.split("/")[:depth])
            for path in repo.paths
            for depth in (1, 2)
            if path.count("/") >= depth
        }
    )
    yield from in_turns(
        aspects(chance, whole),
        parts(tools, chance, folders, changed, BELOW),
        parts(tools, chance, repo.paths, changed, FILE),
    )


def aspects(chance: Random, whole: Outcome) -> Iterator[Scene]:
    files: tuple[GitFile, ...] = whole.value.files
    if not files:
        for question, yes in [*chance.sample(CLEAN, 3), chance.choice(WHOLE)]:
            text = sentence(opened(yes, True, pick(chance, NOTHING)))
            yield tool_scene(question, whole, text, "version_control")
    if not 0 < len(files) <= MOST_FILES:
        return
    for question, yes in chance.sample(WHOLE, 2):
        yield scene(question, whole, sentence(opened(yes, False, overview(files))), files)
    for question, yes in chance.sample(CLEAN, 2):
        yield scene(question, whole, sentence(opened(yes, False, summary(files))), files)
    for questions, kept, nothing in (
        (STAGED, [f for f in files if f.staged], "nothing is staged."),
        (
            UNSTAGED,
            [f for f in files if not f.staged and f.status != "untracked"],
            "every change to a tracked file is staged.",
        ),
        (UNTRACKED, [f for f in files if f.status == "untracked"], "there are no untracked files."),
        (DELETED, [f for f in files if f.status == "deleted"], "nothing was deleted."),
        (
            PYTHON,
            [f for f in files if f.file.endswith(".py")],
            "no Python file differs from the last commit.",
        ),
    ):
        for question, yes in chance.sample(questions, 1):
            text = told(kept) if kept else nothing
            yield scene(question, whole, sentence(opened(yes, not kept, text)), kept)


def parts(
    tools: Toolbox, chance: Random, paths: Sequence[str], changed: Sequence[str], questions: Questions
) -> Iterator[Scene]:
    """Folders or files: those that changed, and a few of the others."""
    dirty = [
        p
        for p in dict.fromkeys([*changed, *paths])
        if (p in changed and questions is FILE) or any(c.startswith(f"{p}/") for c in changed)
    ]
    quiet = [p for p in paths if p not in dirty and (p.endswith(".py") or questions is BELOW)]
    chosen = chance.sample(quiet, min(MOST_QUIET, len(quiet))) + chance.sample(dirty, min(10, len(dirty)))
    chance.shuffle(chosen)
    for path in chosen:
        outcome = tools.call("git_status", path=path)
        files = outcome.value.files
        question, yes = chance.choice(questions)
        text = (
            pick(chance, NOTHING_BELOW, path=path)
            if not files
            else overview(files)
            if path not in changed
            else one(files)
        )
        yield scene(
            question.format(path=path), outcome, sentence(opened(yes, not files, text)), files, [path]
        )


def scene(
    question: str, outcome: Outcome, text: str, files: Sequence[GitFile], paths: Sequence[str] = ()
) -> Scene:
    names = sorted({file.file for file in files})
    counted = [names, *([file.file for file in group] for _, group in groups(files))]
    return tool_scene(question, outcome, text, "version_control", paths=[*paths, *names], counted=counted)


def groups(files: Sequence[GitFile]) -> list[tuple[str, list[GitFile]]]:
    """Staged, not staged, untracked, in the order of `git status`; those that there are."""
    kinds = {
        "staged": [f for f in files if f.staged],
        "not staged": [f for f in files if not f.staged and f.status != "untracked"],
        "untracked": [f for f in files if f.status == "untracked"],
    }
    return [(kind, group) for kind, group in kinds.items() if group]


def overview(files: Sequence[GitFile]) -> str:
    names = {file.file for file in files}
    if len(names) == 1:
        return one(files)
    lists = [f"{sentence(kind)}:\n\n{bullets(named(group))}" for kind, group in groups(files)]
    return f"{plural(len(names), 'file')} differ from the last commit.\n\n" + "\n\n".join(lists)


def summary(files: Sequence[GitFile]) -> str:
    """How many, or which where they are few."""
    names = list(dict.fromkeys(file.file for file in files))
    if len(names) == 1:
        return one(files)
    if len(names) <= 3:
        return f"{listing([f'`{name}`' for name in names])} differ from the last commit."
    counts = [f"{number(len(group))} {kind}" for kind, group in groups(files)]
    return f"{plural(len(names), 'file')} differ from the last commit: {listing(counts)}."


def one(files: Sequence[GitFile]) -> str:
    """One file, which may have a staged and an unstaged change."""
    states = []
    for file in files:
        status = "new" if file.status == "added" else file.status
        if status == "untracked":
            states.append(status)
        else:
            states.append(f"{status} and staged" if file.staged else f"{status} but not staged")
    return f"`{files[0].file}` is {', and on top of that '.join(states)}."


def told(files: Sequence[GitFile]) -> str:
    """Some files of one kind, in a sentence or in a list."""
    names = {file.file for file in files}
    items = named(files)
    if len(items) <= 3:
        return f"{listing(items)}."
    return f"{plural(len(names), 'file')}:\n\n{bullets(items)}"


def named(files: Sequence[GitFile]) -> list[str]:
    """Each with its status, unless they all have the same."""
    same = len({file.status for file in files}) == 1 and files[0].status in ("untracked", "deleted")
    return [f"`{file.file}`" if same else f"`{file.file}` ({file.status})" for file in files]
