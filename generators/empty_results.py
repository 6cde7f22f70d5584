"""The tool finds nothing, and the answer says so.

user       Show me the callers of `busiest_day` at src/tiny_shop/reports.py:26:5.
assistant  call_hierarchy(file_path="src/tiny_shop/reports.py", line=26, column=5, symbol="busiest_day")
tool       {"success":true,"symbol":"busiest_day","direction":"incoming","call_count":0,"calls":[],"parse_error":null}
assistant  `busiest_day` has no callers in this project.
"""

from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.findings import checked
from punie_data.scenario.phrase import pick, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import at, classes, files, in_turns
from punie_data.scenario.targets import is_mentioned_once, is_rare, is_telling, mixed, spot
from punie_data.scenario.telling import fitting
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox

UNUSED_LIBRARIES = (
    "pandas", "numpy", "boto3", "celery", "redis", "tensorflow", "kafka", "graphene", "paramiko", "matplotlib", "elasticsearch", "pymongo",
)  # fmt: skip
LIBRARY = (
    "Does anything in this project import {what}?",
    "Is {what} used anywhere here?",
    "I want to drop {what} from our environment. Does this project need it?",
)
LIBRARY_NONE = (
    "No Python file here mentions {what}.",
    "A search of the Python files for `{pattern}` finds nothing, so it doesn't look like it.",
    "No: `{pattern}` doesn't occur in any of the Python files.",
)
RISKS = (
    ("a call to `exec`", r"\bexec\("), ("a call to `os.system`", r"os\.system\("), ("`shell=True`", r"shell=True"),
    ("a call to `pickle.loads`", r"pickle\.loads\("), ("a call to `yaml.load`", r"yaml\.load\("), ("`verify=False`", r"verify=False"),
)  # fmt: skip
LEFTOVERS = (
    ("a call to `pdb.set_trace`", r"pdb\.set_trace\("), ("a wildcard import", r"^from \S+ import \*"), ("an `XXX` comment", r"#\s*XXX"),
    ("a hard-coded `localhost:8080`", r"localhost:8080"), ("a `HACK` comment", r"#\s*HACK"),
)  # fmt: skip
RISK = (
    "Security review: is there {what} in the Python code?",
    "Is there {what} anywhere in the Python files? That would worry me.",
)
LEFTOVER = (
    "Can you check whether we have {what} anywhere in the Python files?",
    "Search the Python files for {what}, please.",
    "Before we release: is there still {what} in the Python code?",
)
LEFTOVER_NONE = (
    "No: a search of the Python files finds nothing.",
    "There is none in the Python files.",
    "A search of all Python files finds none.",
    "None: nothing in the Python files matches.",
)
FILES = (
    ("notebooks", "*.ipynb"), ("SQL files", "*.sql"), ("Protocol Buffers definitions", "*.proto"), ("Dockerfiles", "Dockerfile*"),
    ("TypeScript files", "*.ts"), ("Cython modules", "*.pyx"), ("shell scripts", "*.sh"), ("type stubs", "*.pyi"),
)  # fmt: skip
FILE = (
    "Are there any {what} in this project?",
    "List the {what} of this repository.",
    "Do we have {what} anywhere ({pattern})?",
    "Find all files that match {pattern}. I'm looking for {what}.",
)
FILE_NONE = (
    "There are no {what} in the project.",
    "None: the project has no {what}.",
    "No: the project has no {what}.",
    "No file matches, so there are no {what} here.",
)
ALIKE = (
    "Async{name}",
    "Base{name}",
    "Abstract{name}",
    "{name}Factory",
    "{name}Error",
    "{name}Protocol",
    "Default{name}",
    "{name}Mixin",
)
NAME = (
    "Is there something called `{name}` in this project?",
    "Where's `{name}` defined?",
    "Jump to the symbol `{name}`.",
    "Find the class `{name}` for me.",
)
NAME_NONE = (
    "No symbol called `{name}` exists in this project.",
    "`{name}` isn't defined anywhere in this project.",
    "A search of the project's symbols for `{name}` finds nothing.",
    "Nowhere: the project defines no `{name}`.",
    "No: the project defines no `{name}`.",
)
UNREFERENCED = (
    "Where is `{symbol}` ({spot}) used?",
    "Find the references to `{symbol}`, defined at {spot}.",
    "Which code depends on `{symbol}` at {spot}?",
)
UNREFERENCED_NONE = (
    "Nowhere: nothing in the project refers to `{symbol}`.",
    "None: nothing in the project refers to `{symbol}`.",
    "There are no references to `{symbol}` within the project.",
)
UNCALLED = (
    "Who calls `{symbol}` ({spot})?",
    "Show me the callers of `{symbol}` at {spot}.",
    "I'd like to see every call of `{symbol}`, defined at {spot}.",
)
UNCALLED_NONE = (
    "Nobody: there is no call of `{symbol}` in the project.",
    "None: nothing in the project calls `{symbol}`.",
    "`{symbol}` has no callers in this project.",
)
CHILDLESS = (
    "Which classes inherit from `{symbol}` ({spot})?",
    "What are the subclasses of `{symbol}` at {spot}?",
    "I want to make `{symbol}` final; it's at {spot}. Does anything derive from it?",
)
CHILDLESS_NONE = (
    "No class in the project derives from `{symbol}`.",
    "None: `{symbol}` has no subclasses here.",
    "No: `{symbol}` has no subclasses in the project.",
)
FOREIGN = (
    "Where is `{symbol}` defined? It's imported at {spot}.",
    "Take me to the definition of `{symbol}`, imported at {spot}.",
    "Jump from the import of `{symbol}` at {spot} to its source.",
)
FOREIGN_NONE = (
    "No definition is found. The import can't be followed from here, most likely because the package that provides `{symbol}` isn't installed in this environment.",
    "It can't be located: the project doesn't define `{symbol}`, and the package it's imported from isn't available here.",
)
EMPTY_FILE = (
    "What does {path} define?",
    "Which symbols are in {path}?",
    "List the classes and functions of {path}.",
)
EMPTY_FILE_NONE = (
    "`{path}` defines nothing: no classes, functions or variables.",
    "Nothing: there is no class, function or variable in `{path}`.",
    "None: `{path}` contains no definitions.",
)
TIDY = (
    "Any complaints from ruff about {path}?",
    "Which violations does ruff report in {path}?",
    "Lint {path}, please.",
)
TIDY_NONE = (
    "Ruff finds nothing in `{path}`.",
    "`{path}` has no violations.",
    "No violations: `{path}` passes.",
)
TYPED = (
    "Which type errors are there in {path}?",
    "List what the type checker finds in {path}.",
    "typecheck {path}, please",
)
TYPED_NONE = (
    "`{path}` has no type errors and no warnings.",
    "The type checker finds nothing in `{path}`.",
)
NO_DIFF = (
    "What did I change in {path}?",
    "Show me my edits to {path} that aren't staged.",
    "git diff {path}",
)
NO_DIFF_NONE = ("Nothing: `{path}` has no unstaged changes.", "There are no unstaged changes in `{path}`.")
NOT_STAGED = ("What have I staged in {path}?", "git diff --staged {path}")
NOT_STAGED_NONE = ("Nothing is staged in `{path}`.", "There are no staged changes in `{path}`.")
NO_LOG = (
    "Who committed {path}?",
    "What's the commit history of {path}?",
    "Since when do we have {path} in the repository?",
)
NO_LOG_NONE = (
    "Nobody: no commit touches `{path}` yet.",
    "`{path}` has no history: it hasn't been committed yet.",
    "It isn't in the history yet: no commit touches `{path}`.",
)
ABSENT = (
    ("a lambda", "Lambda"),
    ("a `try` statement", "Try"),
    ("a `with` statement", "With"),
    ("an `await`", "Await"),
    ("a `yield`", "Yield"),
)
NODE = (
    "Is there {what} in {path}?",
    "Show me every place in {path} with {what}.",
    "Does {path} contain {what} anywhere?",
)
NODE_NONE = (
    "There is none in `{path}`.",
    "`{path}` doesn't contain {what}.",
    "No: there is none in `{path}`.",
)


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Every kind of nothing in turn."""
    read = [facts.path for facts in files(repo, chance)[:60]]
    tidy = [path for path in read if not tools.call("ruff_check", path=path).value.violations]
    typed = [
        f.path for f in checked(repo, tools).files if not tools.call("typecheck", path=f.path).value.errors
    ]
    chance.shuffle(typed)
    blank = [f.path for f in repo.python if not (f.classes or f.functions or f.variables or f.imports)]
    streams = [
        searches(tools, chance),
        by_path(chance, tools, "ruff_check", tidy[:3], TIDY, TIDY_NONE),
        childless(repo, tools, chance),
        names(repo, tools, chance),
        by_path(chance, tools, "typecheck", typed[:3], TYPED, TYPED_NONE),
        unused(repo, tools, chance, "find_references", UNREFERENCED, UNREFERENCED_NONE),
        file_kinds(repo, tools, chance),
        foreign(repo, tools, chance),
        unused(repo, tools, chance, "call_hierarchy", UNCALLED, UNCALLED_NONE),
        blanks(tools, chance, blank),
        nodes(repo, tools, chance),
    ]
    if repo.has_git:
        status = {file.file: file for file in tools.call("git_status").value.files}
        calm = [path for path in read if path not in status][:3]
        new = [path for path, file in status.items() if file.status in ("untracked", "added")]
        streams += [
            by_path(chance, tools, "git_diff", calm, NO_DIFF, NO_DIFF_NONE),
            by_path(chance, tools, "git_log", new[:2], NO_LOG, NO_LOG_NONE),
            by_path(chance, tools, "git_diff", calm[1:], NOT_STAGED, NOT_STAGED_NONE, staged=True),
        ]
    chance.shuffle(streams)
    yield from in_turns(*streams)


def scene(
    chance: Random,
    outcome: Outcome,
    questions: Sequence[str],
    answers: Sequence[str],
    category: str,
    **names: str,
) -> Scene:
    paths = [names["path"]] if "path" in names else []
    question = pick(chance, questions, **names)
    return tool_scene(
        question, outcome, sentence(pick(chance, fitting(question, answers), **names)), category,
        symbol=names.get("symbol", ""), paths=paths,
    )  # fmt: skip


def by_path(
    chance: Random,
    tools: Toolbox,
    tool: str,
    paths: Sequence[str],
    questions: Sequence[str],
    answers: Sequence[str],
    **given: object,
) -> Iterator[Scene]:
    category = "version_control" if tool.startswith("git") else "quality"
    for path in paths:
        outcome = tools.call(tool, path=path, **given)
        if not getattr(outcome.value, "commit_count", 0) and not getattr(outcome.value, "file_count", 0):
            yield scene(chance, outcome, questions, answers, category, path=path)


def searches(tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Libraries that nobody imports and things that nobody wants, by turns."""
    libraries = chance.sample(UNUSED_LIBRARIES, len(UNUSED_LIBRARIES))
    unwanted = [*((RISK, *one) for one in RISKS), *((LEFTOVER, *one) for one in LEFTOVERS)]
    chance.shuffle(unwanted)
    for (questions, what, pattern), library in zip(unwanted, libraries, strict=False):
        outcome = tools.call("search_text", pattern=library, glob="*.py")
        if not outcome.value.matches:
            yield scene(chance, outcome, LIBRARY, LIBRARY_NONE, "search", what=library, pattern=library)
        outcome = tools.call("search_text", pattern=pattern, glob="*.py")
        if not outcome.value.matches:
            yield scene(chance, outcome, questions, LEFTOVER_NONE, "search", what=what)


