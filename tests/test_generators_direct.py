"""What the central test cannot know: answers from documents are the documents' words, and derived rows are what their kind says."""

import json
import re

import pytest

from punie_data.chat import Example
from punie_data.code.repo import Repo
from punie_data.documents.leaning import is_loose
from punie_data.documents.passages import sentences
from tests.conftest import make_tiny_shop
from tests.mined import everything, opened

MINED = ("concept", "comparison", "best_practice", "how_to", "architecture", "docstring_concept")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
ADDED = {"is", "a", "an", "the", "are", "holds"}
"""The only words that a docstring's first sentence may be given: "Return x" becomes "`f` returns x", "The X class" "`m` holds the X class"."""


@pytest.fixture(scope="module")
def mined(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("direct")
    with opened(make_tiny_shop(folder / "tiny_shop"), folder / "cache") as (repo, tools):
        yield repo, tools, everything(repo, tools)


def span_of(repo: Repo, example: Example) -> str:
    path, _, lines = example.origin.spans[0].rpartition(":")
    first, last = map(int, lines.split("-"))
    return "\n".join(repo.lines(path)[first - 1 : last])


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


@pytest.mark.parametrize("name", MINED)
def test_every_word_of_an_answer_stands_in_its_span(name: str, mined) -> None:
    """Else an answer would be invented: the judge looks at names, numbers and code only."""
    repo, _, rows = mined
    for _, example in rows[name]:
        source = words(f"{span_of(repo, example)} {example.question}")
        known = set(source) | {f"{word}s" for word in source} | {f"{word}es" for word in source} | ADDED
        assert [word for word in words(example.answer) if word not in known] == [], example.answer


@pytest.mark.parametrize("name", MINED)
def test_a_span_holds_little_more_than_its_answer(name: str, mined) -> None:
    """Else a span of the whole file would prove anything."""
    repo, _, rows = mined
    for _, example in rows[name]:
        assert len(words(span_of(repo, example))) <= 1.5 * len(words(example.answer)) + 12


@pytest.mark.parametrize("name", MINED)
def test_answers_stand_by_themselves_and_questions_name_the_project(name: str, mined) -> None:
    """Else someone would be asked about "the cart" of nobody knows which project, and answered "see above"."""
    _, _, rows = mined
    assert rows[name]
    for _, example in rows[name]:
        assert "tiny-shop" in example.question
        assert example.label.kind == "direct" and not example.runs
        prose = FENCE.sub("", example.answer)
        for sentence in (one for paragraph in prose.split("\n\n") for one in sentences(paragraph)):
            assert not is_loose(sentence.rstrip(":")), sentence


def test_asking_rows_withhold_what_they_ask_for(mined) -> None:
    """Else the model would learn to ask for what it has been told."""
    _, _, rows = mined
    assert len(rows["ask"]) > 20
    renamings = {
        (str(outcome.arguments["old_name"]), str(outcome.arguments["new_name"]))
        for made in rows.values()
        for scene, _ in made
        for outcome in scene.outcomes
        if outcome.tool == "cst_rename"
    }
    for _, example in rows["ask"]:
        assert example.answer.endswith("?") and not example.runs
        assert not re.search(r":\d+|\bline \d|\bcolumn \d", example.question)
        assert not any(
            f"`{old}`" in example.question and f"`{new}`" in example.question for old, new in renamings
        )


ANSWERS = {
    "git_status": {"git_status", "git_diff", "git_log"},
    "git_log": {"git_status", "git_diff", "git_log"},
    "ruff_check": {"ruff_check", "read_file", "search_text"},
    "typecheck": {"typecheck", "read_file", "hover"},
    "find_references": {"find_references", "search_text", "read_file", "call_hierarchy", "git_diff"},
    "goto_definition": {"goto_definition", "workspace_symbols", "search_text", "read_file", "hover"},
    "read_file": {"read_file", "search_text", "document_symbols", "hover", "cst_find_pattern"},
    "list_files": {"list_files", "search_text", "workspace_symbols"},
    "cst_rename": {"cst_rename", "write_file", "read_file", "find_references"},
}


def test_refusing_rows_offer_no_tool_that_could_answer(mined) -> None:
    """Else the model would learn to give up in front of the right tool."""
    _, _, rows = mined
    asked = {
        example.question: scene for made in rows.values() for scene, example in made if scene.kind == "tool"
    }
    withdrawn = [
        (example, asked[example.question]) for _, example in rows["cannot"] if example.question in asked
    ]
    assert len(withdrawn) > 20
    for example, source in withdrawn:
        for outcome in source.outcomes:
            assert outcome.tool not in example.tools
            assert not ANSWERS.get(outcome.tool, set()) & set(example.tools), example.question
        assert not {"run_command", "execute_code"} & set(example.tools)


def test_programs_really_ran_and_really_called_the_tools(mined) -> None:
    """Else Code Mode's rows would show output that no program printed."""
    _, tools, rows = mined
    tried = 0
    for scene, example in rows["code_mode"][:20]:
        [outcome] = scene.outcomes
        again = tools.call("execute_code", code=outcome.arguments["code"])
        assert again.content == outcome.content and outcome.inner
        assert example.tools == ("execute_code",) and example.label.category == "code"
        tried += 1
    assert tried > 5


def test_a_follow_up_needs_no_call_and_tells_something_new(mined) -> None:
    """Else the second turn would repeat the first, or be answered from nothing."""
    _, _, rows = mined
    assert len(rows["follow_up"]) > 8
    for scene, example in rows["follow_up"]:
        first, second = scene.turns
        assert first.outcomes and not second.outcomes and example.answer == second.answer
        # Short answers may coincide: one line added, one removed.
        assert second.answer not in first.answer or len(second.answer) < 20, second.question


def test_pasted_results_are_real_ones(mined) -> None:
    """Else the questions about pasted output would be about output that no tool gave."""
    _, _, rows = mined
    known = {outcome.content for made in rows.values() for scene, _ in made for outcome in scene.outcomes}
    pasted = [
        block
        for _, example in rows["no_tool_needed"]
        for block in re.findall(r"```json\n(.*?)\n```", example.question)
    ]
    assert pasted
    for block in pasted:
        json.loads(block)
        assert block in known


def test_questions_about_a_tool_are_answered_by_its_own_description(mined) -> None:
    """Else a tool would be described as it is not; and it must be offered, or the question would be about nothing."""
    _, _, rows = mined
    named = [
        (scene, example)
        for scene, example in rows["no_tool_needed"]
        if re.search(r"`(\w+_\w+)`", example.question)
    ]
    assert named
    for _, example in named:
        for tool in re.findall(
            r"`((?:find|git|goto|cst|search|read|list|type|call|document|workspace|ruff)_\w+)`",
            example.question,
        ):
            assert tool in example.tools


def test_no_row_of_these_has_a_phrasing_twice(mined) -> None:
    """Else two rows of one repository would be near duplicates by construction."""
    _, _, rows = mined
    for name in MINED:
        spans = [example.origin.spans for _, example in rows[name]]
        assert len(set(spans)) >= len(spans) - 1, name
