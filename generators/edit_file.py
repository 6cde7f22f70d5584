r"""Make this small change.

user       .gitignore should list `.idea/` too.
assistant  read_file(path=".gitignore")
tool       __pycache__/
           *.pyc
           .venv/
           dist/

assistant  write_file(path=".gitignore", content="__pycache__/\n*.pyc\n.venv/\ndist/\n.idea/\n")
tool       Wrote 39 characters to .gitignore
assistant  `.idea/` is the last line of .gitignore now.
"""

import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import pick
from punie_data.scenario.places import ticked
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import mixed
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox


class Edit(NamedTuple):
    """What is asked for, the file's text afterwards, what to say, and the line that shows it (0 where none is to be shown)."""

    path: str
    question: str
    content: str
    answer: str
    line: int


CONSTANT = (
    "Set `{name}` in {path} to `{new}`.",
    "`{name}` in {path} should be `{new}` from now on. Please change it.",
    "Change the value of `{name}` ({path}) to `{new}`.",
    "In {path}: {name} -> {new}",
    "We decided on `{new}` for `{name}`. Could you update {path}?",
)
CONSTANT_DONE = (
    "`{name}` in {path} is now `{new}`; it was `{old}`.",
    "Changed from `{old}` to `{new}`, nothing else in {path}.",
    "Done: {path} sets `{name}` to `{new}` instead of `{old}`.",
)
DEFAULT = (
    "Make `{new}` the default of `{parameter}` in `{name}` ({path}).",
    "`{parameter}` of `{name}` in {path} should default to `{new}`.",
    "In {path}, give the parameter `{parameter}` of `{name}` the default `{new}`, please.",
    "Bump the default for `{parameter}` to `{new}`; it's in the signature of `{name}`, {path}.",
)
DEFAULT_DONE = (
    "`{parameter}` now defaults to `{new}`; before it was `{old}`.",
    "The default of `{parameter}` in `{name}` went from `{old}` to `{new}`.",
    "Done, `{name}` uses `{new}` when `{parameter}` is left out. It used to be `{old}`.",
)
FROZEN = (
    "Make the dataclass `{name}` in {path} immutable: frozen=True, please.",
    "`{name}` ({path}) should be a frozen dataclass. Pass frozen=True to its decorator.",
    "Add frozen=True to the dataclass `{name}`, it's in {path}.",
)
FROZEN_DONE = (
    "`{name}` is frozen now: its decorator has `frozen=True`.",
    "Done, I added `frozen=True` to the decorator of `{name}` in {path}.",
    "The decorator above `{name}` has `frozen=True` now. Assignments to its fields will raise from here on.",
)
MESSAGE = (
    'Let the error message "{text}" in {path} end with a full stop.',
    'Style: "{text}" ({path}) is missing its full stop. Add it, please.',
    'The exception text "{text}" in {path} should be a whole sentence. Put a full stop behind it.',
)
MESSAGE_DONE = (
    "The message in {path} ends with a full stop now.",
    "Done, there's a full stop behind that text; {path} is otherwise as it was.",
    "I added the full stop, and changed nothing else in {path}.",
)
DOCUMENT = (
    'Give `{name}` in {path} the docstring "{text}"',
    '`{name}` in {path} has no docstring. Add this one: "{text}"',
    'Document `{name}` ({path}) with one line: "{text}"',
)
DOCUMENT_DONE = (
    '`{name}` has the docstring "{text}" now.',
    'Done: the docstring of `{name}` in {path} reads "{text}"',
    "I put that line under the signature of `{name}`. Nothing else in {path} changed.",
)
EXPORT = (
    "Add `{name}` to `__all__` in {path}.",
    "`{name}` is missing from `__all__` of {path}, please put it in.",
    "Export `{name}` from {path}: it has to be in `__all__`.",
)
EXPORT_DONE = (
    "`{name}` is in `__all__` of {path} now.",
    "Done: `__all__` in {path} ends with `{name}`.",
    "I put `{name}` at the end of `__all__`; the other names are as they were.",
)
NOTE = (
    'The TODO in {path} about "{about}" is settled. Delete the comment, please.',
    'Remove the {tag} comment that begins "{about}" from {path}.',
    '{path} still has the {tag} "{about} …", which is done. Take it out.',
)
NOTE_DONE = (
    "The {tag} is gone from {path}; everything else stays as it was.",
    "Removed. {path} has one comment less and is otherwise unchanged.",
    "I deleted that {tag} line from {path}.",
)
IGNORE = (
    "Add `{new}` to {path}.",
    "Put a line `{new}` at the end of {path}, please.",
    "{path} should list `{new}` too.",
)
IGNORE_DONE = (
    "`{new}` is the last line of {path} now.",
    "Done, {path} ends with `{new}`.",
    "Added `{new}` at the end of {path}.",
)
RETURNS = (
    "`{name}` in {path} returns nothing. Annotate it with `-> None`.",
    "Add the return annotation `-> None` to `{name}` in {path}.",
    "Type hints: {path} lacks `-> None` on `{name}`. Please add it.",
)
RETURNS_DONE = (
    "`{name}` is annotated with `-> None` now.",
    "Done: `{name}` in {path} has `-> None`.",
    "The signature of `{name}` ends in `-> None` now; nothing else changed.",
)
CONFIRMED = ("It's on line {line}: `{text}`.", "Line {line} reads `{text}`.", "See line {line}: `{text}`.")
_NO_ARTICLE = "all any each every some no a an the my from for to by with in as is or and"
DETERMINED = frozenset(_NO_ARTICLE.split())
"""After these a name's words take no article: `get_all_events` is "Get all events."."""
VERBS = (
    "get",
    "make",
    "create",
    "load",
    "parse",
    "build",
    "find",
    "read",
    "write",
    "open",
    "close",
    "format",
    "check",
    "update",
    "remove",
)
MOST_LINES, MOST_CHARACTERS, MOST, MOST_OF_A_KIND = 110, 3_600, 15, 3
LISTS = {
    ".gitignore": ("*.log", ".idea/", ".coverage", "scratch/", "*.sqlite3"),
    "MANIFEST.in": ("include CHANGELOG.md", "recursive-include docs *.md"),
    "requirements.txt": ("typing-extensions", "rich"),
}
SPECIAL = re.compile(r"([.^$*+?()\[\]{}|\\])")


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Read, write, and in half of the cases look again: short files, since the row holds them twice."""
    short = [
        f
        for f in mixed(repo, chance)
        if 2 < f.line_count <= MOST_LINES and len(repo.text(f.path)) < MOST_CHARACTERS
    ]
    edits = _listed(repo, chance)
    made: dict[str, int] = {}
    for facts in short[:60]:
        edits += _edits(repo, facts, made, chance)
    chance.shuffle(edits)
    for number, edit in enumerate(edits[:MOST]):
        outcomes: list[Outcome] = []
        answer = edit.answer
        with tools.scratch() as box:
            outcomes.append(box.call("read_file", path=edit.path))
            outcomes.append(box.call("write_file", path=edit.path, content=edit.content))
            text = edit.content.split("\n")[edit.line - 1].strip() if edit.line else ""
            if number % 2 and ticked(text):
                seen = box.call("search_text", pattern=SPECIAL.sub(r"\\\1", text), path=edit.path)
                if [match.line for match in seen.value.matches] == [edit.line]:
                    outcomes.append(seen)
                    answer = f"{answer} {pick(chance, CONFIRMED, line=edit.line, text=text)}"
        yield tool_scene(edit.question, outcomes, answer, "editing", paths=[edit.path])


def _edits(repo: Repo, facts: FileFacts, made: dict[str, int], chance: Random) -> list[Edit]:
    """One edit of a file, of a kind that it offers and that wasn't made too often."""
    text = repo.text(facts.path)
    if "\r" in text or "�" in text:
        return []
    lines = text.split("\n")
    kinds = [_constant, _default, _frozen, _export, _note, _returns, _message, _document]
    chance.shuffle(kinds)
    for kind in kinds:
        if made.get(kind.__name__, 0) < MOST_OF_A_KIND:
            for (questions, answers), line, content, fields in kind(facts, lines):
                if content is None or content == text:
                    continue
                made[kind.__name__] = made.get(kind.__name__, 0) + 1
                given = fields | {"path": facts.path}
                return [
                    Edit(
                        facts.path,
                        pick(chance, questions, **given),
                        content,
                        pick(chance, answers, **given),
                        line,
                    )
                ]
    return []


