"""Is this file or folder lint-free?

user       I want to commit src/tiny_shop/reports.py. Any lint problems left in it?
assistant  ruff_check(path="src/tiny_shop/reports.py")
tool       {"success":false,"violation_count":4,"fixable_count":3,"violations":[{"file":"src/tiny_shop/reports.py","line":3,"column":1,"code":"I001","message":"I…
assistant  Yes, there are four violations in `src/tiny_shop/reports.py`:

           - line 3: Import block is un-sorted or un-formatted (I001)
           - line 6: `os` imported but unused (F401)
           - line 35: Comparison to `None` should be `cond is None` (E711)
           - line 36: f-string without any placeholders (F541)

           Three of them can be fixed automatically.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.findings import listed, one_line, pinned, place
from punie_data.scenario.phrase import listing, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import in_turns
from punie_data.scenario.telling import opened
from punie_data.tools.results import Violation
from punie_data.tools.toolbox import Toolbox

QUESTIONS = (
    ("Is {path} lint-free?", "clean"),
    ("Run ruff over {path}.", ""),
    ("Does ruff complain about anything in {path}?", "found"),
    ("I want to commit {path}. Any lint problems left in it?", "found"),
    ("lint {path}", ""),
    ("Our pre-commit hook runs ruff. Would {path} pass it?", "clean"),
    ("Please lint {path} and list what you find.", ""),
    ("What would ruff say about {path}?", ""),
    ("Check {path} for style and correctness problems with the linter.", ""),
    ("Are there any open ruff findings in {path}?", "found"),
    ("Run `ruff_check` on {path}.", ""),
    ("`ruff_check` {path} for me and tell me what to fix, if anything.", ""),
    ("The ticket is about {path}. Does ruff like it?", "clean"),
    ("The reviewer complained about the style of {path}. Does the linter find anything there?", "found"),
)
CLEAN = (
    "ruff has no complaints about `{path}`.",
    "`{path}` is clean: ruff finds no violation.",
    "there are no violations in `{path}`.",
    "`{path}` passes ruff under the project's configuration.",
)
ONE = (
    "there is one violation in `{path}`, {item}.{fix}",
    "ruff finds just one thing in `{path}`, {item}.{fix}",
    "`{path}` has one violation, {item}.{fix}",
)
FEW = (
    "`{path}` has {count}:\n\n{items}{fix}",
    "ruff reports {count} in `{path}`:\n\n{items}{fix}",
    "there are {count} in `{path}`:\n\n{items}{fix}",
)
MANY = (
    "`{path}` has {count}. By rule: {kinds}.{fix}",
    "ruff reports {count} in `{path}`: {kinds}.{fix}",
)
SAME = (
    "`{path}` breaks a single rule, {code} ({message}), {times}: on lines {lines}.{fix}",
    "only {code} ({message}), but {times}: lines {lines} of `{path}`.{fix}",
)
MOST_LISTED = 6
MOST = 18
MOST_ALIKE = 3
"""One missing copyright notice in every file would else fill the quota."""


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Files and small folders, those with and without violations in turn."""
    dirty, clean = [], []
    folders = sorted({path.rpartition("/")[0] for path in repo.facts} - {""})
    for path in [*repo.facts, *folders]:
        outcome = tools.call("ruff_check", path=path)
        if outcome.value.violation_count <= MOST:
            (dirty if outcome.value.violations else clean).append(outcome)
    chance.shuffle(dirty)
    chance.shuffle(clean)
    # A clean file teaches little: half as many of them as of the others, or half a dozen where all are clean.
    clean = clean[: max(6, len(dirty) // 2)]
    alike: Counter[tuple[str, ...]] = Counter()
    for outcome in in_turns(iter(dirty[::2]), iter(dirty[1::2]), iter(clean)):
        path, violations = outcome.arguments["path"], outcome.value.violations
        codes = tuple(sorted({violation.code for violation in violations}))
        alike[codes] += 1
        if codes and alike[codes] > MOST_ALIKE:
            continue
        question, yes = chance.choice(QUESTIONS)
        text = sentence(opened(yes, not violations, about(chance, path, violations)))
        counted = [[place(violation) for violation in group] for group in by_code(violations)]
        yield tool_scene(question.format(path=path), outcome, text, "quality", paths=[path], counted=counted)


def about(chance: Random, path: str, violations: Sequence[Violation]) -> str:
    if not violations:
        return pick(chance, CLEAN, path=path)
    fix = fixes(chance, violations)
    if len(violations) == 1:
        return pick(chance, ONE, path=path, item=pinned(violations[0], path), fix=fix and f" {fix}")
    codes = by_code(violations)
    first = violations[0]
    one_file = all(violation.file == path for violation in violations)
    if one_file and len(codes) == 1 and len({violation.message for violation in violations}) == 1:
        lines = listing([str(line) for line in dict.fromkeys(violation.line for violation in violations)])
        if len(violations) == len({violation.line for violation in violations}):
            times = "twice" if len(violations) == 2 else f"{number(len(violations))} times"
            return pick(
                chance, SAME, path=path, code=first.code, message=one_line(first.message), times=times,
                lines=lines, fix=fix and f" {fix}",
            )  # fmt: skip
    count = plural(len(violations), "violation")
    if len(violations) <= MOST_LISTED:
        return pick(
            chance, FEW, path=path, count=count, items=listed(violations, path), fix=fix and f"\n\n{fix}"
        )
    kinds = listing([f"{group[0].code} ({len(group)})" for group in codes])
    return pick(chance, MANY, path=path, count=count, kinds=kinds, fix=fix and f" {fix}")


def fixes(chance: Random, violations: Sequence[Violation]) -> str:
    """What ruff could do about them by itself, "" for nothing."""
    fixable = sum(violation.fixable for violation in violations)
    if fixable == 0:
        return ""
    if len(violations) == 1:
        return chance.choice(("It can be fixed automatically.", "Ruff can fix it by itself."))
    if fixable == len(violations):
        return chance.choice(("All of them can be fixed automatically.", "Ruff can fix them all by itself."))
    return f"{sentence(number(fixable))} of them can be fixed automatically."


def by_code(violations: Sequence[Violation]) -> list[list[Violation]]:
    """The most frequent rule first."""
    codes = Counter(violation.code for violation in violations).most_common()
    return [[violation for violation in violations if violation.code == code] for code, _ in codes]
