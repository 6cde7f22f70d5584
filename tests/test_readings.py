"""Second questions about a result: they ask for what the conversation has named, and are answered in the form they ask for."""

import re
from random import Random

import pytest

from punie_data.scenario.readings import Reading, fitting
from punie_data.scenario.readings_of_places import references, symbols, text
from punie_data.scenario.readings_of_reports import READERS
from punie_data.tools.results import (
    CstRenameResult,
    DocumentSymbolsResult,
    FindReferencesResult,
    GitFile,
    GitStatusResult,
    ListFilesResult,
    Reference,
    RuffResult,
    SearchTextResult,
    Symbol,
    TextMatch,
    TypeCheckResult,
    TypeIssue,
    Violation,
)

FILES = ("src/cart.py", "src/orders.py", "tests/test_cart.py", "tests/test_orders.py")


def reference(file: str, line: int) -> Reference:
    return Reference(file=file, line=line, column=5, preview=f"total = price(cart, {line})")


def violation(line: int, fixable: bool, code: str = "F401") -> Violation:
    return Violation(
        file=FILES[0], line=line, column=3, code=code, message="`os` imported but unused", fixable=fixable
    )


def issue(line: int, severity: str) -> TypeIssue:
    return TypeIssue(
        file=FILES[0], line=line, column=7, severity=severity, code="invalid-assignment", message="No"
    )


def status(*staged: bool) -> GitStatusResult:
    files = tuple(
        GitFile(file=f"a{number}.py", status="modified" if flag else "untracked", staged=flag)
        for number, flag in enumerate(staged)
    )
    return GitStatusResult(success=True, clean=False, file_count=len(files), files=files)


def linted(*fixable: bool) -> RuffResult:
    found = tuple(violation(10 + number, flag, f"F40{number // 2}") for number, flag in enumerate(fixable))
    return RuffResult(success=False, violation_count=len(found), fixable_count=sum(fixable), violations=found)


VALUES = {
    "matches": SearchTextResult(
        success=True,
        pattern="price",
        match_count=4,
        file_count=4,
        matches=tuple(
            TextMatch(file=file, line=20 + n, column=1, text=f"price({n})") for n, file in enumerate(FILES)
        ),
    ),
    "files": ListFilesResult(success=True, path=".", file_count=4, files=FILES),
    "nothing staged": status(False, False),
    "some staged": status(True, False, False),
    "none fixable": linted(False, False, False),
    "some fixable": linted(True, True, False),
    "errors and warnings": TypeCheckResult(
        success=False,
        error_count=1,
        warning_count=1,
        errors=(issue(3, "error"), issue(9, "warning")),
    ),
    "renamed": CstRenameResult(success=True, rename_count=6, modified_source="x = 1\n"),
    "outline": DocumentSymbolsResult(
        success=True,
        file_path=FILES[0],
        symbol_count=4,
        symbols=(
            Symbol(
                name="Cart",
                kind="class",
                line=3,
                end_line=30,
                children=(
                    Symbol(name="__init__", kind="constructor", line=4, end_line=9, children=()),
                    Symbol(name="add", kind="method", line=10, end_line=12, children=()),
                ),
            ),
            Symbol(name="LIMIT", kind="constant", line=1, end_line=1, children=()),
        ),
    ),
}
WHETHER = re.compile(r"(?:Is any|Can any|Are all|Anything|Is there|Is [\w/.]+ among|Does that) ?")


@pytest.mark.parametrize("name", VALUES)
def test_an_answer_has_the_form_that_its_question_asks_for(name: str) -> None:
    """ "How many of them are in tests?" was answered with a path, "Can any of that be fixed?" with "None, they all need a hand"."""
    value, seen = VALUES[name], set()
    for seed in range(120):
        for one in READERS[type(value)](value, Random(seed)):
            seen.add(one.question)
            if WHETHER.match(one.question):
                assert re.match(r"(?:Yes|No|It is)\b", one.answer), (one.question, one.answer)
            if one.question.startswith("How many"):
                assert re.match(r"(?:[A-Z]\w+|`\w+` has|In|These|None)\b.*", one.answer), one
                assert not one.answer.startswith(("In the", "In tests")), (one.question, one.answer)
    assert seen


def test_a_question_of_its_own_form_gets_its_own_answers() -> None:
    told = {"How many": ("Two.",), "": ("Here.",)}
    assert fitting("How many are there?", told) == ("Two.",)
    assert fitting("Which are there?", told) == ("Here.",)
    assert fitting("How many are there?", ("Any.",)) == ("Any.",)


def test_nobody_asks_for_a_name_that_nobody_named() -> None:
    """Behind "Three classes." came "And in `tests/test_types.py`: what stands on that line?"."""
    asked = [
        one
        for seed in range(60)
        for one in text(VALUES["matches"], Random(seed))
        if any(f"`{file}`" in one.question for file in FILES)
    ]
    assert asked
    for one in asked:
        assert not one.follows("Four lines in four files.")
        assert one.follows(f"Four lines: {', '.join(f'`{file}`' for file in FILES)}.")
    kinds = [one for seed in range(60) for one in symbols(VALUES["outline"], Random(seed))]
    assert kinds
    assert not any(one.follows("Line 88.", "On which line does `price` end?") for one in kinds)
    assert any(one.follows("Line 30.", "What follows on `Cart` and `LIMIT`?") for one in kinds)


@pytest.mark.parametrize(
    ("answer", "is_listed"),
    [
        ("Three references, the definition not counted.", False),
        ("CPY001 (3) and F401 (9)", False),
        ("On lines 3, 7 and 9.", True),
        ("`src/cart.py:3`, `src/cart.py:9`", True),
        ("- `src/cart.py`: line 3\n- `src/orders.py`: lines 7 and 9", True),
        ("On lines 3, 7 and 90.", False),
    ],
)
def test_the_last_of_them_has_been_listed(answer: str, is_listed: bool) -> None:
    """ "Quote the last one for me" was asked of five references that had only been counted."""
    value = FindReferencesResult(
        success=True,
        symbol="price",
        reference_count=3,
        references=tuple(reference(FILES[0], line) for line in (3, 7, 9)),
    )
    last = [
        one
        for seed in range(40)
        for one in references(value, Random(seed))
        if re.search(r"\blast\b", one.question)
    ]
    assert last
    assert all(one.follows(answer) == is_listed for one in last)


def test_a_constructor_is_a_method() -> None:
    """ "Which methods does `Trace` define?" left `__init__` out."""
    listed_ones = [
        one.answer
        for seed in range(60)
        for one in symbols(VALUES["outline"], Random(seed))
        if "methods" in one.question
    ]
    assert listed_ones
    assert all("`__init__` and `add`" in answer for answer in listed_ones)


def test_many_places_of_one_file_are_told_file_by_file() -> None:
    """Else an answer read the same path seven times."""
    places = tuple(reference(file, line) for file in (FILES[0], FILES[2]) for line in (5, 6, 8, 9))
    value = FindReferencesResult(success=True, symbol="price", reference_count=8, references=places)
    told = {
        one.answer
        for seed in range(80)
        for one in references(value, Random(seed))
        if "test" in one.question and "look like" not in one.question and "`tests" not in one.question
    }
    assert told
    assert all("`tests/test_cart.py`, lines 5, 6, 8 and 9" in answer for answer in told)


def test_what_was_told_is_not_asked() -> None:
    one = Reading("On which line does `run` end?", "On line 92.", ("line 92",), named=("run",))
    assert not one.follows("`run` ends on line 92.")
    assert one.follows("It begins on line 80.", "Where is `run`?")
