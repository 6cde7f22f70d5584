r"""Which dataclasses are defined here?

user       What are the dataclasses of src/tiny_shop/money.py, please, and on which lines?
assistant  search_text(pattern="^\\s*(@(dataclasses\\.)?dataclass\\b|class \\w)", path="src/tiny_shop/money.py")
tool       {"success":true,"pattern":"^\\s*(@(dataclasses\\.)?dataclass\\b|class \\w)","match_count":2,"file_count":1,"matches":[{"file":"src/tiny_shop/money.py","line":12,"column":1,"text":"@dataclass(frozen=True, order=True, slots=True)"},{"file":"src/tiny_shop/money.py","line":13,"column":1,"text":"class Money:"}],"parse_error":null}
assistant  Just one: `Money` (line 13).
"""

import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.places import line_list, ticked
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.tools.results import TextMatch
from punie_data.tools.toolbox import Toolbox

DECORATOR_OR_CLASS = r"^\s*(@(dataclasses\.)?dataclass\b|class \w)"
"""A decorator doesn't show what it decorates: the class lines are asked for too, and the one that follows is it."""
LONGEST = 400
"""Lines of a file that is parsed for its decorators."""
LINE = re.compile(DECORATOR_OR_CLASS, re.MULTILINE)
WHICH = (
    "Which dataclasses does {path} define?",
    "List the dataclasses in {path}.",
    "What are the dataclasses of {path}, please, and on which lines?",
    "I'm documenting our data model. Which classes in {path} are dataclasses?",
    "dataclasses in {path}?",
    "Which classes of {path} carry the dataclass decorator?",
    "The ticket asks about the dataclasses in {path}. Which are there?",
)
FROZEN = (
    "Which dataclasses in {path} are frozen?",
    "Which dataclasses in {path} are immutable?",
    "I want to use instances from {path} as dictionary keys. Which dataclasses there are frozen?",
    "Frozen dataclasses in {path}?",
)
PLAIN = (
    "Which classes in {path} are not dataclasses?",
    "I'm converting everything in {path} to dataclasses. Which classes are left?",
    "Which classes in {path} are still ordinary ones, without the dataclass decorator?",
)
COUNT = (
    "How many dataclasses does {path} have?",
    "Count the dataclasses in {path}, please.",
    "How often is the dataclass decorator used in {path}?",
)
OPTIONS = (
    "With which options does {path} apply the dataclass decorator?",
    "Does {path} use slots or frozen on its dataclasses?",
    "Show me the dataclass decorators of {path} with their arguments.",
)
IS_ONE = (
    "Is `{name}` in {path} a dataclass?",
    "Does `{name}` ({path}) have the dataclass decorator?",
    "I'd like to call dataclasses.replace on a `{name}`. Is it a dataclass? See {path}.",
)
FOLDER = (
    "Where are dataclasses used in {path}?",
    "Which files below {path} define dataclasses, and which ones?",
    "Give me an inventory of the dataclasses in {path}.",
)
NONE = (
    "Are there any dataclasses in {path}?",
    "Which dataclasses does {path} define?",
    "Does {path} use dataclasses?",
)
NONE_ANSWERS = (
    "None of the {count} classes in {path} is a dataclass.",
    "{path} has no dataclasses: it defines {count} classes, none of them with that decorator.",
)
ONLY_CLASS = (
    "No dataclass: the only class there, `{name}` (line {line}), doesn't have the decorator.",
    "None. {path} defines just `{name}`, an ordinary class.",
)


