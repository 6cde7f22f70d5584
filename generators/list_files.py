"""Which files are there?

user       Does src/tiny_shop/catalogue.py have tests of its own?
assistant  list_files(pattern="test_catalogue.py")
tool       {"success":true,"path":".","file_count":1,"files":["tests/test_catalogue.py"],"parse_error":null}
assistant  Yes, `tests/test_catalogue.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, pick, plural
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.tools.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Wording:
    """Templates. `{files}` is a list, `{count}` such as "three files"; `none` stands where nothing matches."""

    questions: Sequence[str]
    found: Sequence[str]
    none: Sequence[str]


@dataclass(frozen=True, slots=True)
class Ask:
    wording: Wording
    arguments: dict[str, str]
    what: str
    """The kind of file in the plural, or the name that is looked for."""
    folder: str = ""


FOLDER = Wording(
    (
        "Which {what} are in {folder}?",
        "List the {what} under {folder}.",
        "Give me an overview of {folder}: which {what} does it hold?",
        "I'm looking for the right place for a new helper. Which {what} does {folder} have?",
        "ls {folder}, {what} only",
        "What {what} do we keep in {folder}?",
        "`list_files` in {folder}: which {what} are there?",
        "{folder} is the folder we talked about. Which {what} does it have?",
    ),
    ("There are {count}:\n\n{files}", "{folder} has {count}:\n\n{files}", "{Count}:\n\n{files}"),
    ("None: {folder} has no {what}.", "There are no {what} in {folder}."),
)
COUNT = Wording(
    (
        "How many {what} are there in {folder}?",
        "Count the {what} below {folder}, please.",
        "I'm estimating a migration. How many {what} does {folder} have?",
        "number of {what} in {folder}?",
        "{project} has grown. How many {what} are there in {folder} by now?",
    ),
    ("{Count}.", "There are {count}.", "{folder} has {count}."),
    ("None.", "There are no {what} in {folder}."),
)
ANYWHERE = Wording(
    (
        "Does this project have any {what}?",
        "Are there {what} in here?",
        "List all {what} of the project.",
        "Where do we keep our {what}?",
        "Find the {what} for me, please.",
        "Does {project} have any {what}?",
        "Which {what} does {project} have?",
    ),
    (
        "{Count}:\n\n{files}",
        "There are {count}:\n\n{files}",
        "The project has {count} of that kind:\n\n{files}",
    ),
    ("There are no {what} in this project.", "This project has no {what}.", "I see no {what} here."),
)
NAMED = Wording(
    (
        "Where is {what}?",
        "In which folder does {what} live?",
        "I need the path of {what}.",
        "Which path does {what} have in this project?",
        "Someone mentioned {what}. Where do I find it?",
        "Where in {project} is {what}?",
        "The ticket mentions {what}. Where is it?",
    ),
    ("It's at {files}.", "{files}.", "The path is {files}."),
    (
        "There is no {what} in this project.",
        "No file is called {what}.",
        "I can't find a {what} anywhere in the project.",
    ),
)
TESTED = Wording(
    (
        "Is there a test file for {what}?",
        "Which test file covers {what}, going by the name?",
        "Does {what} have tests of its own?",
        "I changed {what}. Is there a test module named after it?",
    ),
    ("{files}.", "Going by the name, {files}."),
    (
        "No test file is named after it. Tests for {what} may have another name, of course.",
        "There is no test file named after {what}.",
    ),
)
GONE = (
    "What's in the {folder} folder?",
    "List the files in {folder}.",
    "Which files do we have under {folder}?",
    "ls {folder}",
    "`list_files` {folder}, please.",
)
GONE_ANSWERS = (
    "There is no `{folder}` folder in this project.",
    "`{folder}` doesn't exist here.",
    "Nothing: the project has no `{folder}`.",
)
KINDS = (
    ("Markdown files", "*.md"), ("reStructuredText files", "*.rst"), ("TOML files", "*.toml"), ("YAML files", "*.y*ml"),
    ("notebooks", "*.ipynb"), ("shell scripts", "*.sh"), ("stub files", "*.pyi"), ("Cython files", "*.pyx"),
    ("JSON files", "*.json"), ("requirements files", "requirements*.txt"), ("type markers", "py.typed"), ("SQL files", "*.sql"),
    ("Dockerfiles", "Dockerfile*"), ("test configurations", "conftest.py"), ("lock files", "*.lock"), ("CSS files", "*.css"),
    ("HTML templates", "*.html"), ("text files", "*.txt"), ("entry points of packages", "__main__.py"), ("C sources", "*.c"),
)  # fmt: skip
EXPECTED = (
    "examples",
    "scripts",
    "benchmarks",
    "docs",
    "tools",
    "notebooks",
    "migrations",
    "templates",
    "tests/integration",
)
MOST_FILES, MOST_COUNTED, MOST_EMPTY = 24, 90, 6


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Folders, kinds of file and names, as the snapshot has them; it is the snapshot that is held against the tool."""
    yield from _gone(repo, tools, chance)
    asks = [*_folders(repo, chance), *_names(repo, chance), *_tests(repo, chance)]
    asks += [Ask(ANYWHERE, {"pattern": pattern}, what) for what, pattern in chance.sample(KINDS, 10)]
    chance.shuffle(asks)
    empty = 0
    for ask in asks:
        outcome = tools.call("list_files", **ask.arguments)
        files = outcome.value.files
        counting = ask.wording is COUNT
        if len(files) > (MOST_COUNTED if counting else MOST_FILES) or (not files and empty == MOST_EMPTY):
            continue
        empty += not files
        counted = plural(len(files), "file") if len(files) < 13 else f"{len(files)} files"
        fields = {"what": ask.what, "folder": ask.folder, "project": repo.title}
        question = pick(chance, ask.wording.questions, **fields)
        inline = ask.wording in (NAMED, TESTED)
        shown = [f"`{file}`" for file in files]
        listed = listing(shown) if inline else bullets(shown)
        confirms = bool(files) and question.startswith(("Is ", "Does ", "Are "))
        if len(files) == 1 and not counting and (confirms or not inline):
            told = (
                (f"Yes, {shown[0]}.", f"Yes: {shown[0]}.")
                if confirms
                else (f"Only {shown[0]}.", f"There's one, {shown[0]}.")
            )
            answer = chance.choice(told)
        elif len(files) > 1 and ask.wording is NAMED:
            answer = f"There are {plural(len(files), 'file')} of that name: {listed}."
        else:
            fields |= {"count": counted, "Count": counted[:1].upper() + counted[1:], "files": listed}
            answer = pick(chance, ask.wording.found if files else ask.wording.none, **fields)
            answer = f"Yes. {answer}" if confirms else answer
        yield tool_scene(question, outcome, answer, "structure", paths=files)


