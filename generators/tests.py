"""Do the tests of this file pass?

user       Which tests of tests/test_orders.py are skipped, and why?
assistant  pytest_run(path="tests/test_orders.py")
tool       {"success":true,"passed":6,"failed":0,"errors":0,"skipped":1,"duration":0.0,"tests":[{"name":"tests/test_orders.py::test_a_paid_order_empties_the_cart…
assistant  `tests/test_orders.py::test_a_real_card_is_charged`: needs an account with a real provider.
"""

import re
from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts, FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import called, in_turns, literal
from punie_data.scenario.telling import enumerated, opened
from punie_data.tools.base import Outcome
from punie_data.tools.results import TestCase, TestResult
from punie_data.tools.toolbox import Toolbox

EXECUTES = True
VERDICT = (
    ("Do the tests in {path} pass?", "clean"),
    ("Run {path}.", ""),
    ("Run the tests in {path} and tell me what fails, if anything.", ""),
    ("Are there failing tests in {path}?", "found"),
    ("pytest {path}", ""),
    ("I've refactored something that {path} covers. Is it still green?", "clean"),
    ("Please run {path} before I push.", ""),
)
ONE = (
    ("Does {path} pass?", "clean"),
    ("Run just {path}, please.", ""),
    ("Is {path} broken?", "found"),
    ("Run the single test {path} and tell me how it goes.", ""),
)
ALL_PASS = ("{all} in `{path}` pass.", "{all} pass.", "`{path}` is green: {passed} passed, none failed.")
ONE_PASSES = ("`{path}` passes.", "it passes.")
COUNTS = {
    "passed": ("How many tests in {path} pass?", "Run {path}: number of passing tests?"),
    "failed": ("How many tests in {path} fail?", "Number of failures in {path}?"),
    "skipped": (
        "How many tests in {path} are skipped?",
        "Does anything in {path} get skipped? How many tests?",
    ),
}
LIST = (
    "Which tests are in {path}, and how does each of them end?",
    "Run {path} and list the outcome of every test.",
    "Give me one line per test of {path}: name and outcome.",
)
SKIPPED = (
    "Which tests of {path} are skipped, and why?",
    "Run {path} and show me only what's skipped, with the reason.",
)
MISSING = (
    "There is no test `{name}` in `{file}`: pytest doesn't find it. Is it called something else?",
    "pytest finds no `{name}` in `{file}`, so nothing was run. Check the name of the test.",
)
CHANGED = ("Run the tests that I've changed.", "Which test files have I touched, and do they pass?")
COVERING = (
    "Find the test file that imports `{module}` and run it.",
    "Which tests import `{module}`? Run them.",
    "I changed `{module}`. Run the test file that imports it, please.",
)
MOST_TESTS, MOST_FILES, LONGEST = 24, 6, 6000


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Few files, each run once and asked about in several ways: running tests is the slowest thing there is."""
    usable = [facts for facts in repo.tests if 1 <= len(tests_of(facts)) <= MOST_TESTS]
    chance.shuffle(usable)
    if not usable:
        return
    runs = [tools.call("pytest_run", path=facts.path) for facts in usable[:MOST_FILES]]
    whole = [run for run in runs if len(run.content) <= LONGEST]
    yield from in_turns(
        verdicts(chance, whole),
        counts(chance, whole),
        single(tools, chance, usable[MOST_FILES:] or usable),
        details(chance, whole),
        covering(repo, tools, chance, usable),
        changed(repo, tools, chance),
        missing(tools, chance, usable),
    )


def tests_of(facts: FileFacts) -> list[FunctionFact]:
    return [item for item in facts.functions if item.name.startswith("test_") and not item.is_nested]


def scene(
    question: str,
    outcomes: Outcome | Sequence[Outcome],
    answer: str,
    path: str,
    program: str = "",
    category: str = "testing",
) -> Scene:
    return tool_scene(
        question, outcomes, sentence(answer), category, paths=[path.partition("::")[0]], program=program
    )


def verdicts(chance: Random, runs: Sequence[Outcome]) -> Iterator[Scene]:
    for run in runs:
        path = run.arguments["path"]
        question, yes = chance.choice(VERDICT)
        yield scene(
            question.format(path=path),
            run,
            opened(yes, run.value.success, verdict(chance, path, run.value)),
            path,
        )


def verdict(chance: Random, path: str, result: TestResult) -> str:
    """What happened, the failures first."""
    if result.parse_error:
        return f"`{path}` can't be run: {result.parse_error}."
    wrong = [test for test in result.tests if test.outcome in ("failed", "error")]
    skipped = f"{number(result.skipped)} {'is' if result.skipped == 1 else 'are'} skipped"
    if not wrong and not result.passed:
        return (
            f"nothing in `{path}` ran: {skipped}."
            if result.skipped
            else f"pytest finds no tests in `{path}`."
        )
    if not wrong:
        passed = number(result.passed)
        every = {1: "the only test", 2: "both tests"}.get(result.passed, f"all {passed} tests")
        if result.skipped:
            return f"{plural(result.passed, 'test')} in `{path}` {'passes' if result.passed == 1 else 'pass'}, {skipped}."
        if result.passed == 1:
            return f"the only test in `{path}` passes."
        return pick(chance, ALL_PASS, all=every, path=path, passed=passed)
    counts_of = [
        f"{number(count)} {verb}"
        for count, verb in (
            (result.failed, "failed"),
            (result.errors, "ended in an error"),
            (result.passed, "passed"),
            (result.skipped, "skipped"),
        )
        if count
    ]
    return f"`{path}` is not green: {listing(counts_of)}.\n\n" + bullets([told(test) for test in wrong[:8]])


def told(test: TestCase) -> str:
    """The test with the first line of what it said."""
    first = (test.message or "").strip().split("\n")[0].strip()
    return f"`{test.name}`" + (f": {first}" if first else "")


def counts(chance: Random, runs: Sequence[Outcome]) -> Iterator[Scene]:
    """One field of the result."""
    for run in runs:
        if run.value.parse_error:
            continue
        field = chance.choice(("passed", "passed", "failed", "skipped"))
        count = getattr(run.value, field)
        path = run.arguments["path"]
        answer = f"{plural(count, 'test')}."
        program = f"result = {called(run)}\nprint(result.{field})"
        yield scene(pick(chance, COUNTS[field], path=path), run, answer, path, program, "field_access")


def details(chance: Random, runs: Sequence[Outcome]) -> Iterator[Scene]:
    """Every test with its outcome, or those that were skipped."""
    for run in runs:
        path, result = run.arguments["path"], run.value
        skipped = [test for test in result.tests if test.outcome == "skipped"]
        if skipped and chance.random() < 0.7:
            program = (
                f'result = {called(run)}\nfor test in result.tests:\n    if test.outcome == "skipped":\n'
                '        print(f"{test.name}: {test.message}")'
            )
            answer = enumerated([told(test) for test in skipped], "", "test")
            yield scene(pick(chance, SKIPPED, path=path), run, answer, path, program)
        elif 2 <= len(result.tests) <= 12:
            program = f'result = {called(run)}\nfor test in result.tests:\n    print(f"{{test.name}}: {{test.outcome}}")'
            answer = bullets([f"`{test.name}`: {test.outcome}" for test in result.tests])
            yield scene(pick(chance, LIST, path=path), run, answer, path, program, "iteration")


def single(tools: Toolbox, chance: Random, usable: Sequence[FileFacts]) -> Iterator[Scene]:
    for facts in usable[:4]:
        item = chance.choice(tests_of(facts))
        path = f"{facts.path}::{item.qualname.replace('.', '::')}"
        run = tools.call("pytest_run", path=path)
        result = run.value
        if len(run.content) > LONGEST:
            continue
        text = verdict(chance, path, result)
        if result.success and result.passed == 1:
            text = pick(chance, ONE_PASSES, path=path)
        elif result.success and result.passed > 1 and not result.skipped:
            sets = "both" if result.passed == 2 else f"all {number(result.passed)}"
            text = f"`{path}` passes with {sets} sets of parameters."
        question, yes = chance.choice(ONE)
        yield scene(question.format(path=path), run, opened(yes, result.success, text), path)


def missing(tools: Toolbox, chance: Random, usable: Sequence[FileFacts]) -> Iterator[Scene]:
    """A test that was never there."""
    for facts in usable[:1]:
        name = f"{tests_of(facts)[0].name}_again"
        path = f"{facts.path}::{name}"
        run = tools.call("pytest_run", path=path)
        if run.value.parse_error and "not found" in run.value.parse_error:
            question = chance.choice(ONE)[0].format(path=path)
            yield scene(question, run, pick(chance, MISSING, name=name, file=facts.path), path)


def covering(repo: Repo, tools: Toolbox, chance: Random, usable: Sequence[FileFacts]) -> Iterator[Scene]:
    """search_text → pytest_run, for modules that one test file imports."""
    known = {facts.path for facts in usable}
    modules = [
        f.module
        for f in repo.sources
        if len(set(repo.importers.get(f.module, ())) & known) == 1 and "." in f.module
    ]
    for module in chance.sample(modules, min(2, len(modules))):
        pattern = rf"^\s*(from|import) {re.escape(module)}\b"
        searched = tools.call("search_text", pattern=pattern, glob="test_*.py")
        found = list(dict.fromkeys(match.file for match in searched.value.matches))
        if len(found) != 1 or found[0] not in known:
            continue
        run = tools.call("pytest_run", path=found[0])
        if len(run.content) > LONGEST or run.value.parse_error:
            continue
        program = (
            f"found = {called(searched)}.matches[0].file\nresult = pytest_run(found)\n"
            'print(f"{found}: {result.passed} passed, {result.failed} failed, {result.errors} errors, {result.skipped} skipped")\n'
            'for test in result.tests:\n    if test.outcome in ("failed", "error"):\n        print(f"{test.name}: {test.message}")'
        )
        answer = f"it's `{found[0]}`. {sentence(verdict(chance, found[0], run.value))}"
        yield scene(
            pick(chance, COVERING, module=module), [searched, run], answer, found[0], program, "workflow"
        )


def changed(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """git_status → pytest_run of each test file that changed and is still there."""
    if not repo.has_git:
        return
    status = tools.call("git_status")
    paths = [
        f.file
        for f in status.value.files
        if re.search(r"(^|/)(test_[^/]*|[^/]*_test)\.py$", f.file) and f.status != "deleted"
    ]
    paths = list(dict.fromkeys(paths))
    if not 1 <= len(paths) <= 3:
        return
    runs = [tools.call("pytest_run", path=path) for path in paths]
    if sum(len(run.content) for run in runs) > 8000 or any(run.value.parse_error for run in runs):
        return
    program = (
        f"status = {called(status)}\nfor path in sorted({{f.file for f in status.files if f.status != {literal('deleted')}}}):\n"
        '    name = path.rpartition("/")[2]\n    if name.startswith("test_") or name.endswith("_test.py"):\n        result = pytest_run(path)\n'
        '        print(f"{path}: {result.passed} passed, {result.failed} failed, {result.errors} errors, {result.skipped} skipped")'
    )
    lines = [
        f"`{run.arguments['path']}`: {number(run.value.passed)} passed, {number(run.value.failed) if run.value.failed else 'none'} failed"
        for run in runs
    ]
    yield scene(
        pick(chance, CHANGED),
        [status, *runs],
        f"{lines[0]}." if len(lines) == 1 else bullets(lines),
        paths[0],
        program,
        "workflow",
    )