Made = Iterator[tuple[tuple[Sequence[str], Sequence[str]], int, str | None, dict[str, str]]]
"""Templates, the line that shows the change, the new text (None where it can't be made), what the templates need besides the path."""


def _changed(lines: list[str], number: int, old: str, new: str) -> str | None:
    """The text with `old` on line `number` replaced; None unless it stands there once."""
    line = lines[number - 1]
    if line.count(old) != 1:
        return None
    return "\n".join([*lines[: number - 1], line.replace(old, new), *lines[number:]])


def _other(value: str) -> str:
    """Another value of the same kind, "" for what isn't a plain one."""
    if re.fullmatch(r"[1-9]\d{0,4}", value):
        return str(int(value) * 2)
    if re.fullmatch(r"\d+\.\d+", value):
        return str(round(float(value) * 4, 4) or 0.5)
    if match := re.fullmatch(r"([\"'])(\d+)\.(\d+)\.(\d+)\1", value):
        return f"{match[1]}{match[2]}.{int(match[3]) + 1}.0{match[1]}"
    return {"True": "False", "False": "True", '"utf-8"': '"utf-8-sig"', '"r"': '"rb"', "0": "1"}.get(
        value, ""
    )


def _constant(facts: FileFacts, lines: list[str]) -> Made:
    for item in facts.variables:
        new = _other(item.value)
        if new and lines[item.line - 1].rstrip().endswith(f"= {item.value}"):
            content = _changed(lines, item.line, f"= {item.value}", f"= {new}")
            yield (
                (CONSTANT, CONSTANT_DONE),
                item.line,
                content,
                {"name": item.name, "old": item.value, "new": new},
            )


