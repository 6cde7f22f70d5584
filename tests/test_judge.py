"""The judge: what may become a row. Each refusal beside a near-miss that passes."""

from pathlib import Path

import pytest

from punie_data.chat import Example, Rejected
from punie_data.code.repo import Repo
from punie_data.generate.judge import MAXIMUM_CHARACTERS, judge
from punie_data.generate.offers import offered
from punie_data.scenario.scene import Scene, Turn, direct_scene, tool_scene
from punie_data.tools.base import Outcome
from punie_data.tools.registry import TOOLS

HOVER = {"file_path": "src/shop/cart.py", "line": 12, "column": 5, "symbol": "Cart"}
QUESTION = "What is `Cart` at src/shop/cart.py:12:5?"
CONTENT = '{"success":true,"symbol":"Cart","content":"class Cart","language":"python","parse_error":null}'


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    (tmp_path / "README.md").write_text("# Shop\n\nA `Cart` holds items until they are ordered.\n")
    return Repo("shop", tmp_path, "abc", "MIT", ["README.md"], {}, False)


def outcome(result: str = CONTENT, tool: str = "hover", **arguments: object) -> Outcome:
    return Outcome(tool, arguments or HOVER, result, result, 0, "ty 0")


def reason(scene: Scene, repo: Repo) -> str:
    verdict = judge(scene, repo, "test", 0)
    return f"{verdict.reason}: {verdict.detail}" if isinstance(verdict, Rejected) else ""


def test_a_true_row_passes_and_is_written_down_whole(repo: Repo) -> None:
    """Else nothing would be made at all."""
    row = judge(
        tool_scene(QUESTION, outcome(), "`Cart` is a class.", "navigation", symbol="Cart"), repo, "test", 0
    )
    assert isinstance(row, Example)
    assert [message.role for message in row.messages] == ["user", "assistant", "tool", "assistant"]
    assert row.messages[1].tool_calls[0].id == row.messages[2].tool_call_id == row.runs[0].call_id
    assert row.origin.repo == "shop" and row.label.kind == "tool"


@pytest.mark.parametrize(
    ("question", "answer", "result", "because"),
    [
        (QUESTION, "`Cart` is a class with 3 methods.", CONTENT, "says 3"),
        ("What is `Cart` at src/shop/cart.py, column 5?", "A class.", CONTENT, "hover(line=12)"),
        ("What is `Cart` at line 12, column 5?", "A class.", CONTENT, "hover(file_path="),
        (
            "What is that at src/shop/cart.py:12:5?",
            "A class.",
            CONTENT.replace("Cart", "It"),
            "hover(symbol=",
        ),
        (QUESTION, "A class.", "AKIA" + "Q3ZJ7RW5TN2XKHBD", "a secret"),
        (QUESTION, "Ask jane@acme.io.", CONTENT, "personal data"),
        (QUESTION, "A class.", "<|im_end|>", "mark-up"),
        (QUESTION, "A class.", "bad \ufffd bytes", "not text"),
        (QUESTION, "A class.", "x" * MAXIMUM_CHARACTERS, "longer than"),
        (QUESTION, " ", CONTENT, "empty"),
    ],
)
def test_what_may_not_be_a_row(question: str, answer: str, result: str, because: str, repo: Repo) -> None:
    """Else the training data holds what nobody said, or what nobody may see."""
    assert because in reason(tool_scene(question, outcome(result), answer, "navigation"), repo)


@pytest.mark.parametrize(
    ("question", "answer", "result"),
    [
        (QUESTION, "A class.", "AKIA" + "A" * 15),
        (QUESTION, "Write to jane@example.com.", CONTENT),
        (QUESTION, "A class.", "a <b>tag</b> and <|this|"),
        (QUESTION, "A class, one of a kind.", CONTENT),
        ("What is `Cart`, on line twelve, column 5 of src/shop/cart.py?", "A class.", CONTENT),
    ],
)
def test_near_misses_pass(question: str, answer: str, result: str, repo: Repo) -> None:
    """Else good rows are lost to the checks."""
    assert reason(tool_scene(question, outcome(result), answer, "navigation"), repo) == ""


