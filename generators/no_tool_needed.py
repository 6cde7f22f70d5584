r"""Looks like work for a tool, and is none: the answer is in the question, in the conversation, or in what the tools say of themselves.

user       Is `asyncio` imported all over the place, or only here and there? I've pasted what I have from `rg -n --trim -g '*.py' '^\s*(from asyncio\b|import (.*, )?asyncio\b)'`:

           ```text
           src/tiny_shop/retry.py:3:import asyncio
           tests/test_orders.py:3:import asyncio
           ```
assistant  Two files: `src/tiny_shop/retry.py` and `tests/test_orders.py`.
"""

import re
from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.documents.english import is_verb, third_person
from punie_data.scenario.ground import evidence, ungrounded
from punie_data.scenario.pasted import PASTED, SNIPPETS, can_be_pasted, forms, function_of
from punie_data.scenario.phrase import bullets, listing, pick, plural, sentence
from punie_data.scenario.readings_of_reports import readings
from punie_data.scenario.scene import Scene, Turn
from punie_data.scenario.snippets import questions
from punie_data.tools.base import REQUIRED
from punie_data.tools.registry import TOOLS
from punie_data.tools.toolbox import Toolbox

ENOUGH_PASTED = (
    "Look at this result of {tool}. {question}\n\n{block}",
    "No need to run anything, I have the result of {tool} here:\n\n{block}\n\n{question}",
    "Below is all that {tool} gave me. {question}\n\n{block}",
    "I have this from {tool} and don't want to run it again:\n\n{block}\n\n{question}",
)
LONGEST_PASTED = 2500
OPENING = re.compile(
    r"(?:Which|What|Where|How|Who|Whose|When|Is|Are|Does|Has|Have|In which|On which|At which|List|Name|Count|Give me|Tell me|Show me)\b"
)
"""What is asked, or ordered so that a result at hand will do: who has run the tool already doesn't say "run it"."""
INSTALLED = re.compile(r"(?:not|n't) installed")
UNSAID = ("list_files", "cst_find_pattern")
"""Their results don't repeat what was asked of them."""
ENOUGH_SNIPPET = (
    "Just from reading this, without opening the file: {small}\n\n{block}",
    "Quick question about this snippet from {path}. {question}\n\n{block}",
    "I've pasted the function, so you needn't open {path}:\n\n{block}\n\n{question}",
    "{question} I mean this one, from {path}:\n\n{block}",
    "About this code:\n\n{block}\n\n{question}",
    "Going only by what's below: {small}\n\n{block}",
)
THANKS = (
    ("Thanks!", "Great, thank you.", "Perfect, that's what I needed.", "Thanks, that helps.", "Good, that settles it.", "OK, thank you, that's all.",
     "Got it, thanks.", "Cheers.", "All right, that's enough for now.", "Nice, thanks a lot.", "ok thx", "That's good to know, thank you."),
    ("You're welcome.", "Glad that helped.", "Any time.", "You're welcome. Good luck with it.", "Happy to help.", "Good. Let me know when there is more.",
     "My pleasure.", "Gladly.", "No problem.", "Glad to be of use. Just ask if anything else comes up."),
)  # fmt: skip
LIST = (
    "As a list, please.",
    "Can you put that into a list?",
    "Bullet points, please.",
    "Reformat that as a list.",
    "One per line, please.",
    "Could I have these one below the other?",
)
TABLE = (
    "Can you make a table of that?",
    "As a Markdown table, please.",
    "Put that into a table, please.",
    "A table would be easier to read.",
    "Show that as a table.",
)
NAMES = (
    "Just the names, separated by commas, please.",
    "Can I have that on one line, only the names?",
    "Drop the rest and give me only what's in front.",
    "Put that on a single line for me, without the details.",
    "Only the first item of each line, please, with commas between.",
)
REVERSED = (
    "The same list the other way round, please.",
    "Can you reverse the order?",
    "Last one first, please.",
    "Turn that list upside down.",
)
NUMBERED = (
    "Number them, please.",
    "Can you number the list?",
    "Make that a numbered list.",
    "The same with numbers in front, please.",
)
ENOUGH = (
    "Is a name such as `{symbol}` enough for `{tool}`, or does it take more?",
    "Does `{tool}` take just a name, say `{symbol}`?",
    "Does `{tool}` work with nothing but a name, `{symbol}` for example?",
    "Can `{tool}` be called with a name alone, say `{symbol}`, and no file?",
    "Is a call of `{tool}` complete with a name like `{symbol}` as its only argument?",
)
NOT_ENOUGH = (
    "The name alone is not enough: `{tool}` also needs `file_path`, `line` and `column`, and none of them can be left out.",
    "No: besides `symbol` it takes `file_path`, `line` and `column`; `{tool}` asks about a position, not about a name.",
    "No, `{tool}` needs the position too: `file_path`, `line` and `column`, lines and columns counted from 1.",
    "It takes more than the name: the file (`file_path`), and the `line` and `column` where the name starts.",
)
DETAILS = (
    "Which arguments must a call of `{tool}` have besides a name such as `{symbol}`?",
    "What does `{tool}` require in addition to a name like `{symbol}`?",
    "`{tool}` on a symbol such as `{symbol}`: what has to be passed apart from the name?",
    "A name such as `{symbol}` is one argument of `{tool}`. What else does it require?",
    "Beyond a name, `{symbol}` say, which parameters of `{tool}` are mandatory?",
)
POSITION = (
    "Besides `symbol` it takes `file_path`, `line` and `column`; `{tool}` asks about a position, not about a name.",
    "`{tool}` needs the position too: `file_path`, `line` and `column`, lines and columns counted from 1.",
    "Apart from the name: the file (`file_path`), and the `line` and `column` where the name starts.",
    "The file, the line and the column where the name starts, as `file_path`, `line` and `column`.",
)
FOLDER = (
    "Can I point `{tool}` at a whole folder such as {folder}, or only at single files?",
    "Does `{tool}` take a folder? I'd like to give it {folder}.",
    "Is {folder} a valid `path` for `{tool}`, or must it be a file?",
    "Would `{tool}` work on {folder} as a whole?",
    "Can `{tool}` do all of {folder} in one call?",
    "{folder} as a whole: is that something `{tool}` accepts?",
    "What may the `path` of `{tool}` be: a file, or also a folder like {folder}?",
)
EITHER = (
    "A folder is fine: `path` may be a file or a folder, relative to the project root.",
    "`{tool}` takes either, a file or a folder, so {folder} works as its `path`.",
    "Files and folders both work as the `path` of `{tool}`.",
    "You can give it {folder}: its `path` is a file or folder, relative to the project root.",
    "Folders are accepted as well as files, so {folder} is all right.",
)
ARGUMENTS = (
    "Which parameters can't be left out when `{tool}` is called?",
    "Which arguments does `{tool}` need?",
    "What does `{tool}` have to be called with?",
    "What must every call of `{tool}` contain?",
    "`{tool}`: which of its parameters are required?",
    "Which arguments of `{tool}` are mandatory, and what do they mean?",
)
MEANING = (
    "What does `{tool}` do?",
    "Before we start: what is `{tool}` good for?",
    "Explain in a sentence what your tool `{tool}` is for.",
    "You have a tool called `{tool}`. What would you use it for?",
    "What can I expect from `{tool}`?",
    "What is `{tool}` for?",
)


