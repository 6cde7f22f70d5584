"""Rename this within its file.

user       src/tiny_shop/errors.py: rename PaymentError -> PaymentFailure, dry run
assistant  cst_rename(file_path="src/tiny_shop/errors.py", old_name="PaymentError", new_name="PaymentFailure")
tool       {"success":true,"rename_count":3,"modified_source":"…class PaymentFailure(ShopError):…
assistant  Three places renamed, with `class PaymentFailure(ShopError):` as the definition. I haven't written the file.
"""

import re
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario.naming import other_name
from punie_data.scenario.phrase import pick, plural, sentence
from punie_data.scenario.places import ticked
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import mixed
from punie_data.tools.toolbox import Toolbox

QUESTIONS = (
    # Each of them wants to see the new source: who wants it on disk is served by `rename_and_check`.
    "Rename `{old}` to `{new}` in {path}, but don't save it yet.",
    "In {path}, `{old}` should be called `{new}`. What would that change?",
    "Please give `{old}` in {path} the name `{new}`, wherever the file means it. Don't write anything yet.",
    "I don't like the name `{old}` ({path}). Try `{new}` instead and tell me how the definition reads.",
    "{path}: rename {old} -> {new}, dry run",
    "What changes in {path} if `{old}` becomes `{new}`?",
    "Prepare a rename of `{old}` to `{new}` for {path}, please; other things of the same name must stay as they are.",
)
DONE = (
    "`{old}` is now `{new}` in {count}. The definition reads:\n\n```python\n{line}\n```\n\nNothing has been written, and other files are not covered.",
    "{Count} in {path} change. The new definition is `{line}`; the file on disk is untouched.",
    "That renames {count}, the definition included:\n\n```python\n{line}\n```\n\nThis is the new source only, {path} itself still has `{old}`.",
    "{Count} renamed, with `{line}` as the definition. I haven't written the file.",
)
ONCE = (
    "Only the definition changes, nothing else in {path} refers to it:\n\n```python\n{line}\n```\n\nThe file itself isn't written yet.",
    "One occurrence, the definition, which becomes `{line}`. {path} doesn't use it otherwise; nothing has been written.",
)
NO_NAME = (
    "Nothing changes: {path} has no module-level name `{old}`. A method of that name would be another matter.",
    "Nothing is renamed. `{old}` isn't a module-level name of {path}.",
)
IMPORTED = (
    "`{old}` is only imported in {path}. It has to be renamed where it is defined.",
    "Not in {path}: there `{old}` is an import, so the renaming belongs into the file that defines it.",
)
TAKEN = (
    "That would clash: `{new}` is already a name in {path}, so I left `{old}` alone.",
    "`{new}` is taken in {path}. Nothing is renamed; please pick another name for `{old}`.",
)
LONGEST, MOST, MOST_CHARACTERS = 130, 7, 4_500


class Wish(NamedTuple):
    facts: FileFacts
    old: str
    new: str
    line: int
    """Of the definition; 0 where the renaming must fail."""


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Names of short files, since the whole new source stands in the row; and a few wishes that can't be granted."""
    short = [
        f
        for f in mixed(repo, chance)
        if 5 < f.line_count <= LONGEST and len(repo.text(f.path)) < MOST_CHARACTERS
    ]
    # What other files import, or pytest hands them, can't become private.
    known = {item.name for facts in repo.python for item in facts.imports}
    known |= {function.name for _, function in repo.functions(repo.python) if function.is_fixture}
    wishes = [wish for facts in short[:16] for wish in _wishes(repo, facts, known, chance)][:MOST]
    wishes += _vain(short, chance)
    chance.shuffle(wishes)
    for facts, old, new, line in wishes:
        outcome = tools.call("cst_rename", file_path=facts.path, old_name=old, new_name=new)
        result = outcome.value
        fields = {"old": old, "new": new, "path": facts.path}
        question = pick(chance, QUESTIONS, **fields)
        if not result.success:
            trouble = result.parse_error or ""
            templates = (
                IMPORTED if "imported" in trouble else TAKEN if "already a name" in trouble else NO_NAME
            )
            if line:
                yield Rejected(
                    "LibCST knows the name and the tool doesn't", question=question, detail=trouble
                )
            else:
                yield tool_scene(
                    question,
                    outcome,
                    pick(chance, templates, **fields),
                    "editing",
                    symbol=old,
                    paths=[facts.path],
                )
            continue
        written = len(re.findall(rf"(?<!\w){old}(?!\w)", repo.text(facts.path)))
        if not line or result.rename_count > written:
            yield Rejected(
                "more is renamed than the file has", question=question, detail=str(result.rename_count)
            )
            continue
        fields["line"] = result.modified_source.split("\n")[line - 1].strip()
        if not ticked(fields["line"]):
            continue
        count = plural(result.rename_count, "place")
        answer = pick(
            chance, ONCE if result.rename_count == 1 else DONE, count=count, Count=sentence(count), **fields
        )
        yield tool_scene(question, outcome, answer, "editing", symbol=old, paths=[facts.path])


def _wishes(repo: Repo, facts: FileFacts, known: set[str], chance: Random) -> list[Wish]:
    """One wish of a file: for a name that isn't in strings too, since those would need a second thought. The names of settings are not ours to choose."""
    if facts.path.rpartition("/")[2] in ("setup.py", "conf.py"):
        return []
    text = repo.text(facts.path)
    imported = {item.bound for item in facts.imports}
    items = [
        item
        for item in (*facts.classes, *facts.functions)
        if not item.is_nested and not getattr(item, "is_method", False)
    ]
    names = [
        (item.name, item.line)
        for item in items
        if item.name != "main" and not item.name.startswith(("test", "Test", "__"))
    ]
    names += [(item.name, item.line) for item in facts.variables if not item.name.startswith("__")]
    free = [
        (name, line)
        for name, line in names
        if len(name) > 3
        and name not in imported
        and [n for n, _ in names].count(name) == 1
        and not re.search(rf"[\"']{name}[\"']", text)
    ]
    taken = set(re.findall(r"\w+", text))
    chance.shuffle(free)
    # What the file itself uses comes first: only there is more to rename than a definition.
    free.sort(key=lambda item: len(re.findall(rf"(?<![\w.]){item[0]}(?!\w)", text)) < 2)
    for name, line in free:
        new = other_name(chance, name, taken, may_hide=name not in known)
        if new:
            return [Wish(facts, name, new, line)]
    return []


def _vain(files: list[FileFacts], chance: Random) -> list[Wish]:
    """A method, an imported name, and a new name that is taken."""
    found = []
    for facts in files:
        functions = [f for f in facts.functions if not f.is_method]
        top = {item.name for item in (*facts.classes, *functions, *facts.variables)}
        methods = [f.name for f in facts.functions if f.is_method and f.name[0] != "_" and f.name not in top]
        imported = [
            i.bound for i in facts.imports if i.name and i.at_top and len(i.bound) > 3 and i.bound not in top
        ]
        plain = [f.name for f in functions if not f.is_nested and len(f.name) > 3]
        named = (methods, imported)[len(found)] if len(found) < 2 else []
        wanted = [(old, new) for old in named if (new := other_name(chance, old, top, may_hide=False))]
        if wanted:
            found.append(Wish(facts, *wanted[0], 0))
        elif len(found) == 2 and len(set(plain)) > 1 and plain[0] != plain[1]:
            return [*found, Wish(facts, plain[0], plain[1], 0)]
    return found