class Found(NamedTuple):
    """A class as the search shows it; `decorator` is "" where no dataclass decorator stands before it."""

    name: str
    file: str
    line: int
    decorator: str


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Files with some, files without, folders; the classes that the search shows must be those that LibCST sees."""
    some = [facts for facts in repo.python if _dataclasses(facts) and len(facts.classes) < 25]
    none = [
        facts
        for facts in repo.sources
        if facts.classes and not _dataclasses(facts) and len(facts.classes) < 9
    ]
    chance.shuffle(some)
    some.sort(key=lambda facts: facts.is_test)
    targets = [facts.path for facts in [*some[:17], *chance.sample(none, min(3, len(none)))]]
    targets += _folders(repo, chance)
    chance.shuffle(targets)
    for path in targets:
        files = [facts for facts in repo.python if facts.path == path or facts.path.startswith(f"{path}/")]
        is_file = path.endswith(".py")
        # Examples in docstrings look like classes to a text search: such a file is only asked of the syntax tree.
        lines = sum(len(LINE.findall(repo.text(facts.path))) for facts in files)
        misleading = lines != sum(len(_dataclasses(facts)) + len(facts.classes) for facts in files)
        if (
            is_file
            and _dataclasses(files[0])
            and files[0].line_count < LONGEST
            and (misleading or chance.random() < 0.25)
        ):
            yield from _by_syntax(files[0], tools, chance)
        if misleading:
            continue
        arguments = {"pattern": DECORATOR_OR_CLASS, "path": path} | ({} if is_file else {"glob": "*.py"})
        outcome = tools.call("search_text", **arguments)
        found = _paired(outcome.value.matches)
        expected = [(facts.path, item.name) for facts in files for item in facts.classes if item.is_dataclass]
        made = [one for one in found if one.decorator]
        if sorted((one.file, one.name) for one in made) != sorted(expected):
            yield Rejected(
                "LibCST and ripgrep disagree", question=pick(chance, WHICH, path=path), detail=str(made)
            )
            continue
        told = _file(path, found, chance) if is_file else _folder(path, made, chance)
        if told is not None:
            question, answer, counted, symbol = told
            yield tool_scene(
                question,
                outcome,
                answer,
                "search",
                symbol=symbol,
                paths=[facts.path for facts in files][:20],
                counted=counted,
            )


def _dataclasses(facts: FileFacts) -> list[str]:
    return [item.name for item in facts.classes if item.is_dataclass]


def _paired(matches: Sequence[TextMatch]) -> list[Found]:
    found: list[Found] = []
    decorator = ""
    for match in matches:
        if match.text.startswith("@"):
            decorator = match.text
        else:
            name = (
                match.text.removeprefix("class ")
                .partition("(")[0]
                .partition(":")[0]
                .partition("[")[0]
                .strip()
            )
            found.append(Found(name, match.file, match.line, decorator))
            decorator = ""
    return found


def _file(path: str, found: list[Found], chance: Random) -> tuple[str, str, list[list[str]], str] | None:
    """Question, answer, what is counted, the symbol."""
    made = [one for one in found if one.decorator]
    plain = [one for one in found if not one.decorator]
    if not made:
        fields = {"path": path, "name": plain[0].name, "line": plain[0].line, "count": number(len(plain))}
        answer = pick(chance, NONE_ANSWERS if len(plain) > 1 else ONLY_CLASS, **fields)
        return pick(chance, NONE, path=path), answer, [[f"class {one.name}" for one in plain]], ""
    frozen = [one for one in made if "frozen=True" in one.decorator]
    kind = chance.choice(("which", "which", "frozen", "plain", "one"))
    counted = [[one.name for one in group] for group in (made, frozen, plain)]
    if kind == "frozen" and all(one.decorator.count("(") == one.decorator.count(")") for one in made):
        names = listing([f"`{one.name}`" for one in frozen])
        if not frozen:
            answer = f"None: {_named(made)} {'is' if len(made) == 1 else 'are'} not frozen."
        elif len(frozen) == len(made):
            answer = (
                f"All of them: {_named(frozen)}."
                if len(made) > 1
                else f"{names}, the only dataclass there, is frozen (line {made[0].line})."
            )
        else:
            rest = [one for one in made if one not in frozen]
            answer = f"{_named(frozen)} {'is' if len(frozen) == 1 else 'are'} frozen; {_named(rest)} {'is' if len(rest) == 1 else 'are'} not."
        return pick(chance, FROZEN, path=path), answer, counted, ""
    if kind == "plain" and plain:
        return pick(chance, PLAIN, path=path), f"{_named(plain)}.", counted, ""
    if kind == "one" and len(found) > 1:
        one = chance.choice(found)
        if one.decorator and not ticked(one.decorator):
            return None
        yes = f"Yes, the class on line {one.line} is preceded by `{one.decorator}`."
        answer = yes if one.decorator else f"No, `{one.name}` on line {one.line} has no such decorator."
        return pick(chance, IS_ONE, name=one.name, path=path), answer, [], one.name
    if len(made) == 1:
        answer = f"Just one: {_named(made)}."
    else:
        lines = [f"`{one.name}`, line {one.line}" for one in made]
        answer = f"{sentence(plural(len(made), 'dataclass', 'dataclasses'))}:\n\n{bullets(lines)}"
    return pick(chance, WHICH, path=path), answer, counted, ""


def _folder(path: str, made: list[Found], chance: Random) -> tuple[str, str, list[list[str]], str] | None:
    files: dict[str, list[str]] = {}
    for one in made:
        files.setdefault(one.file, []).append(f"`{one.name}`")
    if not 0 < len(files) < 12:
        return None
    lines = [f"`{file}`: {listing(names)}" for file, names in files.items()]
    answer = bullets(lines) if len(lines) > 1 else f"Only in {lines[0]}."
    return pick(chance, FOLDER, path=path), answer, [], ""


def _by_syntax(facts: FileFacts, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """The decorators themselves, of one file."""
    outcome = tools.call("cst_find_pattern", file_path=facts.path, pattern="decorator:dataclass")
    matches = outcome.value.matches
    counting = chance.random() < 0.5
    question = pick(chance, COUNT if counting else OPTIONS, path=facts.path)
    if len(matches) != len(_dataclasses(facts)):
        yield Rejected("the tool and the facts disagree", question=question, detail=str(len(matches)))
        return
    if counting:
        count = outcome.value.match_count
        spoken = "One dataclass" if count == 1 else sentence(plural(count, "dataclass", "dataclasses"))
        answer = f"{spoken}: the decorator is on {line_list([match.line for match in matches])}."
    else:
        forms: dict[str, list[int]] = {}
        for match in matches:
            forms.setdefault(match.code_snippet, []).append(match.line)
        if any(not ticked(form) for form in forms):
            return
        told = [f"`{form}` ({line_list(at)})" for form, at in forms.items()]
        answer = bullets(told) if len(told) > 1 else f"{told[0]}."
        if len(forms) == 1 and "(" not in matches[0].code_snippet:
            answer = f"With none: it's the bare {told[0]}."
    yield tool_scene(question, outcome, answer, "search", paths=[facts.path])


def _folders(repo: Repo, chance: Random) -> list[str]:
    sizes: dict[str, int] = {}
    for facts in repo.python:
        for depth in range(1, facts.path.count("/") + 1):
            folder = "/".join(facts.path.split("/")[:depth])
            sizes[folder] = sizes.get(folder, 0) + len(_dataclasses(facts))
    folders = [folder for folder, size in sizes.items() if 1 < size < 30]
    return chance.sample(folders, min(5, len(folders)))


def _named(items: Sequence[Found]) -> str:
    return listing([f"`{one.name}` (line {one.line})" for one in items])
