r"""What was changed and not committed yet?

user       Show me the staged changes of docs/how-to.md.
assistant  git_diff(path="docs/how-to.md", staged=true)
tool       {"success":true,"file_count":1,"additions":4,"deletions":0,"files":[{"file":"docs/how-to.md","additions":4,"deletions":0,"hunks":["@@ -49,3 +49,7 @@ I…
assistant  Four lines added in `docs/how-to.md`:

           ```diff
           +
           +## How to empty the cart
           +
           +Call `clear` on the cart. The catalogue and the stock are not touched.
           ```
"""

import re
from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.changes import changed_lines, is_small, size
from punie_data.scenario.phrase import bullets, listing, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import in_turns
from punie_data.tools.base import Outcome
from punie_data.tools.results import DiffFile
from punie_data.tools.toolbox import Toolbox

UNSTAGED = (
    "What did I change in {path}?",
    "Show me the uncommitted changes in {path}.",
    "git diff {path}",
    "Summarise my edits to {path}; I need it for the commit message.",
    "I edited {path} earlier today. What exactly is different from the last commit?",
    "How does {path} differ from what's committed?",
    "Run `git_diff` on {path} and sum it up.",
    "As agreed in the review I've been reworking {path}. What have I changed so far?",
)
STAGED = (
    "What have I staged in {path}?",
    "Show me the staged changes of {path}.",
    "git diff --cached {path}",
    "I'm about to commit {path}. What's in the index for it?",
    "Which changes to {path} would go into the commit?",
    "{path} is the file from the ticket. What have I staged there?",
    "Run `git_diff` on what's staged in {path}.",
)
FOLDER = (
    "What's the size of my unstaged changes under {path}?",
    "Which files have I edited under {path}, and by how much?",
    "Give me a diffstat of {path}.",
    "How much did I change in {path} without staging it?",
    "`git_diff` over {path}: how much changed, file by file?",
)
FOLDER_STAGED = (
    "What's staged under {path}, and how big is it?",
    "Give me a diffstat of what's staged in {path}.",
    "How many lines would the next commit change in {path}?",
)
ALL = (
    "How big is my unstaged diff?",
    "Give me a diffstat of everything that isn't staged.",
    "How many lines have I added and removed that aren't staged yet?",
    "git diff --stat, please.",
)
ALL_STAGED = (
    "How big is the commit that I've staged?",
    "Diffstat of the index, please.",
    "How many lines does the staged change add and remove, and where?",
)
ADDITIVE = (
    ("Does my {kind} change to {path} only add lines?", "additive"),
    ("Is the {kind} change in {path} purely additive?", "additive"),
    ("Do I remove anything in {path} with my {kind} change?", "removing"),
    ("Does the {kind} diff of {path} take lines away?", "removing"),
)
NAMES = (
    "Which functions or classes does my {kind} change to {path} add or remove?",
    "Does the {kind} diff of {path} introduce or drop any function or class? Which?",
    "For the changelog: which definitions come or go with the {kind} change to {path}?",
)
SMALL = (
    "{size} in `{path}`:\n\n```diff\n{code}\n```",
    "In `{path}`, {size}:\n\n```diff\n{code}\n```",
    "It's a small change to `{path}`, {size}:\n\n```diff\n{code}\n```",
)
LARGE = (
    "{size} in `{path}`, in {hunks}:\n\n{places}",
    "`{path}` has {size}, spread over {hunks}:\n\n{places}",
)
ONE_PLACE = (
    "{size} in `{path}`, in a single hunk: {place}.",
    "`{path}` has {size}, all in one hunk, {place}.",
)
NEW = ("`{path}` is a new file, {size}.", "All of `{path}` is new, {size}.")
GONE = ("`{path}` is deleted, {size}.", "The whole file `{path}` is gone, {size}.")
STAT = (
    "{size} in {count}:\n\n{items}",
    "{count}, {size}:\n\n{items}",
)
STAT_ONE = ("{size}, all in `{path}`.", "Only `{path}`: {size}.")
HEADER = re.compile(r"(@@ -[\d,]+ \+[\d,]+ @@) ?(.*)")
DEFINED = re.compile(r"\s*(?:async )?(?:def|class) (\w+)")
MOST_PLACES = 8
MOST_NAMES = 8
LONGEST = 7000


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Every changed file, staged or not, the folders above them, and the whole."""
    unstaged = tools.call("git_diff")
    staged = tools.call("git_diff", staged=True)
    yield from in_turns(
        files(tools, chance, unstaged.value.files, False),
        files(tools, chance, staged.value.files, True),
        totals(tools, chance, unstaged, False),
        totals(tools, chance, staged, True),
    )


def files(tools: Toolbox, chance: Random, changed: Sequence[DiffFile], staged: bool) -> Iterator[Scene]:
    """What changed in each file, and then one more thing about it."""
    for asked in (change, aspect):
        for known in chance.sample(changed, len(changed)):
            outcome = diff(tools, known.file, staged)
            if len(outcome.content) <= LONGEST:
                question, text = asked(chance, outcome.value.files[0], staged)
                hunks = [hunk.partition("\n")[0] for hunk in outcome.value.files[0].hunks]
                yield tool_scene(
                    question, outcome, sentence(text), "version_control", paths=[known.file], counted=[hunks]
                )


def totals(tools: Toolbox, chance: Random, whole: Outcome, staged: bool) -> Iterator[Scene]:
    """The whole diff and that of each folder with something in it."""
    found = whole.value.files
    for question in chance.sample(ALL_STAGED if staged else ALL, 2):
        if not found:
            nothing = "Nothing is staged." if staged else "There are no unstaged changes."
            yield tool_scene(question, whole, nothing, "version_control")
        elif len(whole.content) <= LONGEST:
            yield total(chance, question, whole)
    folders = dict.fromkeys(file.file.rpartition("/")[0] for file in found if "/" in file.file)
    for folder in folders:
        outcome = diff(tools, folder, staged)
        if len(outcome.content) <= LONGEST and outcome.value.file_count > 1:
            yield total(chance, pick(chance, FOLDER_STAGED if staged else FOLDER, path=folder), outcome)


def diff(tools: Toolbox, path: str, staged: bool) -> Outcome:
    return tools.call("git_diff", path=path, staged=True) if staged else tools.call("git_diff", path=path)


def total(chance: Random, question: str, outcome: Outcome) -> Scene:
    found = outcome.value.files
    lines = size(outcome.value.additions, outcome.value.deletions)
    if len(found) == 1:
        text = pick(chance, STAT_ONE, size=lines, path=found[0].file)
    else:
        items = bullets([f"`{f.file}`: +{f.additions} −{f.deletions}" for f in found])
        text = pick(chance, STAT, size=lines, count=plural(len(found), "file"), items=items)
    return tool_scene(question, outcome, sentence(text), "version_control", paths=[f.file for f in found])


def change(chance: Random, file: DiffFile, staged: bool) -> tuple[str, str]:
    """What changed: the lines where they are few, else where they are and what they define."""
    question = pick(chance, STAGED if staged else UNSTAGED, path=file.file)
    lines_changed = size(file.additions, file.deletions)
    if not file.hunks:
        return question, f"`{file.file}` differs without a change to its text."
    if is_small(file.hunks):
        return question, pick(
            chance, SMALL, size=lines_changed, path=file.file, code=changed_lines(file.hunks)
        )
    about = definitions(file)
    if file.hunks[0].startswith("@@ -0,0"):
        return question, pick(chance, NEW, path=file.file, size=lines_changed) + about
    if " +0,0 @@" in file.hunks[0]:
        return question, pick(chance, GONE, path=file.file, size=lines_changed) + about
    places = [place(hunk) for hunk in file.hunks]
    if len(places) == 1:
        return question, pick(chance, ONE_PLACE, path=file.file, size=lines_changed, place=places[0]) + about
    text = pick(
        chance, LARGE, path=file.file, size=lines_changed, hunks=plural(len(places), "hunk"),
        places=bullets(places[:MOST_PLACES]),
    )  # fmt: skip
    return question, text + (f"\n\n{about.strip()}" if about else "")


def aspect(chance: Random, file: DiffFile, staged: bool) -> tuple[str, str]:
    """Whether it only adds, or which functions and classes come and go."""
    kind = "staged" if staged else "unstaged"
    if file.file.endswith(".py") and chance.random() < 0.5:
        question = pick(chance, NAMES, path=file.file, kind=kind)
        return question, definitions(
            file
        ).strip() or f"None: no line of the {kind} change to `{file.file}` defines a function or class."
    question, yes = chance.choice(ADDITIVE)
    additive = not file.deletions
    word = "Yes" if additive == (yes == "additive") else "No"
    return question.format(
        path=file.file, kind=kind
    ), f"{word}, {size(file.additions, file.deletions)}{', none removed' if additive else ''}."


def place(hunk: str) -> str:
    """The hunk by its header; what git prints behind it is the nearest heading above."""
    header = HEADER.match(hunk)
    assert header is not None, hunk
    context = header[2].strip().rstrip(":(,")[:70].strip()
    return f"`{header[1]}`" + (f", near `{context}`" if context and "`" not in context else "")


def definitions(file: DiffFile) -> str:
    """The functions and classes whose first lines are added or removed, as a sentence; "" where there are none."""
    if not file.file.endswith(".py"):
        return ""
    lines = [line for hunk in file.hunks for line in hunk.split("\n")[1:]]
    new, old = defined(lines, "+"), defined(lines, "-")
    added = said(
        "It defines" if file.hunks[0].startswith("@@ -0,0") else "It adds", [n for n in new if n not in old]
    )
    removed = said(
        "It held" if " +0,0 @@" in file.hunks[0] else "It removes", [n for n in old if n not in new]
    )
    return added + removed


def defined(lines: Sequence[str], sign: str) -> list[str]:
    """The functions and classes whose first line is among the added or removed ones."""
    found = (DEFINED.match(line[1:]) for line in lines if line[:1] == sign)
    return list(dict.fromkeys(match[1] for match in found if match))


def said(verb: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    some = "among others " if len(names) > MOST_NAMES else ""
    return f" {verb} {some}{listing([f'`{name}`' for name in names[:MOST_NAMES]])}."