def _default(facts: FileFacts, lines: list[str]) -> Made:
    names = [function.qualname for function in facts.functions]
    for function in facts.functions:
        for parameter in function.parameters if names.count(function.qualname) == 1 else ():
            new = _other(parameter.default)
            if not new or function.name.startswith("test") or "Literal" in parameter.annotation:
                continue
            head = (
                f"{parameter.name}: {parameter.annotation} = "
                if parameter.annotation
                else f"{parameter.name}="
            )
            name = function.class_name if function.name == "__init__" else function.name
            fields = {"name": name, "parameter": parameter.name, "old": parameter.default, "new": new}
            for number in range(function.line, min(function.line + 12, function.end_line)):
                content = _changed(lines, number, f"{head}{parameter.default}", f"{head}{new}")
                questions = DEFAULT if new[0].isdigit() else DEFAULT[:-1]
                yield (questions, DEFAULT_DONE), number, content, fields


def _frozen(facts: FileFacts, lines: list[str]) -> Made:
    for item in facts.classes:
        bare = lines[item.line - 2].strip() if item.line > 1 else ""
        if item.is_dataclass and bare in ("@dataclass", "@dataclasses.dataclass"):
            content = _changed(lines, item.line - 1, bare, f"{bare}(frozen=True)")
            yield (FROZEN, FROZEN_DONE), item.line - 1, content, {"name": item.name}


