"""The tool can't do it, and the answer says why.

user       What does src/reports.py define?
assistant  document_symbols(file_path="src/reports.py")
tool       {"success":false,"file_path":"src/reports.py","symbol_count":0,"symbols":[],"parse_error":"no such file: src/reports.py"}
assistant  list_files(pattern="reports.py")
tool       {"success":true,"path":".","file_count":1,"files":["src/tiny_shop/reports.py"],"parse_error":null}
assistant  document_symbols(file_path="src/tiny_shop/reports.py")
tool       {"success":true,"file_path":"src/tiny_shop/reports.py","symbol_count":4,"symbols":[{"name":"revenue","kind":"function","line":12,"end_line":14,"children":[]},{"name":"best_sellers","kind":"function","line":17,"end_line":23,"childr…
assistant  There is no `src/reports.py`; the file is `src/tiny_shop/reports.py`. It defines `revenue`, `best_sellers`, `busiest_day` and `summary`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario.findings import told
from punie_data.scenario.naming import other_name
from punie_data.scenario.phrase import listing, pick, sentence
from punie_data.scenario.places import spots
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import at, files, in_turns, symbols
from punie_data.scenario.targets import is_telling, spot
from punie_data.scenario.telling import numbered
from punie_data.tools.results import Symbol
from punie_data.tools.toolbox import Toolbox

READ = ("Show me {path}.", "What's in {path}?", "Open {path}, please.", "cat {path}")
OUTLINE = (
    "Which classes and functions are in {path}?",
    "Give me an outline of {path}.",
    "What does {path} define?",
)
LINT = ("Lint {path}.", "Does ruff complain about {path}?", "Any lint problems in {path}?")
TYPES = ("Type-check {path}.", "Are there type errors in {path}?", "Does {path} pass the type checker?")
NO_FILE = (
    "There is no file `{path}` in this project. Is the path right?",
    "There's nothing at `{path}`. Check the spelling and the folder.",
    "`{path}` doesn't exist in this project, so there is nothing to look at. Do you mean another file?",
    "That path doesn't exist: `{path}`. Was the file moved or renamed?",
)
ELSEWHERE = "There is no `{wrong}`; the file is `{path}`. {rest}"
NO_FOLDER = (
    "There is no folder `{path}` in this project.",
    "`{path}` doesn't exist here, so there is nothing to look at. Which folder do you mean?",
    "This project has no folder `{path}`. Check the name, or let me look from the project's root.",
)
IN_FOLDER = ("Which Python files are in {path}/?", "List the .py files under {path}/.")
SEARCH_IN = ("Where does `{word}` occur under {path}/?", "Search {path}/ for `{word}`.")
CHECK_FOLDER = ("Type-check everything under {path}/.", "Does the code in {path}/ pass the type checker?")
LINES = (
    "Show me lines {first} to {last} of {path}.",
    "What's on lines {first}-{last} of {path}?",
    "Print {path} from line {first} to line {last}.",
)
BEYOND = (
    "`{path}` has only {count} lines, so there are no lines {first} to {last}.",
    "There are no such lines: the file ends at line {count}.",
    "`{path}` ends before that; it has {count} lines. Which part do you want to see?",
)
MOVED = (
    "Where is `{symbol}` used? It's defined at {spot}.",
    "Find all references to `{symbol}` ({spot}).",
    "Who refers to `{symbol}`, which is at {spot}?",
)
NOT_THERE = (
    "`{symbol}` isn't at `{path}:{line}:{column}`, so I can't look up its references from there. Has the file changed since? Give me its current line and column, and I'll look again.",
    "There is no `{symbol}` at `{path}:{line}:{column}`. Check the line and column; the file may have been edited.",
    "`{path}` has something else at line {line}, column {column}, not `{symbol}`. Where does it stand now?",
    "I can't find the references: `{symbol}` doesn't stand at `{path}:{line}:{column}`. Is that position still right?",
)
FOUND_AFTER_ALL = (
    "`{symbol}` isn't on line {wrong} but on line {line} of `{path}`. It has",
    "`{symbol}` stands on line {line} of `{path}`, not on line {wrong}. It has",
    "On line {wrong} of `{path}` there is no `{symbol}`; it's on line {line}, and it has",
)
REGEX = (
    "Search the project for the regular expression `{pattern}`.",
    "Grep for `{pattern}` (that's a regex).",
    "Which lines match the regex `{pattern}`?",
)
UNCLOSED = (
    "`{pattern}` isn't a valid regular expression: the parenthesis is opened and never closed. If you mean the character itself, put a backslash before it.",
    "The search refuses `{pattern}`: an opening parenthesis starts a group, and this one is never closed. Escape it if you mean the character.",
    "That doesn't work as a regular expression, because the group in `{pattern}` isn't closed. Do you want the literal parenthesis? Then it has to be escaped.",
    "No search was made: `{pattern}` has an unclosed parenthesis. Shall I search for it as plain text, with the parenthesis escaped?",
)
TOO_MANY = (
    "Show me the last {count} commits.",
    "List the {count} most recent commits.",
    "git log -{count}",
)
MOST_COMMITS = (
    "That's more than can be listed at once: the count must lie between 1 and 200.",
    "{count} is too many for one call; between 1 and 200 commits can be listed. Shall I show 200?",
    "I can list at most 200 commits at a time. Do you want the latest 200?",
)
NODES = ("Find every `{kind}` node in {path}.", "Show me all `{kind}` nodes of the syntax tree of {path}.")
UNKNOWN_NODE = (
    "`{kind}` isn't a pattern that the search knows. It can look for `FunctionDef`, `ClassDef`, `Call`, `Decorator`, `Raise`, `Try` or `With`, for instance; which would help?",
    "That pattern is unknown: `{kind}`. The known ones include `FunctionDef`, `ClassDef`, `Call`, `Import`, `Lambda`, `Await` and `Yield`.",
)
OUTSIDE = (
    "../.env",
    "../../{name}-old/setup.cfg",
    "../{name}-infra/settings.py",
    "../../{name}.cfg",
    "../secrets.toml",
)
OUTSIDE_ANSWERS = (
    "I can't read `{path}`: it isn't a file of this project, and only those can be read.",
    "`{path}` lies outside the project, where nothing can be read.",
    "That file is out of reach: only files of this project can be read, and `{path}` points outside it.",
)
RENAME = (
    "Rename `{old}` to `{new}` in {path} and show me the result.",
    "In {path}, `{old}` should be called `{new}`. What would the file look like?",
)
NO_NAME = (
    "`{path}` has no module-level name `{old}`, so there is nothing to rename.",
    "There is no `{old}` at the top level of `{path}`. Is it defined in another file?",
)
BAD_NAME = (
    "`{new}` can't be a name in Python: it isn't an identifier. A name consists of letters, digits and underscores and doesn't begin with a digit.",
    "That won't work: `{new}` is not an identifier. Which other name would you like?",
)
IMPOSSIBLE: tuple[Callable[[str], str], ...] = (
    lambda name: f"{name.lower().replace('_', '-')}-2",
    lambda name: f"2_{name}",
    lambda name: f"{name}!",
    lambda name: name.replace("_", " ") if "_" in name else f"new {name}",
    lambda name: f"{name}.new",
)
"""What people call things elsewhere, and Python doesn't."""
FINDERS = (
    "list_files",
    "search_text",
    "workspace_symbols",
    "document_symbols",
    "read_file",
    "run_command",
    "cst_find_pattern",
)
"""With one of these at hand the agent would go on and look; where it is to stop, they are not offered but for the one that failed."""


