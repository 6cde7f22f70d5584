"""Suites that somebody chose: each line means one row, or it is said which line doesn't."""

from pathlib import Path

import orjson
import pytest

from punie_data.errors import UserError
from punie_data.evaluate.picks import picked

SUITES = Path(__file__).parent.parent / "data" / "suites"
FOURTEEN = {
    "read_file", "write_file", "run_command", "typecheck", "ruff_check", "pytest_run", "goto_definition", "find_references", "hover",
    "document_symbols", "workspace_symbols", "git_status", "git_diff", "git_log",
}  # fmt: skip


def rows(name: str) -> list[dict]:
    return [orjson.loads(line) for line in (SUITES / f"{name}.jsonl").read_bytes().splitlines()]


@pytest.mark.parametrize("file", sorted((SUITES / "picks").glob("*.txt")), ids=lambda file: file.stem)
def test_each_shipped_suite_is_what_its_picks_say(file: Path) -> None:
    """Else the list and the suite would drift apart, and nobody could make it again."""
    _, chosen = picked(file, rows(file.stem))
    assert sorted(row["id"] for row in chosen) == sorted(row["id"] for row in rows(file.stem))


def test_fourteen_tools_asks_for_each_of_the_fourteen() -> None:
    """Else a tool that a model has forgotten would not be noticed."""
    called = {call["function"]["name"] for row in rows("fourteen-tools") for message in row["messages"] for call in message.get("tool_calls") or ()}  # fmt: skip
    assert called == FOURTEEN


def test_every_query_of_multi_round_has_two_rounds() -> None:
    """Else it is a single-turn suite under another name."""
    for row in rows("multi-round"):
        assert sum(message["role"] == "user" for message in row["messages"]) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tool itsdangerous: What is this?\n", "picks.txt:1: no row asks this of itsdangerous"),
        ("# about\n\njust a question?\n", "picks.txt:3: write KIND REPOSITORY: QUESTION"),
        ("# nothing\n", "names no query"),
    ],
)
def test_a_line_that_means_no_row_is_told(text: str, said: str, tmp_path: Path) -> None:
    """Else a suite would silently lack what its list names."""
    (tmp_path / "picks.txt").write_text(text)
    with pytest.raises(UserError, match=said.replace("?", r"\?")):
        picked(tmp_path / "picks.txt", rows("discrimination-5"))


def test_a_question_that_two_rows_ask_is_told(tmp_path: Path) -> None:
    """Else which of two gold answers counts would be chance."""
    two = rows("discrimination-5")
    question = two[0]["messages"][0]["content"]
    (tmp_path / "picks.txt").write_text(f"{two[0]['label']['kind']} {two[0]['origin']['repo']}: {question}\n")
    assert picked(tmp_path / "picks.txt", two)[1] == [two[0]]
    with pytest.raises(UserError, match="2 rows ask"):
        picked(tmp_path / "picks.txt", [*two, two[0]])
