"""`punie-data decontaminate`: what an evaluation asks goes, and what only sounds like it stays."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.cli.decontaminate import decontaminate as command
from punie_data.decontaminate import Blocklist, Options, decontaminate, questions_in, suites
from punie_data.errors import UserError
from tests.conversations import Record, conversation, defined, read_rows, write_rows

LONG = "In `shop/cart.py`, which of the rules about discounts are looked at first, and what happens to the others when one of them applies?"


def blocked(row: Record | str, *questions: str, words: int = 13) -> bool:
    blocklist = Blocklist(words)
    for number, question in enumerate(questions, 1):
        blocklist.add(question, f"suite.jsonl:{number}")
    turns = [row] if isinstance(row, str) else [m["content"] for m in row["messages"] if m["role"] == "user"]
    return blocklist.match(turns, []) is not None


@pytest.mark.parametrize(
    "said",
    [
        "What is dependency injection?",
        "what is `dependency injection`",
        "Hi! What is dependency injection? Thanks a lot.",
        "I'm new here.\nWhat is dependency injection?",
    ],
)
def test_a_short_question_is_found_whole(said: str) -> None:
    """Else an evaluation is trained on in other punctuation, or behind a greeting."""
    assert blocked(said, "What is dependency injection?")


@pytest.mark.parametrize(
    "said",
    [
        "What is dependency injection in svcs?",
        "What is a dependency?",
        "Is it so? What is dependency injection good for? Tell me.",
        "Where is `injection` defined?",
    ],
)
def test_a_short_question_inside_another_is_another(said: str) -> None:
    """Else every question that goes on from a short one is lost."""
    assert not blocked(said, "What is dependency injection?")


def test_two_sentences_are_found_between_others() -> None:
    """Else a question of two sentences is only found where nothing else was said."""
    question = "Find `Cart`. Who calls it?"
    assert blocked(f"Morning. {question} Thanks.", question)
    assert not blocked("Morning. Find `Cart`. Who made it?", question)


def test_a_long_question_is_found_by_a_part_of_it() -> None:
    """Else a copy with another beginning and end passes. Its names have to be there as well."""
    part = "tell me of shop/cart.py which of the rules about discounts are looked at first, and what happens to the others then"
    assert blocked(f"Please {part}.", LONG)
    assert blocked(LONG.upper(), LONG)
    assert not blocked(part.replace("shop/cart.py", "till/till.py"), LONG)
    assert not blocked("Which of the rules about discounts in shop/cart.py are looked at last?", LONG)
    assert blocked("Which of the rules about discounts in shop/cart.py are looked at last?", LONG, words=6)


def test_a_template_alone_is_no_contamination() -> None:
    """Else a suite that was mined with our own templates takes every row of them out of training."""
    asks = "My cursor is on `{}` at {}:3:7. Where is it defined, who calls it, and is there a test of it that I could read first?"
    assert blocked(asks.format("Cart", "a.py"), asks.format("Cart", "a.py"))
    assert not blocked(asks.format("Item", "b.py"), asks.format("Cart", "a.py"))


def test_thanks_are_no_question() -> None:
    """Else a suite with a conversation in it takes out every row that ends politely."""
    rows = conversation("Where is it?", "There.")
    rows["messages"] += [{"role": "user", "content": "Thanks!"}, {"role": "assistant", "content": "Sure."}]
    assert not blocked(rows, "Thanks!")
    assert blocked("Thanks!", "Thanks!")


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({"question": "What?"}, ["What?"]),
        ({"id": 3, "query": "What?", "expected_tools": ["hover"]}, ["What?"]),
        ({"prompt": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "What?"}]}, ["What?"]),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "What?"}]}, {"role": "assistant", "content": "That."}]}, ["What?"]),
        ({"conversations": [{"from": "human", "value": "What?"}, {"from": "gpt", "value": "That."}]}, ["What?"]),
        ({"question": [[{"role": "user", "content": "What?"}], [{"role": "user", "content": "Why?"}]]}, ["What?", "Why?"]),
        ({"turns": ["What?", "Why?"]}, ["What?", "Why?"]),
        ({"instruction": "What?", "output": "That."}, ["What?"]),
        ("What?", ["What?"]),
        ({"answer": "That."}, []),
        (7, []),
    ],
)  # fmt: skip
def test_questions_are_found_in_every_common_shape(row: Any, wanted: list[str]) -> None:
    """Else a suite is read and nothing of it counts."""
    assert questions_in(row) == wanted


ROWS = [defined(name, "shop/cart.py", line) for line, name in enumerate(("Cart", "Item", "Money", "Rule"), 1)]


@given(st.sets(st.integers(0, 3)), st.sets(st.integers(0, 3)))
@settings(max_examples=20, deadline=None)
def test_after_it_nothing_is_shared_and_nothing_else_is_gone(
    tmp_path_factory: pytest.TempPathFactory, trained: set[int], tested: set[int]
) -> None:
    """Else one of the two: contamination stays, or data is lost."""
    if not trained or not tested:
        return
    folder = tmp_path_factory.mktemp("clean")
    rows = write_rows(folder / "rows.jsonl", [ROWS[number] for number in sorted(trained)])
    suite = write_rows(folder / "suite.jsonl", [ROWS[number] for number in sorted(tested)])
    report = decontaminate(rows, folder / "out", [suite])
    kept = (folder / "out" / "examples.jsonl").read_bytes().splitlines()
    given = rows.read_bytes().splitlines()
    assert kept == [line for number, line in zip(sorted(trained), given, strict=True) if number not in tested]
    gone = read_rows(folder / "out" / "rejected.jsonl")
    assert len(kept) + len(gone) == report.rows and all(row["of"].startswith("suite.jsonl:") for row in gone)


def test_everywhere_looks_behind_the_question(tmp_path: Path) -> None:
    """Else what an evaluation asks is learned from a file that was read."""
    rows = write_rows(tmp_path / "rows.jsonl", [conversation("Read the FAQ.", "There.", [("read_file", {"path": "faq.md"}, f"1. {LONG}")])])  # fmt: skip
    suite = write_rows(tmp_path / "suite.jsonl", [{"question": LONG}])
    assert decontaminate(rows, tmp_path / "out", [suite]).kept == 1
    assert decontaminate(rows, tmp_path / "out", [suite], Options(everywhere=True)).kept == 0


def test_of_a_split_dataset_test_and_valid_count(tmp_path: Path) -> None:
    """Else a set is decontaminated against its own training rows, and nothing is left."""
    folder = tmp_path / "split"
    folder.mkdir()
    for part, row in zip(("train", "valid", "test"), ROWS, strict=False):
        write_rows(folder / f"{part}.jsonl", [row])
    report = decontaminate(write_rows(tmp_path / "rows.jsonl", ROWS), tmp_path / "out", [folder])
    assert (report.kept, set(report.against)) == (2, {"valid.jsonl", "test.jsonl"})


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)


def test_the_command_tells_what_it_met_and_in_the_same_bytes(tmp_path: Path) -> None:
    """Else nobody sees which question was in the training data."""
    rows = write_rows(tmp_path / "rows.jsonl", ROWS)
    suite = write_rows(tmp_path / "suite.jsonl", [{"query": "Where is `Item` defined?"}])
    for out in ("one", "two"):
        done = run(rows, "--against", suite, "--out", tmp_path / out, "--no-suites")
        assert done.exit_code == 0 and "suite.jsonl:1 × 1" in done.output and "3 of 4 rows" in done.output
    for file in ("examples.jsonl", "rejected.jsonl", "manifest.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    said = orjson.loads(run(rows, "--against", suite, "--out", tmp_path / "out", "--json").stdout)
    assert said["hits"] == {"suite.jsonl:1": 1}
    rows.write_bytes(rows.read_bytes() + b"[]\n")
    done = run(rows, "--against", suite, "--out", tmp_path / "out")
    assert done.exit_code == 1 and "rows.jsonl:5: " in done.stderr


def test_what_the_user_can_mend_is_said(tmp_path: Path) -> None:
    """Else an evaluation that can't be read counts as clean."""
    rows = write_rows(tmp_path / "rows.jsonl", ROWS)
    suite = tmp_path / "suite.jsonl"
    for text, said in (('{"a": 1}\n', ":1: no question"), ('"What?"\n{\n', ":2: not JSON")):
        suite.write_text(text)
        with pytest.raises(UserError, match=said):
            decontaminate(rows, tmp_path / "out", [suite])
    suite.write_text("\n")
    with pytest.raises(UserError, match="holds no question"):
        decontaminate(rows, tmp_path / "out", [suite])
    with pytest.raises(UserError, match="nothing to compare"):
        decontaminate(rows, tmp_path / "out", [])
    with pytest.raises(UserError, match="where the input lies"):
        decontaminate(rows, tmp_path, [suite])


def test_every_suite_that_ships_can_be_compared_with() -> None:
    """Else the blocklist is there and fails when it is needed."""
    blocklist = Blocklist()
    assert all(blocklist.add_file(suite) > 0 for suite in suites())