def file_kinds(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    for what, pattern in chance.sample(FILES, len(FILES)):
        outcome = tools.call("list_files", pattern=pattern)
        if not outcome.value.files:
            yield scene(chance, outcome, FILE, FILE_NONE, "search", what=what, pattern=pattern)


def names(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Names such as the project could have, made of one that it has."""
    for _, item in classes(repo, chance):
        fit = [template for template in ALIKE if is_fit(template, item.name)]
        if not fit:
            continue
        name = chance.choice(fit).format(name=item.name)
        outcome = tools.call("workspace_symbols", query=name)
        if not outcome.value.symbols:
            yield scene(chance, outcome, NAME, NAME_NONE, "navigation", name=name)


def is_fit(template: str, name: str) -> bool:
    """Whether someone might call a class so: not `ErrorError`, `BaseBaseForm` or `Abstractwait_none`."""
    before, after = template.split("{name}")
    if not name[0].isupper() or (before and name.startswith(before)):
        return False
    return not (after and name.endswith(("Error", "Exception", "Warning", after)))


def unused(
    repo: Repo, tools: Toolbox, chance: Random, tool: str, questions: Sequence[str], answers: Sequence[str]
) -> Iterator[Scene]:
    """Functions and classes that nobody calls by name, and that no decorator hands to a framework."""
    imported = {item.name for facts in repo.python for item in facts.imports}
    for facts in mixed(repo, chance):
        for item in facts.functions if tool == "call_hierarchy" else (*facts.functions, *facts.classes):
            if (
                not is_telling(item.name) or item.decorators or item.is_nested or item.name in repo.call_sites or item.name in imported
                or item.name == "main" or item.name.startswith(("Test", "pytest_")) or not is_rare(repo, item.name) or len(repo.definitions[item.name]) > 1 or getattr(item, "is_method", False)
            ):  # fmt: skip
                continue
            if not is_mentioned_once(tools, item.name):
                continue
            outcome = tools.call(tool, **at(facts.path, item))
            if (
                outcome.ok
                and not getattr(outcome.value, "calls", ())
                and not getattr(outcome.value, "references", ())
            ):
                where = spot(chance, facts.path, item.line, item.column)
                names = {"symbol": item.name, "spot": where, "path": facts.path}
                yield scene(chance, outcome, questions, answers, "navigation", **names)
            break


def childless(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    for path, item in classes(repo, chance):
        if item.name in repo.subclasses or item.is_protocol:
            continue
        outcome = tools.call("type_hierarchy", **at(path, item))
        where = spot(chance, path, item.line, item.column)
        if outcome.value.types:
            yield Rejected("LibCST and the language server disagree", question=f"{item.name} at {where}")
            continue
        yield scene(
            chance, outcome, CHILDLESS, CHILDLESS_NONE, "structure", symbol=item.name, spot=where, path=path
        )


def foreign(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Names imported from packages that aren't there."""
    own = {facts.module.partition(".")[0] for facts in repo.python}
    found = [
        (facts.path, item.name, item.line)
        for facts in repo.sources
        for item in facts.imports
        if not item.level and is_telling(item.name) and item.module.partition(".")[0] not in own
    ]
    for path, name, line in chance.sample(found, min(12, len(found))):
        text = repo.lines(path)[line - 1]
        if not text.startswith("from ") or text.count(name) != 1:
            continue
        column = text.index(name) + 1
        outcome = tools.call("goto_definition", file_path=path, line=line, column=column, symbol=name)
        if outcome.ok and not outcome.value.locations:
            yield scene(
                chance,
                outcome,
                FOREIGN,
                FOREIGN_NONE,
                "navigation",
                symbol=name,
                spot=spot(chance, path, line, column),
                path=path,
            )


def blanks(tools: Toolbox, chance: Random, paths: Sequence[str]) -> Iterator[Scene]:
    for path in chance.sample(paths, min(3, len(paths))):
        outcome = tools.call("document_symbols", file_path=path)
        if not outcome.value.symbols:
            yield scene(chance, outcome, EMPTY_FILE, EMPTY_FILE_NONE, "structure", path=path)


def nodes(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """A few small files only: each is parsed anew."""
    small = [facts.path for facts in files(repo, chance, longest=120)]
    for path in small[:3]:
        what, kind = chance.choice(ABSENT)
        outcome = tools.call("cst_find_pattern", file_path=path, pattern=kind)
        if outcome.ok and not outcome.value.matches:
            yield scene(chance, outcome, NODE, NODE_NONE, "search", path=path, what=what)
