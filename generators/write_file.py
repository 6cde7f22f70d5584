r"""Create this file.

user       Create examples/show_receipt.py with this content:

           ```python
           from tiny_shop.payments import Receipt

           print(Receipt.__doc__)
           ```
assistant  write_file(path="examples/show_receipt.py", content="from tiny_shop.payments import Receipt\n\nprint(Receipt.__doc__)\n")
tool       Wrote 63 characters to examples/show_receipt.py
assistant  `examples/show_receipt.py` is written: 63 characters.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import pick
from punie_data.scenario.places import first_sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox


class Draft(NamedTuple):
    """A file that a user could ask for: where, what, and the language of the fence around it."""

    path: str
    content: str
    language: str = ""


CREATE = (
    "Create {path} with this content:\n\n```{language}\n{content}```",
    "Please write the following to {path}:\n\n```{language}\n{content}```",
    "We need a new file, {path}:\n\n```{language}\n{content}```",
    "{path} doesn't exist yet. It should hold exactly this:\n\n```{language}\n{content}```",
    "Save this as {path}, as it is:\n\n```{language}\n{content}```",
    "new file {path}\n\n```{language}\n{content}```",
)
UNLESS = (
    "If there is no {path} yet, create it with this content; don't touch it otherwise:\n\n```{language}\n{content}```",
    "Write this to {path}, but only if the file isn't there already:\n\n```{language}\n{content}```",
    "Set up {path} for us unless we have one:\n\n```{language}\n{content}```",
)
LINTED = (
    "Create {path} with this content and lint it:\n\n```{language}\n{content}```",
    "Add the file {path} and tell me whether ruff likes it:\n\n```{language}\n{content}```",
    "Write {path} as below, then run ruff on it:\n\n```{language}\n{content}```",
)
EMPTY = (
    "Create an empty {path}.",
    "We need {path}, without any content.",
    "Add an empty file {path}, please.",
)
WRITTEN = (
    "`{path}` is written: {size} characters.",
    "Done, {path} now exists ({size} characters).",
    "I created `{path}` with that content, {size} characters in all.",
    "{path} is in place, {size} characters.",
)
WRITTEN_EMPTY = ("`{path}` is there now, and empty.", "I created {path}; it has no content.")
KEPT = (
    "{path} exists already, so I left it as it is.",
    "Nothing was written: there is a {path} already.",
    "You have a `{path}`, and it stays untouched.",
)
CLEAN = ("ruff finds nothing to complain about in it.", "ruff has no findings.", "It passes ruff.")
KEPT_CONTENTS = {
    ".toml": "[tool.ruff]\nline-length = 100\n", ".cfg": "[metadata]\nname = demo\n", ".ini": "[pytest]\naddopts = -q\n",
    ".in": "include LICENSE\n", "ignore": "__pycache__/\n*.pyc\n",
}  # fmt: skip
MOST = 14


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Files that a project of this kind could want, dictated in the question; they are written in a throw-away copy."""
    drafts = [draft for draft in _own(repo, chance) if draft.path not in repo.paths]
    # Those that would fit any project are few, lest every repository gives the same rows.
    usual = [draft for draft in _usual(repo) if draft.path not in repo.paths]
    drafts = chance.sample(drafts, min(MOST - 4, len(drafts))) + chance.sample(usual, min(4, len(usual)))
    chance.shuffle(drafts)
    existing = [path for path in repo.paths if path.endswith(tuple(KEPT_CONTENTS))]
    existing = [
        path
        for path in existing
        if (repo.root / path).stat().st_size < 1_500 and "```" not in repo.text(path)
    ]
    yield from _kept(repo, tools, chance, chance.sample(existing, min(2, len(existing))))
    for number, draft in enumerate(drafts):
        fields = {
            "path": draft.path,
            "content": draft.content,
            "language": draft.language,
            "size": len(draft.content),
        }
        outcomes: list[Outcome] = []
        linted = draft.language == "python" and number % 3 == 0
        unless = bool(draft.content) and not linted and number % 4 == 1
        with tools.scratch() as box:
            if unless:
                outcomes.append(box.call("read_file", path=draft.path))
            outcomes.append(box.call("write_file", path=draft.path, content=draft.content))
            if linted:
                outcomes.append(box.call("ruff_check", path=draft.path))
        answer = pick(chance, WRITTEN if draft.content else WRITTEN_EMPTY, **fields)
        if unless:
            answer = (
                f"It wasn't there yet. {answer[:1].upper()}{answer[1:]}"
                if answer[0] in "ID"
                else f"There was none: {answer}"
            )
        if linted:
            answer = f"{answer} {_linted(outcomes[-1], chance)}"
        templates = EMPTY if not draft.content else LINTED if linted else UNLESS if unless else CREATE
        yield tool_scene(pick(chance, templates, **fields), outcomes, answer, "editing", paths=[draft.path])


def _linted(outcome: Outcome, chance: Random) -> str:
    found = outcome.value.violations
    if not found:
        return chance.choice(CLEAN)
    told = "; ".join(f"{v.code} on line {v.line}: {v.message.rstrip('.')}" for v in found[:4])
    return f"ruff isn't content, though: {told}."


