"""What in a repository is worth a question, and how a user points at it."""

import re
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from punie_data.code.facts import ClassFact, FileFacts, FunctionFact
from punie_data.code.repo import Repo
from punie_data.tools.toolbox import Toolbox

_SPOTS = (
    "{path}:{line}:{column}",
    "{path}:{line}:{column}",
    "{path}, line {line}, column {column}",
    "line {line}, column {column} of {path}",
    "`{path}:{line}:{column}`",
)
# Comments and strings are passed over whole, so that what is left are names in code. An f-string counts as a string.
_WORD = re.compile(
    r"""\#[^\n]*|[A-Za-z]{0,2}(?P<quote>\"\"\"|'''|"|')(?:\\.|(?!(?P=quote)).)*(?P=quote)|(?P<name>\b[A-Za-z_]\w*)""",
    re.DOTALL,
)

SMALL, MOST_IMPORTERS = 10_000, 4
LONGEST_LINE = 1000
"""Lines of a small project; files that may import a name before asking for its uses gets dear."""


class Use(NamedTuple):
    """A name in code: `line` and `column` are 1-based, `before` and `after` what stands around it on its line."""

    name: str
    line: int
    column: int
    before: str
    after: str


def is_telling(name: str) -> bool:
    """Whether the name says enough to be asked about: not private, not a test, not too short."""
    return len(name) > 2 and not name.startswith(("_", "test"))


def is_rare(repo: Repo, name: str) -> bool:
    """Whether asking who uses it is cheap: the server looks at every file that has the word, and has to understand each.

    In a small project everything is cheap. In a larger one a plain English word, or what every second file imports, is not.
    """
    if repo.line_count < SMALL:
        return True
    is_word = "_" not in name.strip("_") and sum(letter.isupper() for letter in name) < 2
    return not is_word and repo.imported_names[name] <= MOST_IMPORTERS


def is_mentioned_once(tools: Toolbox, name: str) -> bool:
    """Whether no line has the name but that of its definition: no setting, string or document by which it is found at run time, or known to users."""
    return tools.call("search_text", pattern=rf"\b{name}\b").value.match_count == 1


def spot(chance: Random, path: str, line: int, column: int) -> str:
    """A position as people write it, in the middle of a sentence."""
    return chance.choice(_SPOTS).format(path=path, line=line, column=column)


def uses(repo: Repo, path: str) -> Iterator[Use]:
    """Every name in the file's code, in order; names in comments, in strings and in lines that nobody reads are left out."""
    text = repo.text(path)
    line, start = 1, 0
    for match in _WORD.finditer(text):
        if match["name"] is None:
            continue
        ends = text.count("\n", start, match.start())
        if ends:
            line += ends
            start = text.rindex("\n", 0, match.start()) + 1
        stop = text.find("\n", match.end())
        stop = stop if stop != -1 else len(text)
        if stop - start > LONGEST_LINE:
            continue
        after = text[match.end() : stop]
        yield Use(match["name"], line, match.start() - start + 1, text[start : match.start()], after)


def mixed(repo: Repo, chance: Random) -> list[FileFacts]:
    """Python files in random order, the project's own two to one of the others while there are any.

    A module with a type stub beside it is left out: to the language server the stub is the module, and what LibCST knows is not in it.
    """
    stubs = {path for path in repo.paths if path.endswith(".pyi")}
    own = [facts for facts in repo.sources if f"{facts.path}i" not in stubs]
    paths = {facts.path for facts in repo.sources}
    others = [facts for facts in repo.python if facts.path not in paths and f"{facts.path}i" not in stubs]
    chance.shuffle(own)
    chance.shuffle(others)
    order: list[FileFacts] = []
    while own or others:
        order += [*own[:2], *others[:1]]
        own, others = own[2:], others[1:]
    return order


def plain_targets(
    repo: Repo, chance: Random, most: int = 2
) -> Iterator[tuple[FileFacts, ClassFact | FunctionFact]]:
    """Undecorated classes and functions with a name of their own, at most so many of a file.

    Of these every tool tells the same place: a decorated definition begins above the line that has its name.
    """
    for facts in mixed(repo, chance):
        items = [
            item
            for item in (*facts.classes, *facts.functions)
            if is_telling(item.name)
            and is_rare(repo, item.name)
            and not item.is_nested
            and not item.decorators
            and len(repo.definitions[item.name]) == 1
        ]
        chance.shuffle(items)
        for item in items[:most]:
            yield facts, item