def _export(facts: FileFacts, lines: list[str]) -> Made:
    own = [
        item.name
        for item in (*facts.classes, *facts.functions)
        if not item.is_nested and item.qualname == item.name
    ]
    if facts.path.endswith("__init__.py"):
        own += [item.name for item in facts.imports if item.level and item.at_top]
    for number, line in enumerate(lines, 1):
        match = re.fullmatch(r"(__all__ = \[.*([\"']))\](.*)", line)
        for name in own if match else ():
            if match and name[0] not in "_*" and f"{match[2]}{name}{match[2]}" not in line:
                content = _changed(lines, number, f"{match[1]}]", f"{match[1]}, {match[2]}{name}{match[2]}]")
                yield (EXPORT, EXPORT_DONE), number, content, {"name": name}


def _note(facts: FileFacts, lines: list[str]) -> Made:
    for todo in facts.todos:
        own, following = (
            lines[todo.line - 1].strip(),
            lines[todo.line].strip() if todo.line < len(lines) else "",
        )
        about = " ".join(todo.text.split()[:5]).rstrip(".,:")
        if own.startswith("#") and not following.startswith("#") and about and not set('"`…') & set(about):
            content = "\n".join([*lines[: todo.line - 1], *lines[todo.line :]])
            questions = NOTE if todo.tag == "TODO" else NOTE[1:]
            yield (questions, NOTE_DONE), 0, content, {"about": about, "tag": todo.tag}


def _returns(facts: FileFacts, lines: list[str]) -> Made:
    for function in facts.functions:
        signature = lines[function.line - 1].rstrip()
        body = "\n".join(lines[function.line : function.end_line])
        if (
            function.returns
            or function.is_fixture
            or function.name.startswith(("__", "test"))
            or not signature.endswith("):")
        ):
            continue
        if not re.search(r"\breturn[ (]|\b(yield|lambda|raise|def)\b|^\s*(\.\.\.|pass)$", body, re.MULTILINE):
            content = _changed(lines, function.line, signature, f"{signature[:-1]} -> None:")
            yield (RETURNS, RETURNS_DONE), function.line, content, {"name": function.name}


def _message(facts: FileFacts, lines: list[str]) -> Made:
    for item in facts.raises:
        match = re.search(r"\(([\"'])([A-Z][^\"'{}%\\`]{14,70}[a-z])\1\)", lines[item.line - 1])
        if match:
            content = _changed(lines, item.line, match[0], f"({match[1]}{match[2]}.{match[1]})")
            yield (MESSAGE, MESSAGE_DONE), item.line, content, {"text": match[2]}


def _document(facts: FileFacts, lines: list[str]) -> Made:
    for function in facts.functions:
        words = function.name.split("_")
        signature, body = lines[function.line - 1], lines[function.line] if function.line < len(lines) else ""
        if (
            function.docstring
            or words[0] not in VERBS
            or len(words) < 2
            or not signature.endswith(":")
            or not body.strip()
        ):
            continue
        what = " ".join(words[1:])
        text = f"{words[0].capitalize()} {what if words[1] in DETERMINED else f'the {what}'}."
        line = f'{body[: len(body) - len(body.lstrip())]}"""{text}"""'
        content = "\n".join([*lines[: function.line], line, *lines[function.line :]])
        yield (DOCUMENT, DOCUMENT_DONE), function.line + 1, content, {"name": function.name, "text": text}


def _listed(repo: Repo, chance: Random) -> list[Edit]:
    """A line more for a short list of lines."""
    found = []
    for path, additions in LISTS.items():
        text = repo.text(path) if path in repo.paths else ""
        new = [line for line in additions if line not in text]
        if new and text.endswith("\n") and "\r" not in text and len(text) < MOST_CHARACTERS:
            fields = {"path": path, "new": chance.choice(new)}
            content = f"{text}{fields['new']}\n"
            found.append(
                Edit(path, pick(chance, IGNORE, **fields), content, pick(chance, IGNORE_DONE, **fields), 0)
            )
    return found