def stopped(made: Scene) -> Scene:
    """Nothing at hand with which to look further."""
    used = {outcome.tool for outcome in made.outcomes}
    return made.changed(withheld=tuple(name for name in FINDERS if name not in used))


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Each kind of mistake in turn."""
    read = files(repo, chance)
    streams = [
        missing_file(repo, tools, chance, read),
        moved_symbol(repo, tools, chance, False),
        elsewhere(repo, tools, chance, read),
        bad_regex(repo, tools, chance),
        beyond_the_end(tools, chance, read),
        moved_symbol(repo, tools, chance, True),
        missing_folder(repo, tools, chance),
        unknown_node(tools, chance, files(repo, chance, longest=150)),
        outside(repo, tools, chance),
        renames(repo, tools, chance, files(repo, chance, longest=150)),
    ]
    if repo.has_git:
        streams.append(too_many_commits(tools, chance))
    chance.shuffle(streams)
    yield from in_turns(*streams)


def wrong_path(repo: Repo, chance: Random, path: str) -> str:
    """A path like this one that the project doesn't have: a folder left out or mistaken, a slip in the name; "" for none."""
    *folders, name = path.split("/")
    stem = name.removesuffix(".py")
    tops = sorted({other.split("/")[0] for other in repo.facts if "/" in other})
    slips = [
        "/".join([*folders[:-1], name]),
        "/".join([*folders, f"{other_number(stem)}.py"]),
        *(f"{top}/{name}" for top in tops if top not in folders),
    ]
    if stem.startswith("_") and not stem.startswith("__"):
        slips.append("/".join([*folders, f"{stem.lstrip('_')}.py"]))
    slips = [slip for slip in slips if slip not in repo.paths and "__init__" not in slip]
    return chance.choice(slips) if slips else ""


