"""What a reader stumbles over in answers told from results: found by reading rows, each with a near-miss that stays."""

from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from punie_data.generators import discover, load
from punie_data.scenario.changes import happened
from punie_data.scenario.findings import faulty
from punie_data.scenario.places import spots
from punie_data.scenario.targets import is_mentioned_once
from punie_data.scenario.telling import fits, fitting, limit_near, numbered
from punie_data.tools.results import GitFile, Reference, Symbol
from tests.mined import opened


def generator(name: str):
    return load(discover()[name])


def reference(file: str, line: int, column: int = 1) -> Reference:
    return Reference(file=file, line=line, column=column, preview="")


def symbol(name: str, kind: str) -> Symbol:
    return Symbol(name=name, kind=kind, line=1, end_line=2)


@pytest.mark.parametrize(
    ("question", "answer", "fit"),
    [
        ("Who calls `run` (a.py:1:5)?", "Nobody: there is no call of `run`.", True),
        ("Show me the callers of `run` at a.py:1:5.", "Nobody: there is no call of `run`.", False),
        ("Where is `run` (a.py:1:5) used?", "Nowhere: nothing refers to `run`.", True),
        ("Where's `Run` defined?", "Nowhere: the project defines no `Run`.", True),
        ("Find the references to `run`, defined at a.py:1:5.", "Nowhere: nothing refers to `run`.", False),
        ("Which code depends on `run` at a.py:1:5?", "Nowhere: nothing refers to `run`.", False),
        ("Which code depends on `run` at a.py:1:5?", "None: nothing refers to `run`.", True),
        ("Search the Python files for `shell=True`, please.", "No: a search finds nothing.", False),
        ("I want to drop redis from our environment. Does this project need it?", "No: it doesn't.", True),
        ("Is src clean, as git sees it? If it isn't, name the files.", "Yes, it's clean.", True),
        ("If I have uncommitted changes under src, list the files.", "Yes, it's clean.", False),
        ("Any complaints from ruff about a.py?", "None: `a.py` passes.", False),
        ("What did I change in a.py?", "Nothing: `a.py` has no unstaged changes.", True),
        # No word that answers by itself.
        ("Show me the callers of `run`.", "No symbol called `run` exists.", True),
        ("Where is it?", "Nothing is staged in `a.py`.", True),
    ],
)
def test_an_answer_opens_with_a_word_that_its_question_can_have(
    question: str, answer: str, fit: bool
) -> None:
    assert fits(question, answer) == fit


def test_every_question_about_nothing_has_an_answer_that_fits() -> None:
    """Else there would be nothing to choose from; two at least for most, so that none is learnt by heart."""
    module = generator("empty_results")
    names = [name for name in vars(module) if f"{name}_NONE" in vars(module)]
    assert len(names) >= 14
    for name in names:
        for question in getattr(module, name):
            assert len(fitting(question, getattr(module, f"{name}_NONE"))) >= 2, question
    for question in module.RISK:
        assert fitting(question, module.LEFTOVER_NONE)


def test_one_place_is_told_in_the_sentence() -> None:
    """ "It's used in one place:" was followed by a list of one."""
    assert numbered("It's used in", ["`a.py:3`"], "place") == "It's used in one place, `a.py:3`."
    assert numbered("It's used in", ["`a.py:3`", "`a.py:4`"], "place") == (
        "It's used in two places:\n\n- `a.py:3`\n- `a.py:4`"
    )
    assert (
        numbered("Used in", ["`a.py:3` (twice)"], "place", 2) == "Used in two places:\n\n- `a.py:3` (twice)"
    )


def test_a_line_is_named_once() -> None:
    """ "`codes.py:106` and `codes.py:106`." was said of a line with two references."""
    found = [reference("a.py", 3), reference("a.py", 3, 9), reference("a.py", 4), reference("b.py", 3)]
    assert spots(found) == ["`a.py:3` (twice)", "`a.py:4`", "`b.py:3`"]
    assert spots([*found, reference("a.py", 3, 15)])[0] == "`a.py:3` (several times)"


def test_a_file_that_is_staged_and_was_changed_again_is_named_once() -> None:
    files = [
        GitFile(file="a.py", status="modified", staged=True),
        GitFile(file="a.py", status="modified", staged=False),
        GitFile(file="b.py", status="added", staged=True),
        GitFile(file="b.py", status="deleted", staged=False),
    ]
    assert happened(files) == {"a.py": "modified", "b.py": "added and deleted"}