def test_the_same_call_twice_is_refused_unless_something_was_written(repo: Repo) -> None:
    """Else the model learns to repeat itself (a predecessor made 20 identical calls and never answered)."""
    assert "same call twice" in reason(
        tool_scene(QUESTION, [outcome(), outcome()], "A class.", "navigation"), repo
    )
    write = outcome("Wrote 1 characters to a.py", "write_file", path="a.py", content="x")
    question = "Write `x` to a.py, twice."
    assert reason(tool_scene(question, [write, write], "Done: a.py.", "editing"), repo) == ""


def test_an_address_in_what_is_written_is_refused(repo: Repo) -> None:
    """Else the model writes an address that the result it read had taken out."""
    write = outcome("Wrote 9 characters to a.py", "write_file", path="a.py", content="# by jane@acme.io")
    question = "Put the author's line into a.py."
    assert "personal data" in reason(tool_scene(question, write, "Done: a.py.", "editing"), repo)


def test_a_direct_answer_is_held_against_the_lines_it_cites(repo: Repo) -> None:
    """Else "from the documentation" would be a claim."""
    good = direct_scene(
        "What does a cart do?",
        "A `Cart` holds items until they are ordered.",
        "concept",
        spans=["README.md:3-3"],
    )
    assert reason(good, repo) == ""
    assert "Basket" in reason(
        direct_scene("What?", "A `Basket` holds items.", "concept", spans=["README.md:3-3"]), repo
    )


def test_kind_and_calls_must_agree(repo: Repo) -> None:
    """Else a row labelled direct would call, and the mix would be a lie."""
    scene = Scene((Turn(QUESTION, (outcome(),), "A class."),), "navigation", kind="direct")
    assert "disagree" in reason(scene, repo)
    assert "disagree" in reason(
        Scene((Turn("Which file?", (), "Which one?"),), "navigation", kind="tool"), repo
    )


def test_a_later_call_may_use_what_an_earlier_one_returned(repo: Repo) -> None:
    """Else there could be no workflows; but only in that order."""
    found = outcome(
        '{"matches":[{"file":"src/shop/cart.py","line":12,"column":5,"text":"class Cart"}]}',
        "search_text",
        pattern="Cart",
    )
    question = "What is `Cart`?"
    assert reason(tool_scene(question, [found, outcome()], "A class.", "workflow"), repo) == ""
    assert "nobody had said" in reason(tool_scene(question, [outcome(), found], "A class.", "workflow"), repo)


def test_what_is_called_is_offered(repo: Repo) -> None:
    """A conversation of two scenes called what the first of them must not offer: a row that shows a call of a tool that isn't there."""
    good = tool_scene(QUESTION, outcome(), "A class.", "navigation")
    assert reason(good.changed(withheld=("read_file",)), repo) == ""
    assert reason(good.changed(withheld=("hover",)), repo) == "calls what must not be offered: hover"


def test_offered_tools() -> None:
    """Else a row calls what it does not offer, or a withdrawn tool is offered after all."""
    scene = tool_scene(QUESTION, outcome(), "A class.", "navigation").changed(withheld=("read_file",))
    offers = [offered(scene, str(seed)) for seed in range(60)]
    assert all(
        "hover" in tools and "read_file" not in tools and "execute_code" not in tools for tools in offers
    )
    assert len(set(offers)) > 5
    assert len({offered(scene.changed(withheld=()), str(seed)) for seed in range(60)}) > 10
    assert all(list(tools) == [name for name in TOOLS if name in tools] for tools in offers)
    assert offered(tool_scene("q", outcome(tool="execute_code", code="1"), "a", "code"), "x") == (
        "execute_code",
    )
