"""What does this file say?

user       What does src/tiny_shop/__init__.py export?
assistant  read_file(path="src/tiny_shop/__init__.py")
tool       …__all__ = ["Cart", "Catalogue", "Money", "Order", "OrderService", "Product"]

assistant  `Cart`, `Catalogue`, `Money`, `Order`, `OrderService` and `Product`.
"""

import re
import tomllib
from ast import literal_eval
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from punie_data.chat import Rejected
from punie_data.code.facts import ClassFact, FileFacts
from punie_data.code.repo import Repo
from punie_data.documents.build_files import hooks, targets
from punie_data.scenario.phrase import bullets, listing, pick, plural
from punie_data.scenario.places import first_sentence, ticked
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.tools.toolbox import Toolbox


class Ask(NamedTuple):
    path: str
    question: str
    answer: str
    counted: tuple[tuple[str, ...], ...] = ()


OVERVIEW = (
    "What's in {path}?",
    "Give me a quick overview of {path}.",
    "I'm new here. What does {path} contain?",
    "What is {path} for, and what does it define?",
    "Summarise {path} for me, please.",
    "Open {path} and tell me what lives there.",
    "Call `read_file` on {path} and sum it up. It's the file from the ticket.",
)
CONSTANT = (
    "What is `{name}` set to in {path}?",
    "Which value does `{name}` have? It's in {path}.",
    "Look up `{name}` in {path}.",
    "I need the value of `{name}` from {path}.",
)
CONSTANT_ANSWERS = (
    "It's set like this:\n\n```python\n{line}\n```",
    "`{name}` is `{value}`.",
    "{path} sets `{name}` to `{value}`.",
)
EXPORTS = (
    "Which names does {path} list in `__all__`?",
    "What does {path} export?",
    "What's the public API according to {path}?",
    "I want to know what a star import of {path} would bring in.",
)
FIELDS = (
    "Which fields does `{name}` in {path} have?",
    "I want to build `{name}` by hand, see {path}. Which fields are there?",
    "Show me the annotated attributes of `{name}` ({path}).",
    "What are the fields of `{name}`, see {path}, and their types?",
)
FIELDS_ANSWERS = ("`{name}` declares:\n\n```python\n{lines}\n```", "{listed}:\n\n```python\n{lines}\n```")
DEFAULT = (
    "What's the default of `{parameter}` in `{name}`? See {path}.",
    "If I don't pass `{parameter}` to `{name}` from {path}, what is used?",
    "Does `{parameter}` of `{name}` in {path} have a default, and which?",
    "In {path}: which default does `{name}` give its `{parameter}` argument?",
)
DEFAULT_ANSWERS = (
    "`{name}` uses `{default}` for `{parameter}` when nothing is passed.",
    "`{parameter}` defaults to `{default}`.",
    "When it's left out, `{parameter}` is `{default}`.",
)
FAMILY = (
    "Which exceptions does {path} define, and what do they derive from?",
    "What's the exception hierarchy in {path}?",
    "Give me the list of error classes in {path} with their bases.",
    "I want to catch errors selectively. Which exception classes are in {path}?",
)
MISSING = (
    "What's in {path}?",
    "Show me {path}.",
    "Is there anything of interest in {path}?",
    "Have a look at {path} and tell me what it does.",
    "cat {path}",
)
MISSING_ANSWERS = (
    "There is no `{path}` in this project.",
    "The project doesn't have a `{path}`.",
    "`{path}` doesn't exist here, so there is nothing to show.",
)
EMPTY = ("What's in {path}?", "Show me the contents of {path}.", "What does {path} contain?")
EMPTY_ANSWERS = ("Nothing, {path} is empty.", "{path} is an empty file.", "It's empty.")
PYTHON_VERSIONS = (
    "Which Python versions does this project support, according to {path}?",
    "What's the oldest Python we still support? {path} should say.",
    "Check `requires-python` in {path}.",
)
DEPENDENCIES = (
    "What are the runtime dependencies in {path}?",
    "Which packages does installing this project pull in, going by {path}?",
    "List the dependencies from {path}.",
)
BACKEND = ("Which build backend does {path} name?", "What builds our wheels? Check {path}.")
SCRIPTS = ("Which commands does {path} install?", "What console scripts does {path} declare?")
LICENCE = (
    "Under which licence is this project? See {path}.",
    "What does {path} say on its first lines?",
    "Is {path} the MIT licence or something else?",
)
HOOKS = (
    "Which hooks run before a commit, according to {path}?",
    "What does our {path} run?",
    "List the hook ids in {path}.",
)
TARGETS = (
    "Which targets does the {path} have?",
    "What can I run with make here? See {path}.",
    "List the targets of our {path}.",
)
SECTIONS = (
    "What topics does {path} cover?",
    "Which sections does {path} have?",
    "I'm looking for a place to document something. What's the outline of {path}?",
    "What is {path} about?",
)
NO_FILES = ("setup.py", "setup.cfg", "tox.ini", "noxfile.py", "Makefile", "Dockerfile", "requirements.txt", ".editorconfig",
            ".pre-commit-config.yaml", "conftest.py", "mypy.ini", "pytest.ini", "CONTRIBUTING.md", "SECURITY.md")  # fmt: skip