def test_an_overloaded_function_is_named_once() -> None:
    """ "It defines `get`, `get`, `get`, `get`, `utcnow` …" was the outline of a file."""
    symbols = [
        symbol("get", "function"),
        symbol("get", "function"),
        symbol("Arrow", "class"),
        symbol("T", "constant"),
    ]
    assert generator("error_results").defined(symbols) == ["`get`", "`Arrow`"]


def test_a_limit_goes_either_way_and_never_below_two() -> None:
    for count in (1, 2, 3, 8):
        limits = {limit_near(Random(seed), count) for seed in range(40)}
        assert min(limits) >= 2
        assert any(limit < count for limit in limits) == (count > 2)
        assert any(limit >= count for limit in limits)
    assert all(limit_near(Random(seed), 18) < 18 for seed in range(40))


def test_counts_are_compared_in_one_style() -> None:
    """ "27 references against five" is neither words nor figures."""
    alike = generator("comparing").alike
    assert alike(27, 5) == ["27", "5"]
    assert alike(12, 5) == ["twelve", "five"]


@pytest.mark.parametrize(
    ("template", "name", "fit"),
    [
        ("{name}Error", "MissingValueError", False),
        ("{name}Error", "ParseException", False),
        ("{name}Error", "Parser", True),
        ("Base{name}", "BaseForm", False),
        ("Abstract{name}", "wait_none", False),
        ("{name}Factory", "ErrorStore", True),
        ("Async{name}", "Session", True),
    ],
)
def test_a_name_that_is_not_there_could_be(template: str, name: str, fit: bool) -> None:
    """ "Is there something called `MissingEnvValueErrorError`?" asks nobody."""
    assert generator("empty_results").is_fit(template, name) == fit


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("typing_tests/base.py", True),
        ("src/shop/_tests/cart.py", True),
        ("src/shop/test_cart.py", True),
        ("conftest.py", True),
        ("src/shop/testing.py", False),
        ("src/shop/testclient.py", False),
        ("src/shop/contest.py", False),
    ],
)
def test_what_is_outside_the_tests_is_no_matter_of_opinion(path: str, is_test: bool) -> None:
    """ "Where outside the tests" was answered with `typing_tests/base.py`."""
    assert generator("filtering").is_test(path) == is_test


def test_constants_and_private_functions_are_those_that_a_reader_would_count() -> None:
    """`PY_3_10_PLUS` is a variable to the server, `T` a constant, and `__getattr__` was listed as private."""
    doubtful = generator("filtering").is_doubtful
    for name, kind in (
        ("PY_3_10_PLUS", "variable"),
        ("T", "constant"),
        ("_P", "constant"),
        ("__getattr__", "function"),
    ):
        assert doubtful(symbol(name, kind)), name
    for name, kind in (
        ("logger", "variable"),
        ("__all__", "variable"),
        ("PYPY", "constant"),
        ("_fetch", "function"),
    ):
        assert not doubtful(symbol(name, kind)), name


def test_the_first_files_do_not_all_break_the_same_rule() -> None:
    """Else a repository without copyright notices has five questions about copyright notices."""
    broken = {
        "a.py": "CPY001",
        "b.py": "CPY001",
        "c.py": "CPY001",
        "d.py": "F401",
        "e.py": "CPY001",
        "f.py": "",
    }

    def call(tool: str, path: str) -> SimpleNamespace:
        violations = [SimpleNamespace(code=code) for code in broken[path].split()]
        return SimpleNamespace(value=SimpleNamespace(violations=violations))

    assert faulty(SimpleNamespace(call=call), broken) == ["a.py", "d.py", "b.py", "c.py"]  # type: ignore[arg-type]


def test_what_a_string_names_is_not_unused(tmp_path: Path) -> None:
    """Of a function that a setting names by its path, it was said that it can go."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "loops.py").write_text(
        'def fast():\n    pass\n\n\ndef slow():\n    pass\n\n\nLOOPS = {"fast": "loops:fast"}\n'
    )
    with opened(root, tmp_path / "cache") as (_, tools):
        assert is_mentioned_once(tools, "slow")
        assert not is_mentioned_once(tools, "fast")