def _kept(repo: Repo, tools: Toolbox, chance: Random, paths: Sequence[str]) -> Iterator[Scene]:
    """Files that are there already: reading is enough to know."""
    for path in paths:
        content = next(text for ending, text in KEPT_CONTENTS.items() if path.endswith(ending))
        fields = {"path": path, "content": content, "language": ""}
        outcome = tools.call("read_file", path=path)
        if outcome.ok:
            made = tool_scene(
                pick(chance, UNLESS, **fields), outcome, pick(chance, KEPT, **fields), "editing", paths=[path]
            )
            yield made.changed(needs=("write_file",))


def _home(repo: Repo) -> str:
    """The folder of the main package, "" where there is none."""
    folders = [
        facts.path.rpartition("/")[0]
        for facts in repo.sources
        if facts.path.endswith("__init__.py") and "/" in facts.path
    ]
    return min(folders, key=len) if folders else ""


def _tests(repo: Repo) -> str:
    return next((facts.path for facts in repo.tests if "/" in facts.path), "tests").split("/")[0]


def _own(repo: Repo, chance: Random) -> Iterator[Draft]:
    """About classes that this repository really has."""
    home, tests = _home(repo), _tests(repo)
    classes = [
        (facts, item)
        for facts, item in repo.classes()
        if item.name[0] != "_" and not item.is_nested and facts.module
    ]
    for facts, item in chance.sample(classes, min(6, len(classes))):
        stem = _snake(item.name)
        yield Draft(
            f"{tests}/test_{stem}_import.py",
            f'from {facts.module} import {item.name}\n\n\ndef test_{stem}_can_be_imported():\n    assert {item.name}.__name__ == "{item.name}"\n',
            "python",
        )
        said = first_sentence(item.docstring)
        if said:
            yield Draft(
                f"docs/{stem.replace('_', '-')}.md",
                f"# {item.name}\n\n{said}\n\nIt lives in `{facts.path}`.\n",
                "markdown",
            )
        if item.name.endswith(("Error", "Exception")):
            yield Draft(
                f"{home or '.'}/{stem}_details.py".removeprefix("./"),
                f'"""A more telling {item.name}."""\n\nfrom {facts.module} import {item.name}\n\n\nclass Detailed{item.name}({item.name}):\n    """Carries a hint for the user."""\n\n    hint: str = ""\n',
                "python",
            )
        yield Draft(
            f"examples/show_{stem}.py",
            f"from {facts.module} import {item.name}\n\nprint({item.name}.__doc__)\n",
            "python",
        )


def _usual(repo: Repo) -> Iterator[Draft]:
    """What any project could want."""
    home, tests = _home(repo), _tests(repo)
    package = home.rpartition("/")[2]
    if package:
        yield Draft(f"{home}/py.typed", "")
        yield Draft(
            f"{home}/constants.py",
            '"""Values that several modules share."""\n\nDEFAULT_ENCODING = "utf-8"\nRETRIES = 3\n',
            "python",
        )
        yield Draft(
            f"{home}/levels.py",
            '"""How much to say."""\n\nfrom enum import Enum\n\n\nclass Level(Enum):\n    QUIET = "quiet"\n    NORMAL = "normal"\n    LOUD = "loud"\n',
            "python",
        )
        yield Draft(
            f"{home}/timing.py",
            'import os, time\n\n\ndef now() -> float:\n    """Seconds of the monotonic clock."""\n    return time.monotonic()\n',
            "python",
        )
        yield Draft(f"{home}/types.pyi", "from typing import Any\n\nJson = dict[str, Any]\n", "python")
        yield Draft(
            "scripts/version.sh",
            f'#!/bin/sh\npython -c "import {package}; print({package}.__file__)"\n',
            "sh",
        )
    yield Draft(".editorconfig", "root = true\n\n[*.py]\nindent_style = space\nindent_size = 4\n", "ini")
    yield Draft("pytest.ini", f"[pytest]\ntestpaths = {tests}\naddopts = -ra\n", "ini")
    yield Draft("requirements-dev.txt", "pytest>=8\nruff\n")
    yield Draft("Makefile", "test:\n\tpython -m pytest -q\n\nlint:\n\truff check .\n", "make")
    yield Draft(f"{tests}/data/sample.json", '{"name": "sample", "values": [1, 2, 3]}\n', "json")
    yield Draft(
        "docs/decisions.md", "# Decisions\n\nOne paragraph for each decision, the newest first.\n", "markdown"
    )
    yield Draft(".gitattributes", "* text=auto\n*.py diff=python\n")
    yield Draft(
        "NOTES.md",
        f"# Notes on {repo.name}\n\n- Tests run with pytest.\n- Style is checked with ruff.\n",
        "markdown",
    )


def _snake(name: str) -> str:
    """`HTTPClient` is `http_client`."""
    out = ""
    for at, letter in enumerate(name):
        starts = letter.isupper() and at > 0 and (name[at - 1].islower() or name[at + 1 : at + 2].islower())
        out += ("_" if starts else "") + letter.lower()
    return out
