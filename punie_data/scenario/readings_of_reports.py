"""Readings of reports: what git, the linter and the type checker say; and the door to all readings."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from punie_data.scenario.phrase import listing, number, plural, sentence
from punie_data.scenario.readings import FEW, Reader, Reading, one_of, reading, spread, ticks
from punie_data.scenario.readings_of_places import PLACES
from punie_data.tools import results
from punie_data.tools.base import Outcome


def readings(outcome: Outcome, chance: Random) -> list[Reading]:
    """Every reading of this result, in random order; none of a result that failed or was cut."""
    read = READERS.get(type(outcome.value))
    if not outcome.ok or outcome.truncated or read is None:
        return []
    found = list(read(outcome.value, chance))
    chance.shuffle(found)
    return found


def _none_or(count: int) -> str:
    return number(count) if count else "none"


def _status(value: results.GitStatusResult, chance: Random) -> Iterator[Reading]:
    if len(value.files) not in FEW:
        return
    staged = list(dict.fromkeys(file.file for file in value.files if file.staged))
    files = [file.file for file in value.files]
    asked = ("Is any of that staged?", "Which of these would go into the next commit?", "What of that is staged already?")  # fmt: skip
    if not staged:
        told = {
            "Is any": ("No, nothing of it is staged.", "No, none of it is staged yet."),
            "": ("Nothing: none of it is staged.", "None of it: nothing is staged yet."),
        }
        yield reading(chance, asked, told, "staged", items=files)
    elif len(staged) < min(8, len(value.files)):
        told = {
            "Is any": ("Yes: {names}.", "Yes, {names}; the rest isn't staged."),
            "": ("{names}; the rest isn't staged.", "Only {names}.", "{names}."),
        }
        yield reading(chance, asked, told, "staged", items=files, names=ticks(staged))
    new = [file.file for file in value.files if file.status == "untracked"]
    if 0 < len(new) < 6:
        asked = ("Which of them does git not know yet?", "Anything untracked among them?", "Which ones are untracked?")  # fmt: skip
        told = {"Anything": ("Yes: {names}.", "Yes, {names}."), "": ("Untracked: {names}.", "{names}.")}
        yield reading(chance, asked, told, "untracked", items=files, names=ticks(new))


def _diff(value: results.GitDiffResult, chance: Random) -> Iterator[Reading]:
    changed = sorted(value.files, key=lambda file: -(file.additions + file.deletions))
    size = [file.additions + file.deletions for file in changed[:2]]
    if len(changed) in FEW and size[0] > size[1]:
        top = changed[0]
        asked = ("Which file changed the most?", "Where is the bulk of the change?", "And which of them has the most changed lines?")  # fmt: skip
        told = (
            f"`{{file}}`: {plural(top.additions, 'line')} added and {_none_or(top.deletions)} removed.",
            f"`{{file}}`, with {plural(top.additions, 'line')} added and {_none_or(top.deletions)} removed.",
        )
        yield reading(chance, asked, told, items=[file.file for file in changed], file=top.file)
    if value.deletions:
        asked = ("How many lines were removed in all?", "And how many lines went out in all?", "And what about deletions?")  # fmt: skip
        count = sentence(plural(value.deletions, "line"))
        news = (f"{value.deletions} ", f"{number(value.deletions)} ", f"−{value.deletions}")
        yield reading(chance, asked, (f"{count} in all.", f"{count}.", f"{count} altogether."), *news)


def _log(value: results.GitLogResult, chance: Random) -> Iterator[Reading]:
    if len(value.commits) not in FEW:
        return
    latest = value.commits[0]
    asked = ("Who made the latest one?", "And who is the author of the newest?", "Who committed the latest of these?")  # fmt: skip
    told = ("{author}.", "{author} did.", "It's by {author}.")
    yield reading(chance, asked, told, latest.author, author=latest.author)
    asked = ("When was the latest of these?", "And the date of the newest commit?", "From when is the most recent one?")  # fmt: skip
    yield reading(
        chance, asked, ("On {date}.", "It's from {date}.", "{date}."), latest.date, date=latest.date
    )
    commit = one_of(value.commits, chance)
    if sum(o.message == commit.message for o in value.commits) == 1 and not set('"{}') & set(commit.message):
        asked = ('What\'s the hash of "{message}"?', 'Give me the hash of the commit "{message}".', 'Which hash does "{message}" have?')  # fmt: skip
        told = ("`{hash}`.", "It's `{hash}`.", "That commit is `{hash}`.")
        yield reading(chance, asked, told, commit.hash, message=commit.message, hash=commit.hash)


def _issues(value: results.TypeCheckResult, chance: Random) -> Iterator[Reading]:
    yield from _findings(value.errors, chance, "finding")
    if len(value.errors) in FEW and value.error_count and value.warning_count:
        warnings = plural(value.warning_count, "is a warning", "are warnings")
        errors = plural(value.error_count, "is an error", "are errors")
        asked = ("How many of these are only warnings?", "Are all of them errors?", "And how many are warnings?")  # fmt: skip
        told = {
            "Are all": (f"No, {warnings}.", f"No: {errors}, {warnings}."),
            "": (f"{sentence(warnings)}, {errors}.", f"{sentence(warnings)}."),
        }
        yield reading(chance, asked, told, "warning", items=[str(issue.line) for issue in value.errors])


def _violations(value: results.RuffResult, chance: Random) -> Iterator[Reading]:
    yield from _findings(value.violations, chance, "violation")
    fixable = [violation for violation in value.violations if violation.fixable]
    spots = [f"{one.file}:{one.line}:{one.column}" for one in fixable]
    if len(value.violations) not in FEW or len(set(spots)) != len(fixable) or len(fixable) > 6:
        return
    asked = ("Which of these could ruff fix by itself?", "Can any of that be fixed automatically?", "How many of them are fixable?")  # fmt: skip
    if not fixable:
        told = {
            "Can any": ("No, all of it has to be fixed by hand.", "No, ruff marks none of it as fixable."),
            "": ("None of them: they have to be fixed by hand.", "None of these is fixable automatically."),
        }
        yield reading(chance, asked, told, "fix", items=[str(one.line) for one in value.violations])
    else:
        names = listing([f"`{spot}` ({one.code})" for spot, one in zip(spots, fixable, strict=True)])
        count = number(len(fixable))
        told = {
            "Can any": (f"Yes, {count} of them: {names}.", f"Yes: {names}."),
            "How many": (f"{sentence(count)}: {names}.", f"{sentence(count)} of them: {names}."),
            "": (f"{sentence(count)} of them: {names}.", f"{names}."),
        }
        yield reading(
            chance,
            asked,
            told,
            "fix",
            "by itself",
            counted=spots,
            items=[str(one.line) for one in value.violations],
        )


def _findings(items: Sequence[Any], chance: Random, noun: str) -> Iterator[Reading]:
    if len(items) not in FEW:
        return
    signs = [str(item.line) for item in items]
    yield from spread([item.file for item in items], signs, chance, "are they")
    codes = Counter(item.code for item in items).most_common(2)
    code, count = codes[0]
    spots = [f"{item.file}:{item.line}:{item.column}" for item in items if item.code == code]
    if len(codes) == 2 and count > codes[1][1] and len(set(spots)) == count:
        asked = ("Which rule is behind most of them?", "Which rule comes up most often?", "Is there a rule that stands out?")  # fmt: skip
        told = {
            "Is there": ("Yes, `{code}`: {count} of them.", "Yes: {count} of them are `{code}`."),
            "": ("`{code}`, {count} times.", "`{code}`: {count} of them."),
        }
        yield reading(chance, asked, told, counted=spots, items=signs, code=code, count=number(count))
    last = items[-1]
    asked = (f"In which column is the last {noun}?", f"I need the column of the last {noun}, too.", f"Which column does the last {noun} point at?")  # fmt: skip
    told = ("Column {column}.", "In column {column} of line {line}.", "It's in column {column}.")
    news = (f":{last.column}`", f"column {last.column}")
    named = [str(last.line)]
    yield reading(chance, asked, told, *news, named=named, column=last.column, line=last.line)


READERS: dict[type, Reader] = {
    **PLACES,
    results.GitStatusResult: _status,
    results.GitDiffResult: _diff,
    results.GitLogResult: _log,
    results.TypeCheckResult: _issues,
    results.RuffResult: _violations,
}
