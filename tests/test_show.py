"""`punie-data show`: rows as a person reads them, and nothing of theirs acts on the terminal."""

import io
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from punie_data.cli.show import show
from punie_data.errors import UserError
from punie_data.show import Wanted, plain, render, sample
from tests.test_validate_rows import GOOD, code, direct, find, references


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    rows = [*GOOD.values(), *(direct(f"A cart holds {n} items.", spans=["README.md:1-2"]) for n in range(40))]
    (tmp_path / "examples.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(show, [str(argument) for argument in arguments], catch_exceptions=False)


def printed(row: dict[str, Any], colour: bool = False, fold: int = 14) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False, markup=False, force_terminal=colour, color_system="standard" if colour else None)  # fmt: skip
    render(row, console, fold)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_row_reads_as_a_conversation() -> None:
    """Rows are judged by reading them; JSON on one line is not read."""
    text = printed(find(result=references(1)))
    lines = text.splitlines()
    assert "tool · navigation · references" in lines[0]
    assert lines[1].startswith("user       Where is `Cart` used")
    assert (
        lines[2]
        == 'assistant  find_references(file_path="src/shop/cart.py", line=12, column=7, symbol="Cart")'
    )
    assert lines[3] == "tool       {"
    assert lines[4] == '             "success": true,'
    assert lines[-3].startswith("assistant  `Cart` is used")
    assert lines[-2] == "origin     tiny_shop 1.0 · MIT · ty 0.0.105"


def test_a_long_result_is_folded_and_a_short_one_is_not() -> None:
    """A result of a thousand lines would hide the answer; one line left out to say that a line was left out helps nobody."""
    text = "\n".join(f"line {n}" for n in range(20))
    assert "… 6 more lines" in printed(find(result=text))
    assert "line 19" not in printed(find(result=text))
    assert "line 19" in printed(find(result=text), fold=0)
    short = "\n".join(f"line {n}" for n in range(15))
    assert "line 14" in printed(find(result=short))
    assert "more lines" not in printed(find(result=short))


def test_code_stands_on_lines_of_its_own() -> None:
    """Code with \\n in it is not read."""
    text = printed(code("r = typecheck()\nprint(r.error_count)"))
    assert (
        "assistant  execute_code(code=…)\n               r = typecheck()\n               print(r.error_count)\n"
        in text
    )


def test_there_is_colour_on_a_terminal_and_none_in_a_pipe(dataset: Path) -> None:
    """Escape sequences in a file are rubbish."""
    assert "\x1b[" in printed(GOOD["one call"], colour=True)
    assert "\x1b" not in run(dataset).output


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_no_text_acts_on_the_terminal(text: str) -> None:
    """Mined text may hold escape sequences, made to hide what stands there or to type into the shell."""
    for where in (
        direct(text or "x", question=text or "x"),
        find(result=text, arguments={text: text, "code": f"{text}\n{text}"}),
    ):
        out = printed(where)
        assert all(c.isprintable() or c.isspace() for c in out)
        assert not set(out) & set("\x1b\x9b\r\b\x07\u202e\u2066\x0b\x0c\x85\u2028")


def test_what_prints_is_left_alone() -> None:
    """Escaping too much makes honest text unreadable."""
    assert plain("naïve “quotes” → 漢字 🐍\n  x") == "naïve “quotes” → 漢字 🐍\n  x"
    assert plain("a\tb\r\nc") == "a   b\nc"
    assert plain("\x1b[31mred\u202e") == "\\x1b[31mred\\u202e"
    assert "[bold]" in printed(direct("[bold]x[/bold] :smile:"))


def test_the_same_seed_shows_the_same_rows_and_another_seed_others(dataset: Path) -> None:
    """Two people who talk about "the rows that show printed" must mean the same ones."""
    assert run(dataset, "--json").output == run(dataset, "--json", "--seed", 0).output
    assert len({run(dataset, "--json", "--seed", seed).output for seed in range(5)}) > 1


def test_every_row_is_as_likely_as_any_other(dataset: Path) -> None:
    """A sample of the first rows shows one generator."""
    total = len((dataset / "examples.jsonl").read_bytes().splitlines())
    seen = Counter(
        row["id"]
        for seed in range(600)
        for row in sample([dataset / "examples.jsonl"], Wanted(), 5, seed).rows
    )
    expected = 600 * 5 / total
    assert len(seen) == total
    assert max(seen.values()) < 1.6 * expected
    assert min(seen.values()) > 0.5 * expected


def test_rows_are_chosen_by_what_they_are(dataset: Path) -> None:
    """Reading fifty rows of one kind is how a generator is judged."""
    kinds = [
        orjson.loads(line)["label"]["kind"]
        for line in run(dataset, "--kind", "ask", "--rows", 50, "--json").output.splitlines()
    ]
    assert kinds == ["ask"]
    assert "git_log(count=2)" in run(dataset, "--tool", "git_log").output
    wanted = GOOD["code"]["id"]
    assert wanted in run(dataset, "--id", wanted[:12]).output
    assert "1 of 1 rows" in run(dataset, "--id", wanted[:12]).output
    with pytest.raises(UserError, match="none of 49 rows fits"):
        run(dataset, "--generator", "absent")


def test_lines_that_are_no_rows_are_counted_and_not_shown(tmp_path: Path) -> None:
    """One broken line must not keep the others from being read."""
    file = tmp_path / "rows.jsonl"
    file.write_bytes(
        b'{"a"\n[1]\n' + orjson.dumps(GOOD["ask"]) + b"\n" + orjson.dumps({**GOOD["ask"], "label": 3}) + b"\n"
    )
    assert "3 lines are no rows" in run(file).output
    file.write_bytes(b"[1]\n" + orjson.dumps(GOOD["ask"]) + b"\n")
    assert "1 line is no row " in run(file).output
    file.write_bytes(b"null\n")
    with pytest.raises(UserError, match="punie-data validate says why"):
        run(file)


def test_rejected_rows_are_shown_too(tmp_path: Path) -> None:
    """What was rejected is read to mend its generator."""
    file = tmp_path / "rejected.jsonl"
    file.write_bytes(
        orjson.dumps({"reason": "x", "example": GOOD["ask"]}) + b"\n" + b'{"reason": "x", "example": null}\n'
    )
    assert "Rename the function." in run(file).output
