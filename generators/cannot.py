"""A request that the tools at hand cannot meet, and an answer that says so.

user       Where do we import `tiny_shop.orders`?
assistant  I can't get at that from here. A tool that searches or reads files would do it, but it isn't among mine.
"""

import re
from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.outside import BEYOND_SHELLS, OUTSIDE
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, Turn
from punie_data.scenario.withdrawn import COMMANDS, LEFT
from punie_data.tools.registry import TOOLS
from punie_data.tools.toolbox import Toolbox

NEEDED: dict[str, tuple[str, ...]] = {
    "goto_definition": ("follows a name to its definition or shows the source", "finds definitions or reads the code"),
    "find_references": ("finds the uses of a symbol or searches the source", "looks up references or searches the code"),
    "hover": ("shows a symbol's type or its source", "shows signatures and docstrings or reads the code"),
    "document_symbols": ("reads the file or lists what it defines", "shows an outline or the source of a file"),
    "workspace_symbols": ("looks symbols up by name or searches the source", "finds a definition by its name or searches the code"),
    "find_implementations": ("finds implementations or searches the source", "knows what overrides or implements what, or searches the code"),
    "call_hierarchy": ("knows which function calls which or reads the source", "follows calls or searches the code"),
    "type_hierarchy": ("knows the class hierarchy or reads the source", "shows bases and subclasses or searches the code"),
    "search_text": ("searches the source or reads it", "looks through the files' text", "searches or reads files"),
    "cst_find_pattern": ("reads or searches the source", "looks into the code"),
    "read_file": ("reads files", "shows what is in a file", "gives me the text of a file"),
    "list_files": ("lists folders or searches file names", "shows which files there are"),
    "ruff_check": ("runs the linter", "runs ruff", "lints anything"),
    "typecheck": ("runs the type checker", "checks types"),
    "git_status": ("talks to git", "shows the state of the working tree"),
    "git_log": ("talks to git", "shows the history"),
    "git_diff": ("talks to git", "shows uncommitted changes"),
    "pytest_run": ("runs tests", "runs pytest"),
    "cst_rename": ("changes the source", "renames anything or edits files"),
    "cst_add_import": ("changes the source", "adds imports or edits files"),
    "write_file": ("writes files", "changes files", "saves anything to disk"),
    "run_command": ("runs commands",),
}  # fmt: skip
"""What a tool that is missing does, as a verb in the third person: behind "none of them", "a tool that" and "nothing I have"."""
WITHDRAWN = (
    "That can't be done with what I have: none of my tools {needed}. I'd rather not guess.",
    "That isn't possible with my current tools. None of them {needed}, so anything I said would be a guess.",
    "I have no way to do that here. What's missing is something that {needed}.",
    "Sorry, I can't: there's no tool here that {needed}. If you can enable one, or paste the relevant output, I'll work from that.",
    "None of the tools I was given {needed}, so I can't do this reliably. With the output of one that does, I could go on.",
    "I can't, because no tool at my disposal {needed}. The rest of my tools don't help with this.",
    "I can't do this with the tools I have: none of them {needed}. Give me one that does, and I can look.",
    "I don't have a tool that {needed}. Without one I could only guess, and I won't.",
    "I can't look at that: there is no tool among mine that {needed}.",
    "My tools don't cover this: none of them {needed}. If you paste what you see, I can go on from there.",
    "Not with what I have: there is no tool here that {needed}. You could look it up and send me the result.",
    "I have no tool that {needed}. Whatever I came up with would be invented.",
    "That's out of reach for me in this session, since no tool here {needed}.",
    "For that I'd need a tool that {needed}, and I don't have one. I won't make something up.",
    "Unfortunately I can't: it takes something that {needed}, and I wasn't given anything of the kind.",
    "I can't get at that from here. A tool that {needed} would do it, but it isn't among mine.",
)
UNTOLD = (
    "I can't answer that with the tools I have here: none of them {needed}. Give me one that does, and I can look.",
    "I'm not able to tell. It takes a tool that {needed}, and I don't have one in this session.",
    "I can't find that out here: nothing I have {needed}.",
    "There's no tool here that {needed}, so I can't say.",
    "I'm unable to answer this: it needs a tool that {needed}, which I don't have.",
    "I lack the right tool for this question, one that {needed}. An answer from memory would not be worth much.",
    "No tool here {needed}, so the question has to stay open. I'd only be guessing.",
    "I can't check that: none of the tools at hand {needed}.",
)
"""Only for what is asked: "Print its source" is not answered with "I'm not able to tell"."""
REQUEST = re.compile(r"(?:Please|Can|Could|Would|Will|Show|Find|List|Check|Run)\b")
OUTSIDE_SHARE = 1 / 3
"""How many rows are requests that no tool is for."""
CHANGES = ("write_file", "cst_rename", "cst_add_import")
UNDONE = (
    "I can't do that with the tools I have here: none of them {needed}. Give me one that does, and I will.",
    "That can't be done with what I have: none of my tools {needed}.",
    "I'm not able to do that. It takes a tool that {needed}, and I don't have one in this session.",
    "That isn't possible with my current tools: none of them {needed}. Nothing has been changed.",
    "I have no way to do that here. What's missing is something that {needed}.",
    "Sorry, I can't: there's no tool here that {needed}. If you can enable one, I'll do it.",
    "None of the tools I was given {needed}, so I can't: this one is yours to do.",
    "I can't, because no tool at my disposal {needed}. The rest of my tools don't help with this.",
    "I can't make that change: none of my tools {needed}.",
    "I don't have a tool that {needed}, so I can't do it. Nothing has been touched.",
    "There's no tool here that {needed}. Everything is as it was.",
    "I'm unable to do this: it takes a tool that {needed}, which I wasn't given.",
    "For that I'd need something that {needed}, and I have no tool of the kind. You'd have to do it yourself.",
    "Not in this session, I'm afraid: no tool here {needed}.",
    "I can't carry that out. It takes a tool that {needed}, and there is none among mine.",
    "My tools don't allow that: none of them {needed}. I haven't changed anything.",
    "No tool here {needed}, so I have to leave this to you.",
    "Unfortunately that can't be done from here, because nothing I have {needed}.",
)
"""What was to be done, not told: there is no output to paste and nothing to guess."""


