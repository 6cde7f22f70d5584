r"""Add an import, unless it is there.

user       add import to src/tiny_shop/__init__.py, dry run: import warnings
assistant  cst_add_import(file_path="src/tiny_shop/__init__.py", import_statement="import warnings")
tool       {"success":true,"import_added":true,"modified_source":"…OrderService\nimport warnings\n…
assistant  The import is new to src/tiny_shop/__init__.py:

           ```python
           from tiny_shop.money import Money
           from tiny_shop.orders import Order, OrderService
           import warnings
           ```

           I have only prepared the source, not saved it.
"""

from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts, ImportFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import pick
from punie_data.scenario.places import ticked
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import mixed
from punie_data.tools.toolbox import Toolbox

QUESTIONS = (
    "Show me {path} with `{statement}` added. Leave the file alone for now.",
    "{path} needs `{statement}`. Where would it go?",
    "Does {path} have `{statement}`? If it doesn't, how would the imports look with it?",
    "Please prepare {path} with `{statement}` among its imports, unless it's there already. I'll look at it before you save it.",
    "Does {path} already have `{statement}`? If not, where would you put it?",
    "add import to {path}, dry run: {statement}",
    "For a change I'm planning, {path} has to have `{statement}`. Is it there, or what would adding it change?",
)
ADDED = (
    "It wasn't there yet. With it, the imports around it read:\n\n```python\n{lines}\n```\n\nThis is the new source; the file isn't written.",
    "Added. That part of the file becomes:\n\n```python\n{lines}\n```\n\nNothing is on disk yet.",
    "The import is new to {path}:\n\n```python\n{lines}\n```\n\nI have only prepared the source, not saved it.",
)
MERGED = (
    "{path} already imports from `{module}`, so the name joins that line:\n\n```python\n{lines}\n```\n\nNot saved yet.",
    "There is an import from `{module}` already; it becomes:\n\n```python\n{lines}\n```\n\nThe file itself is untouched.",
)
PRESENT = (
    "Nothing to do: {path} has that import already.",
    "It's there already, so the source stays as it is.",
    "{path} already has it. No import was added.",
    "No change: `{statement}` was in the file before.",
)
NO_FILE = (
    "There is no `{path}` in this project, so nothing can be added to it.",
    "That file doesn't exist: `{path}` is not part of the project.",
)
COMMON = (
    "from pathlib import Path", "import logging", "import json", "import re", "from dataclasses import dataclass", "import os",
    "from collections.abc import Iterable", "from typing import Any", "import asyncio", "from functools import cache", "import sys",
    "from contextlib import suppress", "from enum import Enum", "import itertools", "from datetime import timedelta", "import time",
    "from collections import defaultdict", "import warnings", "from typing import TYPE_CHECKING", "import contextlib", "import uuid",
    "from functools import partial", "from types import MappingProxyType", "import random", "from operator import itemgetter",
)  # fmt: skip
LONGEST, MOST_CHARACTERS, MOST = 180, 6_000, 14


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Short files, since the whole new source stands in the row: an import that is missing, or one that is there."""
    files = [
        f
        for f in mixed(repo, chance)
        if 3 < f.line_count <= LONGEST and len(repo.text(f.path)) < MOST_CHARACTERS
    ]
    for number, facts in enumerate(files[:MOST]):
        present = [item for item in facts.imports if _is_plain(item)]
        there = number % 3 == 2 and bool(present)
        statement = _statement(chance.choice(present)) if there else _missing(facts, chance)
        if not statement:
            continue
        outcome = tools.call("cst_add_import", file_path=facts.path, import_statement=statement)
        result = outcome.value
        fields = {"statement": statement, "path": facts.path}
        question = pick(chance, QUESTIONS, **fields)
        if not result.success or result.import_added == there:
            yield Rejected(
                "the tool and the facts disagree", question=question, detail=result.parse_error or statement
            )
            continue
        if there:
            yield tool_scene(
                question, outcome, pick(chance, PRESENT, **fields), "editing", paths=[facts.path]
            )
            continue
        lines = _around(result.modified_source, repo.text(facts.path))
        if not lines or any("```" in line for line in lines):
            continue
        merged = statement.startswith("from ") and statement not in result.modified_source.split("\n")
        fields |= {"lines": "\n".join(lines), "module": statement.split()[1]}
        yield tool_scene(
            question,
            outcome,
            pick(chance, MERGED if merged else ADDED, **fields),
            "editing",
            paths=[facts.path],
        )
    yield from _absent(repo, tools, chance)


def _is_plain(item: ImportFact) -> bool:
    return item.at_top and not item.level and item.name != "*" and item.module != "__future__"


def _statement(item: ImportFact) -> str:
    alias = f" as {item.alias}" if item.alias else ""
    return f"from {item.module} import {item.name}{alias}" if item.name else f"import {item.module}{alias}"


def _missing(facts: FileFacts, chance: Random) -> str:
    """An import whose name means nothing in this file yet."""
    bound = (
        {item.bound for item in facts.imports}
        | {v.name for v in facts.variables}
        | {c.name for c in facts.classes}
    )
    bound |= {function.name for function in facts.functions}
    modules = {item.module for item in facts.imports if item.name}
    free = [text for text in COMMON if text.split()[-1] not in bound]
    joining = [text for text in free if text.startswith("from ") and text.split()[1] in modules]
    return chance.choice(joining if joining and chance.random() < 0.5 else free) if free else ""


def _around(new: str, old: str) -> list[str]:
    """The lines of the new source that the old one doesn't have, with a line before and one behind where those are imports."""
    before, after = old.split("\n"), new.split("\n")
    same = next(
        (at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), len(before)
    )
    tail = 0
    while tail < min(len(before), len(after)) - same and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    first, last = same, len(after) - tail
    while (
        first > 0
        and first > same - 2
        and after[first - 1].startswith(("import ", "from "))
        and ticked(after[first - 1])
    ):
        first -= 1
    while last < len(after) and last < len(after) - tail + 1 and after[last].startswith(("import ", "from ")):
        last += 1
    lines = after[first:last]
    while lines and not lines[-1].strip():
        lines.pop()
    while lines and not lines[0].strip():
        lines.pop(0)
    return lines if len(lines) < 9 else []


def _absent(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """A file whose folder exists and which itself doesn't."""
    folder = chance.choice(repo.sources).path.rpartition("/")[0] if repo.sources else ""
    path = f"{folder}/{chance.choice(('helpers', 'constants', 'settings', 'tooling'))}.py".lstrip("/")
    if path not in repo.paths:
        statement = chance.choice(COMMON)
        outcome = tools.call("cst_add_import", file_path=path, import_statement=statement)
        fields = {"statement": statement, "path": path}
        yield tool_scene(
            pick(chance, QUESTIONS, **fields), outcome, pick(chance, NO_FILE, **fields), "editing"
        )
