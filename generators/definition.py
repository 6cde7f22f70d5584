"""Where is the symbol under the cursor defined?

user       src/tiny_shop/__init__.py imports `Catalogue` (line 4, column 33). Where is it actually defined?
assistant  goto_definition(file_path="src/tiny_shop/__init__.py", line=4, column=33, symbol="Catalogue")
tool       {"success":true,"symbol":"Catalogue","locations":[{"file":"src/tiny_shop/catalogue.py","line":20,"column":7,"end_line":20,"end_column":16,"preview":"c…
assistant  `Catalogue` is defined in `src/tiny_shop/catalogue.py`, line 20: `class Catalogue:`.
"""

import builtins
import re
from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import Use, is_telling, mixed, spot, uses
from punie_data.tools.toolbox import Toolbox

QUESTIONS = (
    "My cursor is on `{symbol}` at {spot}. Where is it defined?",
    "Where does `{symbol}` come from? I'm at {spot}.",
    "Take me to the definition of `{symbol}`; it's used at {spot}.",
    "I'm reading {path} and line {line} (column {column}) uses `{symbol}`. Where can I find its definition?",
    "Jump to definition: `{symbol}` at {spot}.",
    "Which file and line define the `{symbol}` that's used at {spot}?",
    "goto def `{symbol}`, {spot}",
    "Reviewing a diff: it touches {spot}, where `{symbol}` appears. Could you point me to its definition, please?",
    "`goto_definition` for `{symbol}` at {spot}, please.",
    "The review comment at {spot} is about `{symbol}`. Where is that defined?",
)
ABOUT = {
    "import": (
        "{path} imports `{symbol}` (line {line}, column {column}). Where is it actually defined?",
        "Follow the import of `{symbol}` at {spot} for me: which file really defines it?",
    ),
    "decorator": (
        "What's behind the `@{symbol}` decorator at {spot}? I mean, where is it defined?",
        "There's a decorator `{symbol}` at {spot}. Which file does it live in?",
    ),
    "call": (
        "{path}:{line}:{column} calls `{symbol}`. Which file and line define it?",
        "I want to step into the `{symbol}` call at {spot}. Where would I land?",
    ),
}
ANSWERS = (
    "`{symbol}` is defined in `{file}`, line {at}: `{preview}`.",
    "It's defined at `{file}:{at}`:\n\n```python\n{preview}\n```",
    "The definition is on line {at} of `{file}`: `{preview}`.",
    "`{file}`, line {at}:\n\n```python\n{preview}\n```",
)
SHORT_ANSWERS = (
    "`{symbol}` is defined in `{file}`, line {at}.",
    "The definition of `{symbol}` starts at `{file}:{at}`.",
    "In `{file}`, on line {at}.",
)
SAME_FILE_ANSWERS = (
    "Right there in `{file}`, on line {at}: `{preview}`.",
    "In the same file, `{file}`, line {at}: `{preview}`.",
)
LIBRARY_ANSWERS = (
    "Not in this project: `{symbol}` comes from the standard library. The type stub declares it in `{file}`, line {at}.",
    "`{symbol}` belongs to the standard library; the type stub declares it at `{file}:{at}`.",
    "Outside the project, in the standard library: `{file}:{at}` is the stub that declares `{symbol}`.",
)
UNKNOWN_ANSWERS = (
    "No definition was found for `{symbol}`. Most likely it comes from a package that isn't installed where the language server looks.",
    "The language server finds no definition of `{symbol}`, so it probably belongs to a dependency that isn't installed here.",
)
STALE_ANSWERS = (
    "`{symbol}` doesn't stand at `{path}:{line}:{column}`, so there is nothing to look up there. Has the file changed since you took the position?",
    "There's no `{symbol}` at `{path}:{line}:{column}`. Please check the line and the column; the position may be out of date.",
)
LIBRARY_QUOTA, UNKNOWN_QUOTA, STALE_QUOTA, PER_FILE = 3, 2, 1, 3
VACUOUS = {"__future__", "typing", "typing_extensions"}
"""Modules whose names nobody looks up: what a stub says of `Any` or `Self` tells nothing."""
BINDS = re.compile(r"\s*(?:=[^=]|:|,.*[^=!<>]=[^=])|\s+in\b")
"""What follows a name that is bound to something local: an assignment, a keyword argument, an annotation, a loop."""


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Names defined once in the repository, so that LibCST and the language server can be held against each other; and some that aren't."""
    own = {facts.module.partition(".")[0] for facts in repo.python}
    asked: set[str] = set()
    left = {"library": LIBRARY_QUOTA, "unknown": UNKNOWN_QUOTA, "stale": STALE_QUOTA}
    for facts in mixed(repo, chance):
        names = {
            item.bound
            for item in facts.imports
            if item.name and not item.level and item.module.partition(".")[0] not in (own | VACUOUS)
        }
        found = [use for use in uses(repo, facts.path) if is_telling(use.name)]
        local = {p.name for function in facts.functions for p in function.parameters}
        local |= {
            use.name for use in found if BINDS.match(use.after) or use.before.endswith((" as ", "for "))
        }
        chance.shuffle(found)
        taken = 0
        for use in found:
            if taken == PER_FILE:
                break
            if use.name in asked or hasattr(builtins, use.name) or use.before.endswith(("def ", "class ")):
                continue
            defined = repo.definitions.get(use.name, ())
            if len(defined) == 1 and _is_that(use, facts.path, *defined[0], local):
                scene = _inside(repo, tools, chance, facts.path, use, left)
            elif not defined and use.name in names and not use.before.endswith((".", "from ")):
                scene = _outside(tools, chance, facts.path, use, left)
            else:
                continue
            if scene is not None:
                asked.add(use.name)
                taken += 1
                yield scene


