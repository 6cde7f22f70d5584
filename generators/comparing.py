"""The same tool over two things: which of them has more?

user       I have time to clean up one file. Is src/tiny_shop/reports.py or src/tiny_shop/money.py worse off with ruff?
assistant  ruff_check(path="src/tiny_shop/reports.py")
tool       {"success":false,"violation_count":4,"fixable_count":3,"violations":[{"file":"src/tiny_shop/reports.py","line":3,"column":1,"code":"I001","message":"Import block is un-sorted or un-formatted","fixable":true},{"file":"src/tiny_shop…
assistant  ruff_check(path="src/tiny_shop/money.py")
tool       {"success":true,"violation_count":0,"fixable_count":0,"violations":[],"parse_error":null}
assistant  `src/tiny_shop/reports.py`: four violations against none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.findings import checked, faulty, missing_package
from punie_data.scenario.phrase import number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import Symbol, at, called, classes, files, functions, in_turns, symbols
from punie_data.scenario.targets import spot
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox

One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class Compared:
    """`field` is what counts; `{a}` and `{b}` in a question are the two things as the user names them."""

    field: str
    noun: tuple[str, str]
    questions: Sequence[str]
    reversed: Sequence[str] = ()
    """Questions for the one that has less."""


VIOLATIONS = Compared(
    "violation_count",
    ("violation", "violations"),
    (
        "Which has more lint violations, {a} or {b}?",
        "Compare {a} and {b}: where does ruff complain more?",
        "I have time to clean up one file. Is {a} or {b} worse off with ruff?",
        "Lint {a} and {b} and tell me which is the dirtier one.",
    ),
)
ERRORS = Compared(
    "error_count",
    ("type error", "type errors"),
    (
        "Which has more type errors, {a} or {b}?",
        "Type-check {a} and {b}. Which one is in worse shape?",
        "Does {a} or {b} have more type errors?",
    ),
)
SYMBOLS = Compared(
    "symbol_count",
    ("symbol", "symbols"),
    (
        "Which module defines more symbols, {a} or {b}?",
        "Compare the number of symbols in {a} and {b}.",
        "Which of the two is the bigger module by symbols: {a} or {b}?",
    ),
)
REFERENCES = Compared(
    "reference_count",
    ("reference", "references"),
    (
        "Which is used more, {a} or {b}?",
        "Compare how often {a} and {b} are referenced.",
        "Which has more references: {a} or {b}?",
    ),
    (
        "Of {a} and {b}, which one could I change with less fallout, going by the number of references?",
        "Which is referenced less, {a} or {b}?",
    ),
)
CALLERS = Compared(
    "call_count",
    ("caller", "callers"),
    (
        "Which has more callers, {a} or {b}?",
        "Compare the callers of {a} and {b}: which has more?",
        "Do more functions call {a} or {b}?",
    ),
)
SUBCLASSES = Compared(
    "type_count",
    ("direct subclass", "direct subclasses"),
    (
        "Which class has more direct subclasses, {a} or {b}?",
        "Do more classes derive straight from {a} or from {b}?",
    ),
)
MATCHES = Compared(
    "match_count",
    ("line", "lines"),
    (
        "Which word appears on more lines of this project, {a} or {b}?",
        "Search for {a} and for {b}: which comes up on more lines?",
        "Is {a} or {b} mentioned more often here? Count the lines with the whole word.",
    ),
)
FILES = Compared(
    "file_count",
    ("Python file", "Python files"),
    (
        "Which folder holds more Python files, {a} or {b}?",
        "Are there more .py files under {a} or under {b}?",
    ),
)
CHANGED = Compared(
    "file_count",
    ("changed file", "changed files"),
    (
        "Where do I have more uncommitted files, in {a} or in {b}?",
        "Compare git's status for {a} and {b}: which has more changed files?",
    ),
)
ADDED = Compared(
    "additions",
    ("added line", "added lines"),
    (
        "Did I add more lines to {a} or to {b}, going by the {kind} diff?",
        "Which of my {kind} changes adds more, the one to {a} or the one to {b}?",
    ),
)
MORE = (
    "{more}: {n_more} against {less_n}.",
    "{more}, with {n_more} against {less_n} for {less}.",
    "{more}: {n_more}, while {less} has {less_n}.",
)
SIDE_BY_SIDE = ("{n_more} for {more}, {less_n} for {less}.", "{more} has {n_more}, {less} has {less_n}.")
LESS = ("{less}: {n_less} against {more_n}.", "{less}, with {n_less} against {more_n} for {more}.")
EQUAL = ("Neither: both have {n}.", "They are even, with {n} each.", "It's a tie: {n} each.")
EVEN = ("{a} and {b} are even, with {n} each.", "No difference: both have {n}.")
IN_WORDS = 12
FRESHER = (
    "Which was committed to more recently, {a} or {b}?",
    "Is the latest commit to {a} newer than that to {b}?",
    "Compare the dates of the last commits to {a} and {b}. Which is the more recent one?",
)


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Pairs that differ, and now and then a tie."""
    read = [facts.path for facts in files(repo, chance)]
    dirty = faulty(tools, read[:80], most=14, alike=6)
    clean = [path for path in read[:40] if not tools.call("ruff_check", path=path).value.violations]
    typed = [facts.path for facts in checked(repo, tools).files]
    chance.shuffle(typed)
    wrong = [path for path in typed if has_errors(repo, tools, path)]
    parents = ((path, item) for path, item in classes(repo, chance) if item.name in repo.subclasses)
    tops = sorted({path.rpartition("/")[0] for path in repo.facts if "/" in path})
    chance.shuffle(tops)
    streams = [
        by_path(tools, chance, VIOLATIONS, "ruff_check", [*dirty, *clean[:1]]),
        by_symbol(tools, chance, REFERENCES, "find_references", symbols(repo, chance)),
        by_path(tools, chance, ERRORS, "typecheck", [*wrong, *[p for p in typed if p not in wrong][:1]]),
        by_path(tools, chance, SYMBOLS, "document_symbols", read),
        by_word(repo, tools, chance),
        by_symbol(tools, chance, CALLERS, "call_hierarchy", functions(repo, chance)),
        by_symbol(tools, chance, SUBCLASSES, "type_hierarchy", parents),
        by_path(tools, chance, FILES, "list_files", tops, pattern="*.py"),
        *(git(repo, tools, chance, read) if repo.has_git else ()),
    ]
    chance.shuffle(streams)
    yield from in_turns(*streams)