def derive(scenes: list[Scene], repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """In turns: pasted output, pasted code, another form for what was said, thanks, and questions about the tools themselves."""
    found = [scene for scene in scenes if scene.kind == "tool" and len(scene.turns) == 1]
    chance.shuffle(found)
    # Pasted output is what tempts most to run the tool again, so it comes most often.
    makers = [_pasted, _reformatted, _pasted, _snippet, _pasted, _about_tool, _thanked]
    first = chance.randrange(len(makers))
    for index in range(len(found)):
        turn = makers[(first + index) % len(makers)]
        # Thanks fit behind everything, and would fill in for all the others: less than one row in ten.
        others = [maker for maker in (_pasted, _reformatted, _snippet, _about_tool) if maker is not turn]
        fitting = others if turn is _thanked and chance.random() < 0.5 else [turn, *others]
        made = next(
            (scene for maker in fitting if (scene := maker(found[index], repo, chance)) is not None), None
        )
        if made is not None:
            yield made


def _pasted(scene: Scene, repo: Repo, chance: Random) -> Scene | None:
    """The user has run the tool already: she asks what she would have asked for, or something else that its result tells."""
    outcome = scene.outcomes[0]
    if len(scene.outcomes) > 1 or not can_be_pasted(outcome, LONGEST_PASTED):
        return None
    own = (scene.question, scene.answer, scene.counted)
    is_asked = scene.question.endswith(("?", ".")) and OPENING.match(scene.question)
    # What is installed here is no matter of what somebody pasted.
    # Nor does an empty list say what was looked for.
    says = outcome.tool not in UNSAID or '":0,' not in outcome.content
    asked = [own] if is_asked and says and not INSTALLED.search(scene.answer) else []
    # "And in `a.py`: …" goes on from a conversation; here there is none. Another draw words it otherwise.
    others = [
        (one.question, one.answer, one.counted)
        for _ in range(3)
        for one in readings(outcome, chance)
        if not one.question.startswith(("And ", "I also")) and not one.question.endswith(", too.")
    ]
    if not asked or chance.random() < 0.5:
        asked = [*others, *asked]
    for question, answer, counted in asked:
        for program, block, text in forms(outcome, question, chance):
            if ungrounded(answer, f"{question}\n{evidence([(text, '')])}", counted) is None:
                made = pick(chance, (*PASTED, *ENOUGH_PASTED), tool=program, block=block, question=question)
                return _direct(scene, made, answer, counted)
    return None


def _snippet(scene: Scene, repo: Repo, chance: Random) -> Scene | None:
    """A short function, pasted whole, and a question that its text answers."""
    found_function = function_of(scene, repo, chance)
    if found_function is None:
        return None
    facts, item, code = found_function
    found = questions(item, code, any(one.is_async for one in facts.functions), chance)
    if not found:
        return None
    asked = found[chance.randrange(len(found))]
    made = pick(
        chance,
        (*SNIPPETS, *ENOUGH_SNIPPET),
        path=facts.path,
        block=f"```python\n{code}\n```",
        question=asked.question,
        small=asked.question[0].lower() + asked.question[1:],
    )
    return _direct(scene, made, asked.answer, (asked.counted,) if asked.counted else ())


def _reformatted(scene: Scene, repo: Repo, chance: Random) -> Scene | None:
    """The same answer in another form."""
    match = re.fullmatch(
        r"(?:.*?: |In |By |On )?((?:`[^`]+`)(?:, `[^`]+`)*,? and `[^`]+`)(?: .*)?\.", scene.answer
    )
    if match and len(re.findall(r"`[^`]+`", scene.answer)) > 2:
        return _again(scene, pick(chance, LIST), bullets(re.findall(r"`[^`]+`", match[1])))
    rows = re.findall(r"^- `([^`:]+\.\w+):(\d+)`: `([^`|]+)`$", scene.answer, re.MULTILINE)
    lines = re.findall(r"^- (.+)$", scene.answer, re.MULTILINE)
    if len(rows) >= 2 and len(rows) == len(lines) and chance.random() < 0.6:
        table = [
            "| file | line | code |",
            "|---|---|---|",
            *(f"| `{file}` | {line} | `{code}` |" for file, line, code in rows),
        ]
        return _again(scene, pick(chance, TABLE), "\n".join(table))
    if not 3 <= len(lines) <= 12 or "```" in scene.answer or re.search(r"(?m)^[ \t]+- ", scene.answer):
        return None
    names = [match[0] for line in lines if (match := re.match(r"`[^`]+`(?=[,:]| \()", line))]
    if len(set(names)) == len(lines) and chance.random() < 0.5:
        return _again(scene, pick(chance, NAMES), ", ".join(names))
    if chance.random() < 0.5:
        return _again(scene, pick(chance, REVERSED), bullets(lines[::-1]))
    numbered = "\n".join(f"{index}. {line}" for index, line in enumerate(lines, 1))
    return _again(scene, pick(chance, NUMBERED), numbered)


def _thanked(scene: Scene, repo: Repo, chance: Random) -> Scene | None:
    return _again(scene, pick(chance, THANKS[0]), pick(chance, THANKS[1]))


def _again(scene: Scene, question: str, answer: str) -> Scene | None:
    return scene.changed(turns=(*scene.turns, Turn(question, (), answer)), kind="direct", program="")


def _about_tool(scene: Scene, repo: Repo, chance: Random) -> Scene | None:
    """What the tools' own descriptions say: whoever is offered them has read those."""
    outcome = scene.outcomes[0]
    tool = TOOLS[outcome.tool]
    needed = [p for p in tool.parameters if p.default is REQUIRED]
    names = tuple(p.name for p in needed)
    if names == ("file_path", "line", "column", "symbol"):
        if chance.random() < 0.5:
            return None
        asked, told = (ENOUGH, NOT_ENOUGH) if chance.random() < 0.5 else (DETAILS, POSITION)
        fields = {"tool": tool.name, "symbol": outcome.arguments["symbol"]}
        return _direct(scene, pick(chance, asked, **fields), pick(chance, told, **fields))
    path = str(outcome.arguments.get("path", ""))
    folder = path.rpartition("/")[0]
    if folder and any(
        p.name == "path" and p.description.startswith("File or folder") for p in tool.parameters
    ):
        return _direct(
            scene,
            pick(chance, FOLDER, tool=tool.name, folder=folder),
            pick(chance, EITHER, tool=tool.name, folder=folder),
        )
    # What follows says nothing of the project, and would be the same in every one.
    if chance.random() < 0.8:
        return None
    if chance.random() < 0.5 or not needed:
        verb, _, rest = tool.description.partition(" ")
        told = f"`{tool.name}` {third_person(verb.lower())} {rest}".replace(" and return ", " and returns ")
        return _direct(
            scene, pick(chance, MEANING, tool=tool.name), told if is_verb(verb) else tool.description
        )
    optional = listing([f"`{p.name}`" for p in tool.parameters if p.default is not REQUIRED])
    listed = "\n".join(f"- `{p.name}`: {p.description[0].lower()}{p.description[1:]}" for p in needed)
    head = f"{sentence(plural(len(needed), 'argument is', 'arguments are'))} required:"
    tail = f"\n\nOptional: {optional}." if optional else ""
    return _direct(scene, pick(chance, ARGUMENTS, tool=tool.name), f"{head}\n\n{listed}{tail}", (names,))


def _direct(scene: Scene, question: str, answer: str, counted: tuple[tuple[str, ...], ...] = ()) -> Scene:
    return Scene(
        turns=(Turn(question, (), answer),),
        category=scene.category,
        kind="direct",
        paths=scene.paths,
        counted=counted,
    )