def _folders(repo: Repo, chance: Random) -> Iterator[Ask]:
    """Folders with a handful of Python files, and larger ones to be counted."""
    sizes: dict[str, int] = {}
    for facts in repo.python:
        parts = facts.path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            sizes[folder] = sizes.get(folder, 0) + 1
    listed = [folder for folder, size in sizes.items() if 2 < size <= MOST_FILES]
    counted = [folder for folder, size in sizes.items() if 4 < size <= MOST_COUNTED]
    for folder in chance.sample(listed, min(6, len(listed))):
        yield Ask(FOLDER, {"path": folder, "pattern": "*.py"}, "Python files", folder)
    for folder in chance.sample(counted, min(4, len(counted))):
        yield Ask(COUNT, {"path": folder, "pattern": "*.py"}, "Python files", folder)
    tests = [folder for folder in sizes if folder.rpartition("/")[2] in ("tests", "test")]
    for folder in tests[:2]:
        yield Ask(FOLDER, {"path": folder, "pattern": "test_*.py"}, "test files", folder)
        yield Ask(COUNT, {"path": folder, "pattern": "test_*.py"}, "test files", folder)


def _names(repo: Repo, chance: Random) -> list[Ask]:
    names = sorted({facts.path.rpartition("/")[2] for facts in repo.sources} - {"__init__.py"})
    found = [Ask(NAMED, {"pattern": name}, name) for name in chance.sample(names, min(4, len(names)))]
    absent = [
        name
        for name in ("settings.py", "constants.py", "helpers.py", "models.py", "conf.py")
        if name not in names
    ]
    return found + [Ask(NAMED, {"pattern": name}, name) for name in absent[:1]]


def _tests(repo: Repo, chance: Random) -> list[Ask]:
    paths = [facts.path for facts in repo.sources if not facts.path.endswith("__init__.py")]
    asks = []
    for path in chance.sample(paths, min(5, len(paths))) if repo.tests else ():
        stem = path.rpartition("/")[2].removesuffix(".py").strip("_")
        asks.append(Ask(TESTED, {"pattern": f"test_{stem}.py"}, path))
    return asks


def _gone(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Two folders that people expect and that aren't there."""
    folders = [name for name in EXPECTED if not any(path.startswith(f"{name}/") for path in repo.paths)]
    for folder in chance.sample(folders, min(2, len(folders))):
        outcome = tools.call("list_files", path=folder)
        answer = pick(chance, GONE_ANSWERS, folder=folder)
        yield tool_scene(pick(chance, GONE, folder=folder), outcome, answer, "structure")