def has_errors(repo: Repo, tools: Toolbox, path: str) -> bool:
    issues = tools.call("typecheck", path=path).value.errors
    return any(i.severity == "error" for i in issues) and not any(missing_package(i, repo) for i in issues)


def pairs(items: Iterable[One]) -> Iterator[tuple[One, One]]:
    """First with second, third with fourth."""
    iterator = iter(items)
    return zip(iterator, iterator, strict=False)


def scene(
    chance: Random,
    compared: Compared,
    found: Sequence[Outcome],
    names: Sequence[str],
    bare: Sequence[str],
    **more: str,
) -> Scene | None:
    """None for a pair that is too long to show, or of which there is nothing to say on either side."""
    counts = [getattr(outcome.value, compared.field) for outcome in found]
    if sum(len(outcome.content) for outcome in found) > 7000 or counts == [0, 0]:
        return None
    questions = chance.choice([q for q in (compared.questions, compared.questions, compared.reversed) if q])
    template = chance.choice(questions)
    is_open = template.startswith("Compare") and "?" not in template and ":" not in template
    if counts[0] == counts[1]:
        answer = pick(
            chance, EVEN if is_open else EQUAL, n=plural(counts[0], *compared.noun), a=bare[0], b=bare[1]
        )
    else:
        high, low = (0, 1) if counts[0] > counts[1] else (1, 0)
        more_n, less_n = alike(counts[high], counts[low])
        answers = SIDE_BY_SIDE if is_open else MORE if questions is compared.questions else LESS
        answer = pick(
            chance, answers, more=bare[high], less=bare[low], more_n=more_n, less_n=less_n if counts[low] else "none",
            n_more=f"{more_n} {compared.noun[counts[high] != 1]}", n_less=f"{less_n} {compared.noun[counts[low] != 1]}",
        )  # fmt: skip
    program = (
        f"first = {called(found[0])}\nsecond = {called(found[1])}\n"
        f"print(first.{compared.field}, second.{compared.field})"
    )
    question = template.format(a=names[0], b=names[1], **more)
    return tool_scene(question, found, sentence(answer), "field_access", program=program)