PLURALS = {"class": "classes", "function": "functions"}
LONGEST_FILE, MOST_LINES = 7_000, 200


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Small files, each with a question that its text answers; some that are empty and some that don't exist."""
    own = {facts.path for facts in repo.sources}
    small = [f for f in repo.python if 3 < f.line_count <= MOST_LINES and f.path in own]
    if len(small) < 12:
        small = [f for f in repo.python if 3 < f.line_count <= MOST_LINES]
    kinds = (
        (5, _overviews, small), (4, _constants, small), (2, _exports, small), (4, _fields, small), (4, _defaults, small),
        (2, _families, small), (4, _configuration, repo), (1, _licence, repo), (2, _commands, repo), (4, _documents, repo),
        (2, _nothing, repo), (2, _absent, repo),
    )  # fmt: skip
    asks = []
    for most, find, where in kinds:
        found = find(where, repo, chance) if where is small else find(repo, chance)
        asks += found[:most]
    chance.shuffle(asks)
    for ask in asks:
        if ask.path in repo.paths and (repo.root / ask.path).stat().st_size > LONGEST_FILE:
            continue
        outcome = tools.call("read_file", path=ask.path)
        yield tool_scene(ask.question, outcome, ask.answer, "reading", paths=[ask.path], counted=ask.counted)


def _overviews(files: Sequence[FileFacts], repo: Repo, chance: Random) -> list[Ask]:
    """Each class and function with the first sentence that it says of itself."""
    found = []
    for facts in chance.sample(files, min(30, len(files))):
        items = [("class", item.name, item.docstring) for item in facts.classes if not item.is_nested]
        items += [
            ("function", f.name, f.docstring)
            for f in facts.functions
            if not f.is_method and not f.is_nested and "overload" not in f.decorators
        ]
        head = first_sentence(facts.docstring)
        said = {name: first_sentence(docstring) for _, name, docstring in items}
        if facts.path.endswith("__init__.py") or not 0 < len(items) < 10 or not (head or len(items) > 2):
            continue
        opening = (
            f'"{head}", its docstring says.'
            if head.endswith("!")
            else f'Its docstring says: "{head}"'
            if head
            else ""
        )
        if any(said.values()) or len(items) > 4:
            lines = [
                f"{kind} `{name}`" + (f': "{said[name]}"' if said[name] else "") for kind, name, _ in items
            ]
            told = f"\n\n{bullets(lines)}" if len(lines) > 1 else f" one {lines[0]}"
            answer = f"{opening} It defines{':' if len(lines) > 1 else ''}{told}"
        else:
            names = {kind: [f"`{name}`" for other, name, _ in items if other == kind] for kind, _, _ in items}
            parts = [
                f"{plural(len(own), kind, PLURALS[kind])}, {listing(own)}" for kind, own in names.items()
            ]
            answer = f"{opening} It defines {', and '.join(parts)}."
        groups = tuple(tuple(name for other, name, _ in items if other == kind) for kind in PLURALS)
        found.append(Ask(facts.path, pick(chance, OVERVIEW, path=facts.path), answer.strip(), groups))
    return found


