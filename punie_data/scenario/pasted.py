"""What a user pastes into a question: a result as its program printed it or as our tool returned it, and a word on what was run."""

import json
import re
from collections.abc import Iterator
from random import Random

from punie_data.code.facts import FileFacts, FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.printed import printed
from punie_data.scenario.scene import Scene
from punie_data.tools.base import Outcome
from punie_data.tools.registry import TOOLS

PASTED = (
    "I already ran {tool}; this came back:\n\n{block}\n\n{question}",
    "Here's the output of {tool}:\n\n{block}\n\n{question}",
    "{question} This is what I have, printed by {tool}:\n\n{block}",
    "A colleague sent me this output of {tool}. {question}\n\n{block}",
    "From my log of {tool}:\n\n{block}\n\n{question}",
    "A minute ago {tool} said this:\n\n{block}\n\n{question}",
    "{block}\n\nThat's from {tool}. {question}",
    "{question} I've pasted what I have from {tool}:\n\n{block}",
    "That's what I have so far, from {tool}:\n\n{block}\n\n{question}",
    "{question} All I've looked at until now is what came from {tool}:\n\n{block}",
)
"""For a result that answers the question and for one that doesn't: which it is must be read in the result."""
SNIPPETS = (
    "Here's a function from {path}:\n\n{block}\n\n{question}",
    "{question}\n\n{block}",
    "I'm looking at this code in {path}:\n\n{block}\n\n{question}",
    "Given\n\n{block}\n\n{question}",
    "This is from {path}:\n\n{block}\n\n{question}",
    "{block}\n\n{question}",
)
"""For a function whose text answers the question, and for one whose text doesn't."""
COMMON = {"ruff": "the linter", "ty": "the language server", "rg": "the text search", "git": "git"}
EDITS = ("cst_rename", "cst_add_import")
"""Their result is a file to be written, not a finding that one passes on."""
QUOTED = re.compile(r"[`\n]")
"""What a command inside backticks can't hold."""


def can_be_pasted(outcome: Outcome, longest: int) -> bool:
    """Whether a user could have this result at hand, whole, in at most `longest` characters."""
    tool = TOOLS[outcome.tool]
    return (
        outcome.ok
        and not outcome.truncated
        and not tool.changes_files
        and not tool.calls_tools
        and outcome.tool not in EDITS
        and "```" not in outcome.content
        and len(outcome.content) <= longest
    )


def forms(
    outcome: Outcome, question: str, chance: Random, exact: bool = False
) -> Iterator[tuple[str, str, str]]:
    """(what the user ran, what she pastes, its text): now and then as the program prints it, else as the tool returns it.

    `exact`: with all arguments, whatever the question and the text tell of them.
    """
    command, text = printed(outcome)
    if text and "```" not in text and chance.random() < 0.6:
        yield f"`{command}`", f"```text\n{text}\n```", text
    language = "json" if outcome.content[:1] == "{" else "text"
    name = _program(outcome, question, chance, exact)
    if name and outcome.content.strip():
        yield name, f"```{language}\n{outcome.content.rstrip()}\n```", outcome.content


def _program(outcome: Outcome, question: str, chance: Random, exact: bool) -> str:
    """What the user would say she ran, with its arguments where nothing else tells them; "" where they can't be written down."""
    said = f"{question}\n{outcome.content}"
    if (exact and outcome.arguments) or not all(
        _is_said(value, said) for value in outcome.arguments.values()
    ):
        given = (
            f"{key}={value if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)}"
            for key, value in outcome.arguments.items()
        )
        call = f"{outcome.tool}({', '.join(given)})"
        return "" if QUOTED.search(call) else f"`{call}`"
    known = "the type checker" if outcome.tool == "typecheck" else COMMON.get(TOOLS[outcome.tool].program, "")
    return known if known and chance.random() < 0.6 else f"`{outcome.tool}`"


def _is_said(value: object, text: str) -> bool:
    """Whether the argument stands there by itself: in "src/shop/cart.py" nobody says that only "src/shop" was looked at."""
    if not isinstance(value, str) or value in ("", "."):
        return value is not True
    written = {value, json.dumps(value, ensure_ascii=False)[1:-1]}
    return any(re.search(rf"(?<![\w./-]){re.escape(one)}(?![\w/-]|\.\w)", text) for one in written)


def function_of(scene: Scene, repo: Repo, chance: Random) -> tuple[FileFacts, FunctionFact, str] | None:
    """A short function of the file that the scene is about, the one that it is about if there is one, with its text; None where there is none."""
    facts = next((repo.facts[path] for path in scene.paths if path in repo.facts), None)
    if facts is None:
        return None
    short = [
        item
        for item in facts.functions
        if 3 <= item.end_line - item.first_line <= 24
        and not item.is_nested
        and not item.name.startswith("test_")
    ]
    if not short:
        return None
    named = [item for item in short if item.name == scene.symbol.rpartition(".")[2]]
    item = named[0] if named else short[chance.randrange(len(short))]
    code = _dedented(repo.lines(facts.path)[item.first_line - 1 : item.end_line])
    return None if "```" in code else (facts, item, code)


def _dedented(lines: list[str]) -> str:
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:].rstrip() for line in lines).strip("\n")