def alike(*counts: int) -> list[str]:
    """All in words, or, where one of them takes digits, all in digits: nobody says "27 against five"."""
    return [number(count) if max(counts) <= IN_WORDS else str(count) for count in counts]


def by_path(
    tools: Toolbox,
    chance: Random,
    compared: Compared,
    tool: str,
    paths: Sequence[str],
    kind: str = "",
    **given: object,
) -> Iterator[Scene]:
    name = "file_path" if tool == "document_symbols" else "path"
    for pair in pairs(paths):
        if f"{pair[0]}/".startswith(f"{pair[1]}/") or f"{pair[1]}/".startswith(f"{pair[0]}/"):
            continue
        found = [tools.call(tool, **{name: path}, **given) for path in pair]
        made = scene(chance, compared, found, pair, [f"`{path}`" for path in pair], kind=kind)
        if made is not None:
            yield made.changed(paths=pair)


def by_symbol(
    tools: Toolbox, chance: Random, compared: Compared, tool: str, items: Iterator[Symbol]
) -> Iterator[Scene]:
    for pair in pairs(items):
        found = [tools.call(tool, **at(path, item)) for path, item in pair]
        names = [f"`{item.name}` ({spot(chance, path, item.line, item.column)})" for path, item in pair]
        made = scene(chance, compared, found, names, [f"`{item.name}`" for _, item in pair])
        if made is not None:
            yield made.changed(paths=tuple(path for path, _ in pair), symbol=pair[0][1].name)


def by_word(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    for pair in pairs(symbols(repo, chance)):
        words = [item.name for _, item in pair]
        found = [tools.call("search_text", pattern=rf"\b{word}\b") for word in words]
        ticked = [f"`{word}`" for word in words]
        made = scene(chance, MATCHES, found, ticked, ticked)
        if made is not None:
            yield made.changed(symbol=words[0])


def git(repo: Repo, tools: Toolbox, chance: Random, paths: Sequence[str]) -> Iterator[Iterator[Scene]]:
    changed = tools.call("git_status").value.files
    folders = list(dict.fromkeys(file.file.split("/")[0] for file in changed if "/" in file.file))
    yield by_path(tools, chance, CHANGED, "git_status", folders)
    for staged in (False, True):
        given: dict[str, object] = {"staged": True} if staged else {}
        diff = tools.call("git_diff", **given).value.files
        small = [file.file for file in diff if file.additions + file.deletions < 60]
        yield by_path(
            tools, chance, ADDED, "git_diff", small, kind="staged" if staged else "unstaged", **given
        )
    yield fresher(tools, chance, paths)


def fresher(tools: Toolbox, chance: Random, paths: Sequence[str]) -> Iterator[Scene]:
    """Two files whose latest commits are of different days; ISO dates compare as text."""
    for pair in pairs(paths[:16]):
        found = [tools.call("git_log", path=path, count=1) for path in pair]
        if not all(outcome.value.commits for outcome in found):
            continue
        dates = [outcome.value.commits[0].date for outcome in found]
        template = chance.choice(FRESHER)
        if dates[0] == dates[1]:
            continue
        new, old = (0, 1) if dates[0] > dates[1] else (1, 0)
        answer = f"`{pair[new]}`: {dates[new]}, against {dates[old]} for `{pair[old]}`."
        if template.startswith("Is "):
            answer = f"{'Yes' if new == 0 else 'No'}: {dates[0]} against {dates[1]}."
        program = f"first = {called(found[0])}\nsecond = {called(found[1])}\nprint(first.commits[0].date, second.commits[0].date)"
        yield tool_scene(
            template.format(a=pair[0], b=pair[1]), found, answer, "field_access", paths=pair, program=program
        )