def _constants(files: Sequence[FileFacts], repo: Repo, chance: Random) -> list[Ask]:
    found = []
    for facts in chance.sample(files, min(30, len(files))):
        lines = repo.lines(facts.path)
        shouted = [item for item in facts.variables if item.name.isupper() and len(item.name) > 2]
        for item in chance.sample(shouted, min(1, len(shouted))):
            line = lines[item.line - 1]
            once = [other.name for other in facts.variables].count(item.name) == 1
            if (
                once
                and len(item.value) > 1
                and line.startswith(item.name)
                and line.endswith(item.value)
                and "`" not in line
            ):
                fields = {"name": item.name, "path": facts.path, "value": item.value, "line": line}
                found.append(
                    Ask(
                        facts.path, pick(chance, CONSTANT, **fields), pick(chance, CONSTANT_ANSWERS, **fields)
                    )
                )
    return found


def _exports(files: Sequence[FileFacts], repo: Repo, chance: Random) -> list[Ask]:
    found = []
    for facts in files:
        if not any(item.name == "__all__" for item in facts.variables):
            continue
        match = re.search(r"^__all__(?:: [^=]+)? = ([\[(][^\])]*[\])])$", repo.text(facts.path), re.MULTILINE)
        try:
            names = literal_eval(match[1]) if match else ()
        except (SyntaxError, ValueError):
            continue
        if 1 < len(names) < 30 and all(isinstance(name, str) for name in names):
            answer = f"{listing([f'`{name}`' for name in names])}."
            found.append(Ask(facts.path, pick(chance, EXPORTS, path=facts.path), answer))
    chance.shuffle(found)
    return found


def _fields(files: Sequence[FileFacts], repo: Repo, chance: Random) -> list[Ask]:
    items = [
        (facts, item)
        for facts in files
        for item in facts.classes
        if 1 < len(item.fields) < 13 and _is_record(item)
    ]
    found = []
    for facts, item in chance.sample(items, min(8, len(items))):
        source = repo.lines(facts.path)[item.line : item.end_line]
        lines = [line.strip() for line in source if line.strip().partition(":")[0] in item.fields]
        if len(lines) != len(item.fields) or any(line.endswith(("(", "[", "{", "\\")) for line in lines):
            continue
        names = listing([f"`{name}`" for name in item.fields])
        fields = {"name": item.name, "path": facts.path, "lines": "\n".join(lines), "listed": names}
        found.append(Ask(facts.path, pick(chance, FIELDS, **fields), pick(chance, FIELDS_ANSWERS, **fields)))
    return found


def _defaults(files: Sequence[FileFacts], repo: Repo, chance: Random) -> list[Ask]:
    items = [
        (facts, function, parameter)
        for facts in files
        for function in facts.functions
        if not function.is_nested and (function.name[0] != "_" or function.name == "__init__")
        for parameter in function.parameters
        if ticked(parameter.default, 40) and parameter.default != "..."
    ]
    found = []
    for facts, function, parameter in chance.sample(items, min(6, len(items))):
        name = function.class_name if function.name == "__init__" else function.qualname
        fields = {"name": name, "path": facts.path, "parameter": parameter.name, "default": parameter.default}
        found.append(
            Ask(facts.path, pick(chance, DEFAULT, **fields), pick(chance, DEFAULT_ANSWERS, **fields))
        )
    return found


def _families(files: Sequence[FileFacts], repo: Repo, chance: Random) -> list[Ask]:
    found = []
    for facts in files:
        errors = [
            c for c in facts.classes if c.bases and c.bases[0].endswith(("Error", "Exception", "Warning"))
        ]
        if 2 < len(errors) < 16 and len(errors) == len(facts.classes):
            answer = bullets(
                [
                    f"`{item.name}` derives from {listing([f'`{base}`' for base in item.bases])}"
                    for item in errors
                ]
            )
            found.append(Ask(facts.path, pick(chance, FAMILY, path=facts.path), answer))
    chance.shuffle(found)
    return found