def _is_that(use: Use, path: str, file: str, at: int, local: set[str]) -> bool:
    """Whether the name most likely means the definition, and is not the definition itself."""
    if (path, use.line) == (file, at):
        return False
    if use.before.lstrip().startswith(("from ", "import ")) and " import " not in use.before:
        return False
    if use.before.endswith("."):
        return not any(hasattr(kind, use.name) for kind in (str, bytes, list, dict, set))
    return use.name not in local or (path == file and use.after.startswith("("))


def _question(chance: Random, path: str, use: Use) -> str:
    kind = ""
    if use.before.lstrip().startswith(("import ", "from ")):
        kind = "import"
    elif use.before.strip() == "@":
        kind = "decorator"
    elif use.after.startswith("("):
        kind = "call"
    templates = ABOUT[kind] if kind and chance.random() < 0.6 else QUESTIONS
    where = spot(chance, path, use.line, use.column)
    return pick(chance, templates, symbol=use.name, path=path, line=use.line, column=use.column, spot=where)


def _inside(
    repo: Repo, tools: Toolbox, chance: Random, path: str, use: Use, left: dict[str, int]
) -> Scene | Rejected | None:
    if left["stale"] and chance.random() < 0.1:
        left["stale"] -= 1
        return _stale(tools, chance, path, use)
    outcome = tools.call("goto_definition", file_path=path, line=use.line, column=use.column, symbol=use.name)
    places = outcome.value.locations
    if len(places) != 1:
        return None
    place = places[0]
    question = _question(chance, path, use)
    [(file, at)] = repo.definitions[use.name]
    if (place.file, place.line) != (file, at):
        if use.before.endswith("."):
            return (
                None  # whose attribute this is only the server knows: one of another class is no disagreement
            )
        detail = f"{file}:{at}, not {place.file}:{place.line}"
        return Rejected("LibCST and the language server disagree", question=question, detail=detail)
    templates = SHORT_ANSWERS if place.preview.endswith(("(", "[", "{")) or "`" in place.preview else ANSWERS
    if templates is ANSWERS and file == path and chance.random() < 0.5:
        templates = SAME_FILE_ANSWERS
    answer = pick(chance, templates, symbol=use.name, file=file, at=at, preview=place.preview)
    return tool_scene(question, outcome, answer, "navigation", symbol=use.name, paths=[path, file])


def _outside(tools: Toolbox, chance: Random, path: str, use: Use, left: dict[str, int]) -> Scene | None:
    """A name imported from another package: the stub that the server knows, or the honest answer that it knows none."""
    if not any(left.values()):
        return None
    outcome = tools.call("goto_definition", file_path=path, line=use.line, column=use.column, symbol=use.name)
    places = outcome.value.locations
    kind = "library" if places else "unknown"
    if not left[kind] or len(places) > 1 or (places and not places[0].file.startswith("typeshed/stdlib/")):
        return None
    left[kind] -= 1
    question = _question(chance, path, use)
    if not places:
        answer = pick(chance, UNKNOWN_ANSWERS, symbol=use.name)
    else:
        [place] = places
        answer = pick(chance, LIBRARY_ANSWERS, symbol=use.name, file=place.file, at=place.line)
    return tool_scene(question, outcome, answer, "navigation", symbol=use.name, paths=[path])


def _stale(tools: Toolbox, chance: Random, path: str, use: Use) -> Scene | None:
    """The same question about a position a few lines off, as after an edit."""
    old = use._replace(line=use.line + chance.randint(1, 4))
    outcome = tools.call("goto_definition", file_path=path, line=old.line, column=old.column, symbol=use.name)
    if outcome.ok or "does not stand" not in outcome.content:
        return None
    answer = pick(chance, STALE_ANSWERS, symbol=use.name, path=path, line=old.line, column=old.column)
    return tool_scene(
        _question(chance, path, old), outcome, answer, "navigation", symbol=use.name, paths=[path]
    )
