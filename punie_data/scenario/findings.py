"""What the linter and the type checker find: which files are worth asking about, and how a finding is said."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, plural
from punie_data.tools.results import TypeIssue, Violation
from punie_data.tools.toolbox import Toolbox

MOST_FILES = 20
LONGEST_FILE = 450
UNRESOLVED = ("import-not-found", "unresolved-import")
"""ty's codes for a module that isn't there. Third-party packages never are, so they tell nothing of the code."""
IMPORTED = re.compile(r"Cannot resolve imported module `([^`]+)`")


@dataclass(frozen=True, slots=True)
class Checked:
    """Files whose types have been checked in one process, and folders of which every Python file is among them."""

    files: tuple[FileFacts, ...]
    folders: tuple[str, ...]


def checked(repo: Repo, tools: Toolbox) -> Checked:
    """The same choice for every generator, so that one process serves them all. Mostly sources, some tests, none of them long."""
    order = Random(f"checked:{repo.drawn_as}")
    chosen: dict[str, FileFacts] = {}
    folders = []
    small = _small_folders(repo)
    order.shuffle(small)
    for folder, inside in small[:2]:
        folders.append(folder)
        chosen |= {facts.path: facts for facts in inside}
    for group, room in (
        (repo.sources, MOST_FILES * 2 // 3),
        (repo.tests, MOST_FILES),
        (repo.python, MOST_FILES),
    ):
        usable = [f for f in group if 8 <= f.line_count <= LONGEST_FILE and (f.functions or f.classes)]
        order.shuffle(usable)
        for facts in usable:
            if len(chosen) < room:
                chosen.setdefault(facts.path, facts)
    tools.prepare_typecheck(list(chosen))
    return Checked(tuple(chosen.values()), tuple(folders))


def _small_folders(repo: Repo) -> list[tuple[str, list[FileFacts]]]:
    """Folders with two to five Python files below them, 900 lines at most, and nothing in them that has no facts."""
    below: dict[str, list[FileFacts]] = {}
    broken = set()
    for facts in repo.facts.values():
        parts = facts.path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            below.setdefault(folder, []).append(facts)
            if facts.problem:
                broken.add(folder)
    return [
        (folder, inside)
        for folder, inside in sorted(below.items())
        if 2 <= len(inside) <= 5 and sum(f.line_count for f in inside) <= 900 and folder not in broken
    ]


def said(finding: TypeIssue | Violation, file: str = "") -> str:
    """One finding: "line 6: `os` imported but unused (F401)", with its path unless it is in `file`."""
    place = f"line {finding.line}" if finding.file == file else f"`{finding.file}:{finding.line}`"
    code = f"`{finding.code}`" if isinstance(finding, TypeIssue) else finding.code
    return f"{place}: {one_line(finding.message)} ({code})"


def pinned(finding: TypeIssue | Violation, file: str = "") -> str:
    """As `said`, to stand behind a verb or a noun: "on line 6: …", "at `src/a.py:6`: …"."""
    return f"{'on' if finding.file == file else 'at'} {said(finding, file)}"


def listed(findings: Iterable[TypeIssue | Violation], file: str = "") -> str:
    return bullets([said(finding, file) for finding in findings])


def told(path: str, findings: Sequence[TypeIssue | Violation], noun: str) -> str:
    """How many there are in `path`, and which: a sentence for one, a list for more."""
    if len(findings) == 1:
        return f"`{path}` has one {noun}, {pinned(findings[0], path)}."
    return f"`{path}` has {plural(len(findings), noun)}:\n\n{listed(findings, path)}"


def one_line(message: str) -> str:
    return " ".join(message.split()).rstrip(".")


def place(finding: TypeIssue | Violation) -> str:
    """`file:line:column`: what a count of findings counts (see `Scene.counted`)."""
    return f"{finding.file}:{finding.line}:{finding.column}"


def missing_package(issue: TypeIssue, repo: Repo) -> str:
    """The module that can't be resolved because its package is not installed; "" for every other finding, also for a module of the repository's own."""
    found = IMPORTED.match(issue.message) if issue.code in UNRESOLVED else None
    if found is None:
        return ""
    top = found[1].lstrip(".").partition(".")[0]
    folder = issue.file.rpartition("/")[0]
    beside = f"{folder}/{top}.py".lstrip("/")
    is_script = beside != issue.file and beside in repo.facts and f"{folder}/__init__.py" not in repo.facts
    tops = {facts.module.partition(".")[0] for facts in repo.python}
    own = top in tops or top == "conftest" or is_script
    return "" if own else found[1]


def faulty(tools: Toolbox, paths: Iterable[str], most: int = 8, alike: int = 3) -> list[str]:
    """Those of the paths with one to `most` lint violations; no more than `alike` that break the very same rules, and those last that are not the first to do so.

    One missing copyright notice in every file would else be all there is.
    """
    found = []
    seen: Counter[tuple[str, ...]] = Counter()
    for path in paths:
        violations = tools.call("ruff_check", path=path).value.violations
        codes = tuple(sorted({violation.code for violation in violations}))
        if 0 < len(violations) <= most and seen[codes] < alike:
            found.append((seen[codes], path))
            seen[codes] += 1
    return [path for _, path in sorted(found, key=lambda pair: pair[0])]