def derive(scenes: list[Scene], repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """The same question without any tool that could answer it; now and then a request that no tool is for."""
    # Of a call that failed, a listing of files may tell as much: its question stays answerable.
    found = [
        scene
        for scene in scenes
        if scene.kind == "tool" and len(scene.turns) == 1 and all(outcome.ok for outcome in scene.outcomes)
    ]
    chance.shuffle(found)
    for scene in found:
        # By chance and not every third: of one generator's rows a few are taken, and a third of them would never come.
        if chance.random() < OUTSIDE_SHARE:
            yield _outside(scene, repo, chance)
            continue
        used = [outcome.tool for outcome in scene.outcomes]
        change = next((tool for tool in used if tool in CHANGES), "")
        if scene.category == "editing" and not change:
            # A file that was to be written unless it is there: what lists files sees that it is, and nothing needs to be read.
            continue
        left = [LEFT.get(outcome.tool, ()) for outcome in scene.outcomes]
        staying = [name for name in TOOLS if all(name in one for one in left)]
        # In Code Mode every tool can be reached, so it goes with the others.
        withheld = tuple(name for name in TOOLS if name not in staying)
        if len(staying) < 2:
            continue
        is_asked = scene.question.endswith("?") and not REQUEST.match(scene.question)
        if change and is_asked:
            # "Where would it go?" asks for nothing to be changed, and what it asks for could be read.
            continue
        answers = UNDONE if change else (*WITHDRAWN, *UNTOLD) if is_asked else WITHDRAWN
        # Of several calls the last one tells what was asked for; those before it only lead there.
        answer = pick(chance, answers, needed=chance.choice(NEEDED[change or used[-1]]))
        yield Scene(
            turns=(Turn(scene.question, (), answer),),
            category=scene.category,
            kind="cannot",
            symbol=scene.symbol,
            paths=scene.paths,
            withheld=withheld,
        )


def _outside(scene: Scene, repo: Repo, chance: Random) -> Scene:
    """What no tool is for. On most of it a command line could be tried, so that goes."""
    # Code, which there are questions about: "How many people will use LICENSE?" is none.
    shown = [path for path in repo.paths if path.endswith(".py")] or repo.paths
    path = next((path for path in scene.paths if path in shown), shown[0])
    family = OUTSIDE[chance.randrange(len(OUTSIDE))]
    questions, answers = family
    question = pick(chance, questions, project=repo.title, path=path)
    return Scene(
        turns=(Turn(question, (), pick(chance, answers)),),
        category="workflow",
        kind="cannot",
        paths=(path,) if path in question else (),
        withheld=() if family in BEYOND_SHELLS else COMMANDS,
    )