def other_number(stem: str) -> str:
    """`errors` for `error` and the reverse; `retries` for `retry`."""
    if stem.endswith("s"):
        return stem[:-1]
    return f"{stem[:-1]}ies" if stem.endswith("y") else f"{stem}s"


def missing_file(repo: Repo, tools: Toolbox, chance: Random, read: Sequence[FileFacts]) -> Iterator[Scene]:
    for facts in read:
        wrong = wrong_path(repo, chance, facts.path)
        tool, questions, category = chance.choice(
            (
                ("read_file", READ, "reading"),
                ("document_symbols", OUTLINE, "structure"),
                ("ruff_check", LINT, "quality"),
                ("typecheck", TYPES, "quality"),
            )
        )
        if wrong:
            outcome = tools.call(tool, **{"file_path" if tool == "document_symbols" else "path": wrong})
            answer = pick(chance, NO_FILE, path=wrong)
            made = tool_scene(pick(chance, questions, path=wrong), outcome, answer, category)
            yield stopped(made)


def elsewhere(repo: Repo, tools: Toolbox, chance: Random, read: Sequence[FileFacts]) -> Iterator[Scene]:
    """A folder was left out of the path: the file is found by its name, and the question answered after all."""
    for facts in read:
        *folders, name = facts.path.split("/")
        wrong = "/".join([*folders[:-1], name])
        if not folders or wrong in repo.paths or name.startswith("__"):
            continue
        found = tools.call("list_files", pattern=name)
        if list(found.value.files) != [facts.path]:
            continue
        if chance.random() < 0.5:
            failed, outcome = tools.call("ruff_check", path=wrong), tools.call("ruff_check", path=facts.path)
            violations = outcome.value.violations
            rest = told(facts.path, violations, "violation") if violations else "Ruff finds nothing in it."
            rest = rest.replace(f"`{facts.path}` has", "It has", 1)
            question = pick(chance, LINT, path=wrong)
        else:
            failed = tools.call("document_symbols", file_path=wrong)
            outcome = tools.call("document_symbols", file_path=facts.path)
            names = defined(outcome.value.symbols)
            rest = f"It defines {listing(names)}."
            question = pick(chance, OUTLINE, path=wrong)
            if not 0 < len(names) <= 10:
                continue
        if len(outcome.content) <= 5000:
            answer = ELSEWHERE.format(wrong=wrong, path=facts.path, rest=rest)
            yield tool_scene(question, [failed, found, outcome], answer, "workflow", paths=[facts.path])


def defined(symbols: Iterable[Symbol]) -> list[str]:
    """The classes and functions, each named once: one that is overloaded stands there as often as it has overloads."""
    found = dict.fromkeys(symbol.name for symbol in symbols if symbol.kind in ("class", "function"))
    return [f"`{name}`" for name in found]


