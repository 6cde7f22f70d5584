"""Does this file or folder type-check?

user       I've just touched the annotations in src/tiny_shop/reports.py. Are the types still sound?
assistant  typecheck(path="src/tiny_shop/reports.py")
tool       {"success":false,"error_count":2,"warning_count":0,"errors":[{"file":"src/tiny_shop/reports.py","line":30,"column":12,"severity":"error","code":"inval…
assistant  No, the checker reports two type errors in `src/tiny_shop/reports.py`:

           - line 30: Return type does not match returned value: expected `date`, found `date | None` (`invalid-explicit-return`)
           - line 33: Default value of type `None` is not assignable to annotated parameter type `str` (`invalid-parameter-default`)
"""

from collections import Counter
from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.findings import checked, listed, missing_package, pinned, place
from punie_data.scenario.phrase import listing, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.telling import opened
from punie_data.tools.results import TypeIssue
from punie_data.tools.toolbox import Toolbox

QUESTIONS = (
    ("Does {path} type-check?", "clean"),
    ("Run the type checker over {path} and tell me what's wrong, if anything.", ""),
    ("Are there any type errors in {path}? I'm about to open a pull request.", "found"),
    ("typecheck {path}", ""),
    ("CI checks types now. Would {path} get through?", "clean"),
    ("What does the type checker say about {path}?", ""),
    ("I've just touched the annotations in {path}. Are the types still sound?", "clean"),
    ("Could you check the types in {path} for me, please?", ""),
    ("Is anything wrong with the types in {path}?", "found"),
    ("Before I merge: check {path} with ty.", ""),
    ("`typecheck` {path}, please.", ""),
    ("Call `typecheck` on {path} and report what comes back.", ""),
    ("The ticket is about {path}. Does it type-check?", "clean"),
    ("In the review somebody doubted the annotations in {path}. Are there type errors?", "found"),
)
CLEAN = (
    "`{path}` type-checks without a finding.",
    "the type checker has nothing to say against `{path}`: no errors, no warnings.",
    "`{path}` is clean: neither type errors nor warnings.",
)
ONE = (
    "`{path}` has {what}, {item}.",
    "there is {what} in `{path}`, {item}.",
    "the checker reports {what} in `{path}`, {item}.",
)
FEW = (
    "`{path}` has {what}:\n\n{items}",
    "there {verb} {what} in `{path}`:\n\n{items}",
    "the checker reports {what} in `{path}`:\n\n{items}",
)
MANY = (
    "`{path}` has {what}: {kinds}. They begin with\n\n{items}",
    "the checker reports {what} in `{path}`: {kinds}. The first of them:\n\n{items}",
)
IMPORTS_ONLY = (
    "nothing in `{path}` is wrong as far as can be told: only the {imports} can't be resolved, because third-party packages aren't installed here.",
    "the only {finding} in `{path}` {verb} about the {imports}, which can't be resolved because the {package} not installed in this environment.",
)
IMPORTS_TOO = (
    "Besides, the {imports} can't be resolved; third-party packages aren't installed here, so leave that aside.",
    "That the {imports} can't be resolved only means that third-party packages aren't installed here.",
)
MOST_LISTED = 6
MOST = 16


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Files of the common choice and its folders; clean ones not far ahead of the others."""
    choice = checked(repo, tools)
    paths = [facts.path for facts in choice.files] + list(choice.folders)
    chance.shuffle(paths)
    clean_left = 8
    for path in paths:
        outcome = tools.call("typecheck", path=path)
        issues = outcome.value.errors
        clean_left += 1 if issues else -1
        if len(issues) > MOST or clean_left < 0:
            continue
        question, yes = chance.choice(QUESTIONS)
        real = [issue for issue in issues if not missing_package(issue, repo)]
        missing = list(dict.fromkeys(filter(None, (missing_package(issue, repo) for issue in issues))))
        text = about(chance, path, len(issues), real, missing)
        if real and all(issue.severity != "error" for issue in real):
            text = {"clean": "yes, though ", "found": "no type errors, but "}.get(yes, "") + text
        else:
            text = opened(yes, not real, text)
        counted = [[place(issue) for issue in group] for group in (*by_severity(real), *by_code(real))]
        yield tool_scene(
            question.format(path=path), outcome, sentence(text), "quality", paths=[path], counted=counted
        )


def about(chance: Random, path: str, found: int, real: list[TypeIssue], missing: list[str]) -> str:
    """What there is to say of a file or folder, the unresolved imports last."""
    imports = f"import{'s' * (len(missing) > 1)} of {listing([f'`{name}`' for name in missing])}"
    if not found:
        return pick(chance, CLEAN, path=path)
    if not real:
        package = "package is" if len(missing) == 1 else "packages are"
        finding, verb = ("finding", "is") if found == 1 else ("findings", "are")
        return pick(
            chance, IMPORTS_ONLY, path=path, imports=imports, finding=finding, verb=verb, package=package
        )
    groups = by_severity(real)
    what = listing([plural(len(group), name(group[0])) for group in groups])
    if len(real) == 1:
        text = pick(chance, ONE, path=path, what=what, item=pinned(real[0], path))
    elif len(real) <= MOST_LISTED:
        verb = "is" if len(groups[0]) == 1 else "are"
        text = pick(chance, FEW, path=path, what=what, verb=verb, items=listed(real, path))
    else:
        codes = by_code(real)
        kinds = listing([f"`{group[0].code}` ({len(group)})" for group in codes])
        if len(codes) == 1:
            kinds = f"all of them `{real[0].code}`"
        text = pick(chance, MANY, path=path, what=what, kinds=kinds, items=listed(real[:3], path))
    if missing:
        text += ("\n\n" if "\n" in text else " ") + pick(chance, IMPORTS_TOO, imports=imports)
    return text


def name(issue: TypeIssue) -> str:
    return "type error" if issue.severity == "error" else {"warning": "warning"}.get(issue.severity, "note")


def by_severity(issues: list[TypeIssue]) -> list[list[TypeIssue]]:
    """Errors, warnings, notes; those that there are."""
    groups = [
        [issue for issue in issues if name(issue) == kind] for kind in ("type error", "warning", "note")
    ]
    return [group for group in groups if group]


def by_code(issues: list[TypeIssue]) -> list[list[TypeIssue]]:
    """The most frequent code first."""
    codes = Counter(issue.code for issue in issues).most_common()
    return [[issue for issue in issues if issue.code == code] for code, _ in codes]
