"""Words that stood in rows of one kind only, so that a model could tell the kind without understanding the question."""

import re

import pytest

from punie_data.generators import discover, load


def words_of(name: str) -> list[str]:
    """Every template of a generator, questions and answers."""
    found: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, tuple):
            for each in value:
                collect(each)
        elif hasattr(value, "questions"):
            collect(value.questions)

    for key, value in vars(load(discover()[name])).items():
        if not key.startswith("__"):
            collect(value)
    return found


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("lint", "ruff_check"),
        ("type_errors", "typecheck"),
        ("status", "git_status"),
        ("log", "git_log"),
        ("diff", "git_diff"),
        ("read_file", "read_file"),
        ("document_symbols", "document_symbols"),
        ("list_files", "list_files"),
        ("search_text", "search_text"),
        ("workspace_symbols", "workspace_symbols"),
        ("references", "find_references"),
        ("definition", "goto_definition"),
        ("hover", "hover"),
        ("callers", "call_hierarchy"),
        ("subclasses", "type_hierarchy"),
    ],
)
def test_a_call_is_ordered_by_the_tools_name_too(name: str, tool: str) -> None:
    """A tool's name in backticks stood only in questions about the tools, which need no call: the name alone told the kind."""
    assert any(f"`{tool}`" in words for words in words_of(name))


@pytest.mark.parametrize(
    "name",
    ["lint", "type_errors", "log", "diff", "document_symbols", "workspace_symbols", "references", "definition", "hover",
     "callers", "callees", "subclasses", "importers", "raises", "todos", "read_span"],
)  # fmt: skip
def test_who_refers_to_an_earlier_talk_may_name_the_thing(name: str) -> None:
    """ "The file from the ticket" stood only where the file is missing and must be asked for."""
    talk = re.compile(r"\b(?:ticket|review|reviewer|meeting|agreed|discussed|talked)\b")
    named = re.compile(r"\{(?:path|symbol|name|module|spot|span)\}")
    assert any(talk.search(words) and named.search(words) for words in words_of(name))


@pytest.mark.parametrize(
    "name",
    ["subclasses", "importers", "library_bases", "decorators", "todos", "list_files", "workspace_symbols", "raises",
     "usage_example", "references", "callers", "search_text"],
)  # fmt: skip
def test_the_project_is_called_by_its_name_where_tools_are_needed(name: str) -> None:
    """Its name stood only in questions that are answered without a call."""
    assert any("{project}" in words for words in words_of(name))