def missing_folder(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    folders = {path.rpartition("/")[0] for path in repo.paths}
    names = [
        name
        for name in ("lib", "app", "source", "tests/unit", "tests/integration", "scripts", "api", "core")
        if not any(f == name or f.startswith(f"{name}/") for f in folders)
    ]
    words = [item.name for _, item in symbols(repo, chance)][: len(names)]
    for name, word in zip(chance.sample(names, len(names)), words, strict=False):
        tool, questions, given = chance.choice(
            (
                ("list_files", IN_FOLDER, {"pattern": "*.py"}),
                ("search_text", SEARCH_IN, {"pattern": word}),
                ("typecheck", CHECK_FOLDER, {}),
            )
        )
        outcome = tools.call(tool, path=name, **given)
        category = "quality" if tool == "typecheck" else "search"
        yield tool_scene(
            pick(chance, questions, path=name, word=word),
            outcome,
            pick(chance, NO_FOLDER, path=name),
            category,
        )


def beyond_the_end(tools: Toolbox, chance: Random, read: Sequence[FileFacts]) -> Iterator[Scene]:
    for facts in read:
        first = (facts.line_count // 50 + chance.randint(1, 3)) * 50
        last = first + chance.choice((10, 20, 25))
        outcome = tools.call("read_file", path=facts.path, first_line=first, last_line=last)
        if not outcome.ok:
            names = {"path": facts.path, "first": first, "last": last}
            answer = pick(chance, BEYOND, **names, count=facts.line_count)
            yield tool_scene(pick(chance, LINES, **names), outcome, answer, "reading", paths=[facts.path])


def moved_symbol(repo: Repo, tools: Toolbox, chance: Random, mended: bool) -> Iterator[Scene]:
    """The user's line is a few lines off. Mended: the right place is found by searching the file."""
    for path, item in symbols(repo, chance):
        line = item.line + chance.choice((-4, -3, -2, 2, 3, 4))
        if not 1 <= line <= repo.facts[path].line_count:
            continue
        failed = tools.call("find_references", **at(path, item) | {"line": line})
        question = pick(chance, MOVED, symbol=item.name, spot=spot(chance, path, line, item.column))
        if failed.ok:
            continue
        if not mended:
            answer = pick(chance, NOT_THERE, symbol=item.name, path=path, line=line, column=item.column)
            made = tool_scene(question, failed, answer, "navigation", symbol=item.name, paths=[path])
            yield stopped(made)
            continue
        searched = tools.call("search_text", pattern=rf"\b{item.name}\b", path=path)
        if (item.line, item.column) not in [(m.line, m.column) for m in searched.value.matches]:
            continue
        used = tools.call("find_references", **at(path, item))
        found = used.value.references
        if 1 <= len(found) <= 10 and len(searched.content) < 2500:
            lead = pick(chance, FOUND_AFTER_ALL, symbol=item.name, wrong=line, line=item.line, path=path)
            answer = numbered(lead, spots(found), "reference", len(found))
            yield tool_scene(
                question, [failed, searched, used], answer, "workflow", symbol=item.name, paths=[path]
            )


def bad_regex(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    for _, item in symbols(repo, chance):
        pattern = chance.choice(("{name}(", "{name}(self", "def {name}(", "({name}")).format(name=item.name)
        outcome = tools.call("search_text", pattern=pattern)
        if not outcome.ok:
            answer = pick(chance, UNCLOSED, pattern=pattern)
            yield tool_scene(
                pick(chance, REGEX, pattern=pattern), outcome, answer, "search", symbol=item.name
            )


def unknown_node(tools: Toolbox, chance: Random, small: Sequence[FileFacts]) -> Iterator[Scene]:
    for facts in small[:3]:
        kind = chance.choice(("If", "For", "While", "Assign", "Comparison", "Return"))
        outcome = tools.call("cst_find_pattern", file_path=facts.path, pattern=kind)
        if not outcome.ok:
            names = {"kind": kind, "path": facts.path}
            yield tool_scene(
                pick(chance, NODES, **names),
                outcome,
                pick(chance, UNKNOWN_NODE, **names),
                "search",
                paths=[facts.path],
            )


def outside(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    for template in chance.sample(OUTSIDE, 2):
        path = template.format(name=repo.name)
        outcome = tools.call("read_file", path=path)
        if not outcome.ok:
            yield tool_scene(
                pick(chance, READ, path=path), outcome, pick(chance, OUTSIDE_ANSWERS, path=path), "reading"
            )


def renames(repo: Repo, tools: Toolbox, chance: Random, small: Sequence[FileFacts]) -> Iterator[Scene]:
    """A name of another file, or a new name that is none. Small files, since each is parsed anew."""
    others = [item.name for _, item in symbols(repo, chance)]
    first = chance.randrange(2)
    for index, facts in enumerate(small[:4]):
        own = [
            item.name
            for item in (*facts.classes, *facts.functions)
            if is_telling(item.name) and not item.is_nested and not getattr(item, "is_method", False)
        ]
        foreign = [name for name in others if name not in repo.text(facts.path)]
        if (index % 2 == first) and own:
            old, new, answers = own[0], chance.choice(IMPOSSIBLE)(own[0]), BAD_NAME
        elif foreign:
            old = foreign[0]
            new, answers = other_name(chance, old, repo.definitions) or f"{old}2", NO_NAME
        else:
            continue
        outcome = tools.call("cst_rename", file_path=facts.path, old_name=old, new_name=new)
        if not outcome.ok:
            names = {"old": old, "new": new, "path": facts.path}
            yield tool_scene(
                pick(chance, RENAME, **names),
                outcome,
                sentence(pick(chance, answers, **names)),
                "editing",
                symbol=old,
                paths=[facts.path],
            )


def too_many_commits(tools: Toolbox, chance: Random) -> Iterator[Scene]:
    for count in chance.sample((250, 300, 500, 1000), 2):
        outcome = tools.call("git_log", count=count)
        yield tool_scene(
            pick(chance, TOO_MANY, count=count),
            outcome,
            pick(chance, MOST_COMMITS, count=count),
            "version_control",
        )
