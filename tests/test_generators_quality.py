"""What the generators of checks, git and typed results promise beyond the central test: their programs run, their kinds are what they say."""

import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from punie_data.chat import Example, Rejected
from punie_data.code.repo import Repo
from punie_data.generate.judge import judge
from punie_data.generators import discover, load
from punie_data.scenario.findings import missing_package
from punie_data.scenario.scene import Scene, Turn
from punie_data.scenario.subjects import called, in_turns
from punie_data.scenario.telling import enumerated, fits, opened
from punie_data.tools.results import TestCase, TestResult, TypeIssue
from punie_data.tools.sandbox import bubblewrap_works, why_not
from punie_data.tools.toolbox import Toolbox
from tests.conftest import make_tiny_shop
from tests.mined import opened as open_repo
from tests.mined import scenes_of
from tests.samples import agrees, render, sample_of
from tests.test_generators import corruptions

TestCase.__test__ = TestResult.__test__ = False  # type: ignore[attr-defined]  (pytest would take them for tests)
NAMES = (
    "type_errors", "lint", "status", "diff", "log", "field_access", "field_access_git", "conditions", "iteration", "filtering",
    "iteration_git", "filtering_git", "comparing", "workflows", "workflows_git", "empty_results", "error_results",
)  # fmt: skip
WITH_PROGRAMS = (
    "field_access", "field_access_git", "conditions", "iteration", "iteration_git", "filtering", "filtering_git", "comparing",
    "workflows", "workflows_git",
)  # fmt: skip
EXECUTING = ("tests", "run_command")
Rows = list[tuple[Scene, Example]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Repo, Toolbox]]:
    folder = tmp_path_factory.mktemp("quality")
    with open_repo(make_tiny_shop(folder / "tiny_shop"), folder / "cache") as (repo, tools):
        yield repo, tools


@pytest.fixture(scope="module")
def rows(shop: tuple[Repo, Toolbox]) -> dict[str, Rows]:
    known = discover()
    return {name: scenes_of(known[name], *shop)[0] for name in NAMES}


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Repo, Toolbox, dict[str, Rows]]]:
    if not bubblewrap_works():
        pytest.skip(why_not() or "no sandbox")
    folder = tmp_path_factory.mktemp("executed")
    with open_repo(make_tiny_shop(folder / "tiny_shop"), folder / "cache", allow_exec=True) as (repo, tools):
        tools.workspace.virtual_environment = Path(
            sys.prefix
        )  # it has pytest; making another would take the network
        yield repo, tools, {name: scenes_of(discover()[name], repo, tools)[0] for name in EXECUTING}


def program_trouble(scene: Scene, repo: Repo, tools: Toolbox) -> str:
    """What is wrong with Code Mode's version of a scene; "" when it makes the same calls and prints what the answer needs."""
    outcome = tools.call("execute_code", code=scene.program)
    if not outcome.ok:
        return outcome.content
    made = sorted((call.tool, sorted(map(str, call.arguments.values()))) for call in outcome.inner)
    wanted = sorted((call.tool, sorted(map(str, call.arguments.values()))) for call in scene.outcomes)
    if made != wanted:
        return f"calls {made}, not {wanted}"
    turn = Turn(scene.question, (outcome,), scene.answer)
    verdict = judge(scene.changed(turns=(turn,), category="code"), repo, "code", 0)
    return f"{verdict.reason}: {verdict.detail}" if isinstance(verdict, Rejected) else ""


@pytest.mark.parametrize("name", WITH_PROGRAMS)
def test_every_program_prints_what_its_answer_says(
    name: str, rows: dict[str, Rows], shop: tuple[Repo, Toolbox]
) -> None:
    """Else Code Mode's rows would be rejected, or would show calls that the answer does not come from."""
    for scene, _ in rows[name]:
        assert scene.program, scene.question
        assert not program_trouble(scene, *shop), scene.question


def test_a_program_that_prints_less_than_the_answer_says_is_noticed(
    rows: dict[str, Rows], shop: tuple[Repo, Toolbox]
) -> None:
    """Else the test above could not fail."""
    scene = next(scene for scene, _ in rows["field_access"] if "symbols[0].file" in scene.program)
    first, last = scene.program.split("\n")
    assert program_trouble(scene.changed(program=f'{first}\nprint("done")'), *shop)
    assert program_trouble(scene.changed(program=f"{last}\n{first}"), *shop)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_rejected_in_the_shop(name: str, shop: tuple[Repo, Toolbox]) -> None:
    """Else a generator makes scenes in vain: what can be known beforehand belongs into its choice."""
    assert [one.detail for one in scenes_of(discover()[name], *shop)[1]] == []


