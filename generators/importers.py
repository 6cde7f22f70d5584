"""Which files import this module?

user       How widely is enum used, counted in files that import it?
assistant  search_text(pattern="^\\\\s*(from enum\\\\b|import (.*, )?enum\\\\b)", glob="*.py")
tool       {"success":true,"pattern":"^\\\\s*(from enum\\\\b|import (.*, )?enum\\\\b)","match_count":1,"file_count":1,"matches":[{"file":"src/tiny_shop/payments.py","l…
assistant  One file only: `src/tiny_shop/payments.py`.
"""

import re
from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.tools.results import TextMatch
from punie_data.tools.toolbox import Toolbox

WHICH = (
    "Which files import {module}?",
    "Where do we import `{module}`?",
    "List the modules that depend on `{module}` directly.",
    "I'd like to get rid of {module}. Which files import it?",
    "Who imports `{module}` in this project?",
    "files importing {module}",
    "Which files of {project} import `{module}`?",
    "As agreed I'm going through our imports of `{module}`. Which files have one?",
)
HOW_MANY = (
    "How many files import `{module}`?",
    "How widely is {module} used, counted in files that import it?",
    "Is `{module}` imported all over the place, or only here and there?",
    "How many files of {project} import `{module}`?",
)
TESTS = (
    "Does any non-test file import `{module}`?",
    "Is {module} needed at run time, or do only the tests import it?",
)
WHERE_LINE = (
    "On which line does each file import `{module}`?",
    "Show me the import statements for `{module}`, file by file.",
    "How do we import `{module}`: the whole module, or names from it?",
)
NOWHERE = (
    "Does anything in this project import {module}?",
    "Do we use `{module}` anywhere?",
    "Is `{module}` a dependency of this code: is it imported somewhere?",
    "Does {project} import `{module}` anywhere?",
)
NOWHERE_ANSWERS = (
    "No, no Python file here imports `{module}`.",
    "No: no Python file has an import of `{module}`.",
    "No, it isn't imported: the search for import lines of `{module}` finds none.",
)
FOREIGN = (
    "requests", "numpy", "pandas", "boto3", "sqlalchemy", "redis", "celery", "yaml", "pydantic", "django", "flask", "aiohttp", "pickle",
    "multiprocessing", "tkinter", "xml.etree", "sqlite3", "telnetlib", "distutils", "imp",
)  # fmt: skip
NOWHERE_QUOTA, MOST_FILES, MOST_LINES, MODULES = 3, 12, 30, 16
DULL = ("__future__", "typing", "tests", "test", "examples", "docs")


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Modules by how they are imported; the files that the search finds must be those whose imports LibCST knows. And some that nobody imports."""
    modules = _clear(repo)
    chance.shuffle(modules)
    absent = [module for module in FOREIGN if module not in repo.importers]
    chance.shuffle(absent)
    asked = modules[:MODULES] + absent[:NOWHERE_QUOTA]
    chance.shuffle(asked)
    for module in asked:
        name = re.escape(module)
        outcome = tools.call(
            "search_text", pattern=rf"^\s*(from {name}\b|import (.*, )?{name}\b)", glob="*.py"
        )
        matches = outcome.value.matches
        files = list(dict.fromkeys(match.file for match in matches))
        if files != repo.importers.get(module, []):
            question = pick(chance, WHICH, module=module, project=repo.title)
            differing = sorted(set(files) ^ set(repo.importers.get(module, [])))
            yield Rejected(
                "LibCST and the search disagree", question=question, detail=", ".join(differing[:3])
            )
            continue
        if len(matches) > MOST_LINES:
            continue
        question, answer, groups = _told(repo, chance, module, files, matches)
        yield tool_scene(question, outcome, answer, "search", symbol=module, paths=files, counted=groups)


def _clear(repo: Repo) -> list[str]:
    """The modules whose imports a search for their names finds: no relative ones, no `from package import module`."""
    hidden: set[str] = set()
    for facts in repo.python:
        for item in facts.imports:
            if item.level:
                hidden |= {*item.module.split("."), item.name}
            elif item.name:
                hidden.add(f"{item.module}.{item.name}")
    return [
        module
        for module, files in repo.importers.items()
        if module.partition(".")[0] not in DULL
        and len(files) <= MOST_LINES
        and module not in hidden
        and module.rpartition(".")[2] not in hidden
    ]


def _told(
    repo: Repo, chance: Random, module: str, files: Sequence[str], matches: Sequence[TextMatch]
) -> tuple[str, str, list[list[str]]]:
    if not files:
        return (
            pick(chance, NOWHERE, module=module, project=repo.title),
            pick(chance, NOWHERE_ANSWERS, module=module),
            [],
        )
    tests = [file for file in files if repo.facts[file].is_test]
    code = [file for file in files if file not in tests]
    top = module.partition(".")[0]
    is_own = any(top in facts.module.split(".") for facts in repo.python)
    draw = chance.random()
    if tests and not is_own and draw < 0.25:
        at = chance.randrange(len(TESTS))
        return TESTS[at].format(module=module), _beyond_tests(code, tests, at), [code, tests]
    if draw < 0.45:
        return pick(chance, HOW_MANY, module=module, project=repo.title), _how_many(files), [files]
    if draw < 0.7 and len(matches) <= MOST_FILES:
        return _lines(chance, module, matches)
    return (
        pick(chance, WHICH, module=module, project=repo.title),
        _which(chance, module, files),
        [files, files[MOST_FILES:]],
    )


def _names(files: Sequence[str]) -> str:
    return listing([f"`{file}`" for file in files])


def _which(chance: Random, module: str, files: Sequence[str]) -> str:
    if len(files) == 1:
        return pick(chance, ("Only `{file}`.", "One file: `{file}`.", "Just `{file}` does."), file=files[0])
    spoken = sentence(plural(len(files), "file"))
    if len(files) <= 3:
        return f"{spoken}: {_names(files)}."
    shown = files if len(files) <= MOST_FILES + 1 else files[:MOST_FILES]
    rest = len(files) - len(shown)
    more = f"\n\nand {number(rest)} more." if rest else ""
    opening = chance.choice((f"{spoken} import `{module}`", spoken))
    return f"{opening}:\n\n{bullets([f'`{file}`' for file in shown])}{more}"


def _how_many(files: Sequence[str]) -> str:
    if len(files) == 1:
        return f"One file only: `{files[0]}`."
    spoken = sentence(plural(len(files), "file"))
    if len(files) <= 5:
        return f"{spoken}: {_names(files)}."
    return f"{spoken}, among them {_names(files[:3])}."


def _beyond_tests(code: Sequence[str], tests: Sequence[str], at: int) -> str:
    """The answer to TESTS[at]."""
    tested = f"{number(len(tests))} test file{'s' if len(tests) > 1 else ''}"
    if not code:
        only = (
            f"the only file that imports it is `{tests[0]}`"
            if len(tests) == 1
            else f"{'both' if len(tests) == 2 else f'all {number(len(tests))}'} files that import it are tests"
        )
        return f"{'No: ' if at == 0 else 'Only the tests need it: '}{only}."
    if len(code) <= 4:
        told = f"{_names(code)} {'import' if len(code) > 1 else 'imports'} it"
    else:
        told = f"{number(len(code))} files that are no tests import it, among them {_names(code[:3])}"
    return f"{'Yes: ' if at == 0 else 'Not only the tests need it: '}{told}. Besides, {tested} {'do' if len(tests) > 1 else 'does'}."


def _lines(chance: Random, module: str, matches: Sequence[TextMatch]) -> tuple[str, str, list[list[str]]]:
    whole = [match for match in matches if match.text.startswith("import")]
    parts = [match for match in matches if match not in whole]
    told = bullets([f"`{m.file}:{m.line}`: `{m.text}`" for m in matches])
    at = chance.randrange(len(WHERE_LINE))
    question = WHERE_LINE[at].format(module=module)
    if len(matches) == 1:
        [only] = matches
        opening = (
            "There is one import",
            "There is one import",
            "The whole module" if whole else "Names from it",
        )[at]
        return question, f"{opening}, in `{only.file}`, line {only.line}: `{only.text}`.", []
    groups = [[f"{m.file}:{m.line}" for m in some] for some in (whole, parts)]
    if at < 2:
        return question, told, groups
    if whole and parts:
        opening = f"Both ways: {_statements(len(whole))} the module itself, {number(len(parts))} import{'s' if len(parts) == 1 else ''} names from it."
    else:
        opening = "Always the whole module." if whole else "Always names from it, never the module itself."
    return question, f"{opening}\n\n{told}", groups


def _statements(count: int) -> str:
    return f"{plural(count, 'statement')} import{'s' if count == 1 else ''}"