def _configuration(repo: Repo, chance: Random) -> list[Ask]:
    path = "pyproject.toml"
    if path not in repo.paths:
        return []
    try:
        whole = tomllib.loads(repo.text(path))
    except tomllib.TOMLDecodeError:
        return []
    project, system = whole.get("project", {}), whole.get("build-system", {})
    found = []
    if isinstance(project.get("requires-python"), str):
        wanted = project["requires-python"]
        least = re.fullmatch(r">=\s*([\d.]+)", wanted)
        told = f"Python {least[1]} and newer: `requires-python` is" if least else "`requires-python` is"
        told = f"{told} `{wanted}`."
        found.append(Ask(path, pick(chance, PYTHON_VERSIONS, path=path), told))
    needs = project.get("dependencies")
    if isinstance(needs, list) and len(needs) < 16:
        names = [ticked(str(need)) for need in needs]
        if not names:
            told = "None: `dependencies` is an empty list."
        elif len(names) == 1:
            told = f"Only {names[0]}."
        else:
            told = bullets(names) if len(names) > 3 else f"{listing(names)}."
        found.append(Ask(path, pick(chance, DEPENDENCIES, path=path), told))
    if isinstance(system.get("build-backend"), str):
        found.append(Ask(path, pick(chance, BACKEND, path=path), f"`{system['build-backend']}`."))
    scripts = project.get("scripts")
    if isinstance(scripts, dict) and scripts:
        lines = [f"`{name}`, which runs `{target}`" for name, target in scripts.items()]
        told = bullets(lines) if len(lines) > 1 else f"{lines[0]}."
        found.append(Ask(path, pick(chance, SCRIPTS, path=path), told))
    return found


def _licence(repo: Repo, chance: Random) -> list[Ask]:
    for path in repo.paths:
        if re.fullmatch(r"(?i)(?:licen[cs]e|copying)[\w.-]*", path):
            lines = [line.strip() for line in repo.lines(path) if line.strip()]
            holder = next((line for line in lines[:6] if re.match(r"(?i)copyright\b.*\d{4}", line)), "")
            if (
                lines
                and re.search(r"(?i)licen[cs]e", lines[0])
                and len(lines[0]) < 60
                and "`" not in lines[0]
            ):
                told = f'It starts with "{lines[0]}"' + (
                    f', and the notice below reads "{holder}".' if holder else "."
                )
                return [Ask(path, pick(chance, LICENCE, path=path), told)]
    return []


def _commands(repo: Repo, chance: Random) -> list[Ask]:
    """What one runs: the hooks of a commit, the targets of make."""
    found = []
    for path, named, questions in (
        (".pre-commit-config.yaml", hooks, HOOKS),
        ("Makefile", targets, TARGETS),
    ):
        names = named(repo.text(path)) if path in repo.paths else []
        if names and len(names) < 25:
            told = f"{listing([f'`{name}`' for name in dict.fromkeys(names)])}."
            found.append(Ask(path, pick(chance, questions, path=path), told))
    return found


def _documents(repo: Repo, chance: Random) -> list[Ask]:
    titles: dict[str, list[str]] = {}
    for section in repo.sections:
        # A page that doesn't begin with its title has no outline to speak of.
        if section.title and (section.level == 2 or (section.level == 1 and section.path not in titles)):
            titles.setdefault(section.path, [] if section.level == 1 else [""]).append(section.title)
    found = []
    for path, own in titles.items():
        if 2 < len(own) < 12 and own[0] and all('"' not in title and "`" not in title for title in own):
            top, *others = own
            told = f'It\'s titled "{top}" and has these sections:\n\n{bullets(others)}'
            found.append(Ask(path, pick(chance, SECTIONS, path=path), told))
    chance.shuffle(found)
    return [ask for ask in found if (repo.root / ask.path).stat().st_size < LONGEST_FILE]


def _nothing(repo: Repo, chance: Random) -> list[Ask]:
    files = [path for path in repo.paths if path.endswith((".py", "py.typed"))]
    empty = [path for path in files if (repo.root / path).stat().st_size == 0]
    return _asks(empty, EMPTY, EMPTY_ANSWERS, chance)


def _absent(repo: Repo, chance: Random) -> list[Ask]:
    return _asks([path for path in NO_FILES if path not in repo.paths], MISSING, MISSING_ANSWERS, chance)


def _asks(paths: list[str], questions: Sequence[str], answers: Sequence[str], chance: Random) -> list[Ask]:
    """Two of the paths, with what can be said of each of them."""
    chance.shuffle(paths)
    return [
        Ask(path, pick(chance, questions, path=path), pick(chance, answers, path=path)) for path in paths[:2]
    ]


def _is_record(item: ClassFact) -> bool:
    return item.is_dataclass or any(
        base in ("NamedTuple", "TypedDict", "BaseModel") for base in item.base_names
    )