def test_company_does_not_change_a_row(rows: dict[str, Rows], tmp_path: Path) -> None:
    """Else the number of jobs, which decides what runs in one process, would change the dataset."""
    with open_repo(make_tiny_shop(tmp_path / "tiny_shop"), tmp_path / "cache") as (repo, tools):
        for name in reversed(NAMES):
            again = scenes_of(discover()[name], repo, tools)[0]
            assert [example.to_json() for _, example in again] == [
                example.to_json() for _, example in rows[name]
            ]


def test_conditions_come_out_both_ways(rows: dict[str, Rows]) -> None:
    """Else a model learns to answer the condition without looking."""
    linted = [scene for scene, _ in rows["conditions"] if {o.tool for o in scene.outcomes} == {"ruff_check"}]
    assert {bool(scene.outcomes[0].value.violations) for scene in linted} == {True, False}
    steps = [scene for scene, _ in rows["conditions"] if "lint.success" in scene.program]
    assert {len(scene.outcomes) for scene in steps} == {1, 2}


@pytest.mark.parametrize("name", ["conditions", "iteration", "filtering", "comparing", "field_access"])
def test_a_few_rows_of_a_repository_are_not_always_of_the_same_kinds(
    name: str, shop: tuple[Repo, Toolbox]
) -> None:
    """Else, with five rows a repository, eight of thirteen kinds would never be asked of any."""
    few = set()
    for seed in range(4):
        made = load(discover()[name]).generate(*shop, Random(seed))
        scenes = islice((one for one in made if isinstance(one, Scene)), 3)
        few.add(tuple(tuple(outcome.tool for outcome in scene.outcomes) for scene in scenes))
    assert len(few) > 1


def test_most_filters_let_something_through(rows: dict[str, Rows]) -> None:
    """Else "none" would be the safe guess, as it was in four of ten rows."""
    answers = [scene.answer for name in ("filtering", "filtering_git") for scene, _ in rows[name]]
    none = re.compile(r"None|Nothing|No |There are no |All changes|.* has no |.* isn't used anywhere")
    assert sum(bool(none.match(answer)) for answer in answers) < len(answers) / 3


def test_a_limit_is_passed_about_as_often_as_it_is_kept(rows: dict[str, Rows]) -> None:
    """Else a model learns to list whatever the user's limit is: fifteen of sixteen rows did."""
    limited = [scene for scene, _ in rows["conditions"] if "_count <= " in scene.program]
    assert {bool(re.search(r"\n|\bone\b", scene.answer)) for scene in limited} == {True, False}


def test_a_class_is_asked_for_where_it_is_and_where_it_is_not(shop: tuple[Repo, Toolbox]) -> None:
    """Else, with one such row a repository, every class asked for is there."""
    module = load(discover()["conditions"])
    first = [next(module.has_class(*shop, Random(seed))).answer for seed in range(8)]
    assert {" spans lines " in answer for answer in first} == {True, False}


@pytest.mark.parametrize("name", ["empty_results", "conditions", "comparing"])
def test_an_answer_opens_as_its_question_wants(name: str, rows: dict[str, Rows]) -> None:
    """ "Nobody:" was said to "Show me the callers", and "Yes, it's clean." to "list the files"."""
    for scene, _ in rows[name]:
        assert fits(scene.question, scene.answer), f"{scene.question} {scene.answer}"


@pytest.mark.parametrize("name", ["workflows", "workflows_git"])
def test_a_workflow_needs_its_earlier_results(name: str, rows: dict[str, Rows]) -> None:
    """Else the calls could be made in any order, and nothing would be learnt about chaining them."""
    tools_used = [tuple(outcome.tool for outcome in scene.outcomes) for scene, _ in rows[name]]
    assert len(set(tools_used)) >= 4
    chained = 0
    for scene, _ in rows[name]:
        later = [str(value) for outcome in scene.outcomes[1:] for value in outcome.arguments.values()]
        chained += any(value not in scene.question for value in later)
    assert chained >= len(rows[name]) * 0.8


def test_a_comparison_asks_one_tool_twice(rows: dict[str, Rows]) -> None:
    """Else there is nothing to compare."""
    for scene, _ in rows["comparing"]:
        assert len(scene.outcomes) == 2 and len({outcome.tool for outcome in scene.outcomes}) == 1
        assert scene.outcomes[0].arguments != scene.outcomes[1].arguments


def test_empty_results_are_successes_that_hold_nothing(rows: dict[str, Rows]) -> None:
    """Else an error would be taught to mean that there is nothing."""
    for scene, _ in rows["empty_results"]:
        result = scene.outcomes[0].value
        fields = {name: getattr(result, name) for name in result.__dataclass_fields__}
        assert fields.pop("parse_error") is None
        assert not any(value for value in fields.values() if isinstance(value, tuple)), scene.question


def test_error_results_begin_with_an_error_and_may_end_well(rows: dict[str, Rows]) -> None:
    """Else a model would learn neither to admit a mistake nor to mend it."""
    endings = set()
    for scene, _ in rows["error_results"]:
        assert not scene.outcomes[0].ok
        endings.add((len(scene.outcomes) > 1, scene.outcomes[-1].ok))
    assert endings == {(False, False), (True, True)}


def test_what_can_find_is_not_offered_where_the_agent_stops(rows: dict[str, Rows]) -> None:
    """Else one row would teach to go and look, and the next to give up, with the same tools at hand."""
    stopped = [row for row in rows["error_results"] if row[0].withheld]
    assert stopped
    for scene, example in stopped:
        assert len(scene.outcomes) == 1 and not {"search_text", "list_files"} & set(example.tools)


@pytest.mark.parametrize("name", EXECUTING)
def test_the_sample_of_an_executing_generator_is_real(
    name: str, executed: tuple[Repo, Toolbox, dict[str, Rows]]
) -> None:
    """Else its documentation shows rows that it does not make."""
    sample = sample_of(load(discover()[name]).__doc__ or "")
    assert sample and any(agrees(sample, render(example)) for _, example in executed[2][name])


@pytest.mark.parametrize("name", EXECUTING)
def test_a_corrupted_answer_of_an_executing_generator_is_refused(
    name: str, executed: tuple[Repo, Toolbox, dict[str, Rows]]
) -> None:
    """Else the judge would let a wrong count of failures into the training data."""
    repo, _, made = executed
    for scene, _ in made[name]:
        for wrong in corruptions(scene.answer):
            turn = Turn(scene.question, scene.turns[0].outcomes, wrong)
            assert isinstance(judge(scene.changed(turns=(turn,)), repo, name, 0), Rejected), wrong


def test_a_failing_and_a_skipped_test_are_told(executed: tuple[Repo, Toolbox, dict[str, Rows]]) -> None:
    """Else every suite in the data would be green."""
    answers = "\n".join(scene.answer for scene, _ in executed[2]["tests"])
    assert "not green" in answers and "skipped" in answers
    for scene, _ in executed[2]["tests"]:
        assert not scene.program or not program_trouble(scene, *executed[:2])


def issue(message: str, file: str = "src/tiny_shop/cart.py", code: str = "import-not-found") -> TypeIssue:
    return TypeIssue(file=file, line=1, column=1, severity="error", code=code, message=message)


@pytest.mark.parametrize(
    ("module", "file", "is_missing"),
    [
        ("pytest", "tests/conftest.py", True),
        ("pytest.mark", "tests/conftest.py", True),
        ("tiny_shop.nothing", "tests/conftest.py", False),
        ("conftest", "tests/test_cart.py", False),
        ("test_orders", "tests/test_cart.py", False),
        ("money", "src/tiny_shop/cart.py", True),
        ("cart", "src/tiny_shop/cart.py", True),
    ],
)
def test_only_a_package_that_is_not_installed_is_left_aside(
    module: str, file: str, is_missing: bool, shop: tuple[Repo, Toolbox]
) -> None:
    """Else a broken import of the project's own would be explained away; inside a package a neighbour's bare name is no such import."""
    found = missing_package(issue(f"Cannot resolve imported module `{module}`", file), shop[0])
    assert found == (module if is_missing else "")
    assert missing_package(issue("Object of type `int` is not callable", file, "not-callable"), shop[0]) == ""


def test_a_call_is_written_as_python_binds_it(shop: tuple[Repo, Toolbox]) -> None:
    """Else the program would call the tool with other arguments than the row."""
    tools = shop[1]
    assert called(tools.call("git_log", path="src", count=2)) == 'git_log("src", 2)'
    assert called(tools.call("git_log", count=2)) == "git_log(count=2)"
    assert called(tools.call("git_diff", staged=True)) == "git_diff(staged=True)"
    assert (
        called(tools.call("search_text", pattern='"\\w', glob="*.py"))
        == 'search_text("\\"\\\\w", glob="*.py")'
    )


def test_yes_and_no_follow_the_question() -> None:
    """Else "Is it clean?" and "Is anything wrong?" would get the same word."""
    assert opened("clean", True, "`a` is clean.") == "Yes, `a` is clean."
    assert opened("found", True, "Nothing is.") == "No, nothing is."
    assert opened("found", False, "There are two:") == "Yes, there are two:"
    assert opened("", False, "There are two:") == "There are two:"


def test_how_much_is_told_depends_on_how_much_there_is() -> None:
    """Else one file would be a list, or twelve a sentence."""
    assert enumerated([], "none.", "file") == "none."
    assert enumerated(["`a`", "`b`"], "none.", "file") == "`a` and `b`."
    assert (
        enumerated(["`a`", "`b`", "`c`"], "none.", "class", "classes")
        == "three classes:\n\n- `a`\n- `b`\n- `c`"
    )


def test_streams_take_turns_until_all_have_ended() -> None:
    """Else the first kind of row would fill the quota, or a short one end them all."""
    assert list(in_turns(iter("abc"), iter(""), iter("x"))) == ["a", "x", "b", "c"]
