"""Looks like work for a tool, and is none: the answer is in the question, in the conversation, or in what the tools say of themselves.

user       Given

           ```python
           def discount(self, cart: Cart) -> Money:
               for line in cart.lines():
                   if line.product.sku == self.sku:
                       return line.product.price * (line.quantity // 3)
               return ZERO
           ```

           What does it return, going by its annotation?
assistant  `discount` is annotated to return `Money`.
"""

import re
from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FunctionFact
from punie_data.code.repo import Repo
from punie_data.documents.english import is_verb, third_person
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.readings_of_reports import readings
from punie_data.scenario.scene import Scene, Turn
from punie_data.tools.base import REQUIRED, Outcome
from punie_data.tools.registry import TOOLS
from punie_data.tools.toolbox import Toolbox

PASTED = (
    "I already ran {tool}; this came back:\n\n```json\n{content}\n```\n\n{question}",
    "Here's the output of {tool}:\n\n```json\n{content}\n```\n\n{question}",
    "{question} This is what {tool} printed:\n\n```json\n{content}\n```",
    "No need to run anything, I have the result of {tool} here:\n\n```json\n{content}\n```\n\n{question}",
    "A colleague sent me this output of {tool}. {question}\n\n```json\n{content}\n```",
    "From my log of {tool}:\n\n```json\n{content}\n```\n\n{question}",
)
SNIPPET = (
    "Here's a function from {path}:\n\n```python\n{code}\n```\n\n{question}",
    "{question}\n\n```python\n{code}\n```",
    "I'm looking at this code in {path}:\n\n```python\n{code}\n```\n\n{question}",
    "Just from reading this, without opening the file: {small}\n\n```python\n{code}\n```",
    "Given\n\n```python\n{code}\n```\n\n{question}",
    "Quick question about this snippet from {path}. {question}\n\n```python\n{code}\n```",
)
THANKS = (
    ("Thanks!", "Great, thank you.", "Perfect, that's what I needed.", "Thanks, that helps.", "Good, that settles it.", "OK, thank you, that's all."),
    ("You're welcome.", "Glad that helped.", "Any time.", "You're welcome. Good luck with it.", "Happy to help.", "Good. Let me know when there is more."),
)  # fmt: skip
LIST = (
    "As a list, please.",
    "Can you put that into a list?",
    "Bullet points, please.",
    "Reformat that as a list.",
    "One per line, please.",
)
TABLE = (
    "Can you make a table of that?",
    "As a Markdown table, please.",
    "Put that into a table, please.",
    "A table would be easier to read.",
    "Show that as a table.",
)
ENOUGH = (
    "I want to ask you about `{symbol}`. Is the name enough for `{tool}`, or do you need more?",
    "If I only give you the name `{symbol}`, can you use `{tool}`?",
    "What do you need besides the name `{symbol}` to call `{tool}`?",
    "Before I ask about `{symbol}`: what does `{tool}` need?",
    "Do I have to give a line and a column for `{tool}`, or will `{symbol}` do?",
    "`{tool}` on `{symbol}`: which details must I give you for that?",
)
NOT_ENOUGH = (
    "The name alone is not enough: `{tool}` also needs `file_path`, `line` and `column`, and none of them can be left out.",
    "Besides `symbol` it takes `file_path`, `line` and `column`; `{tool}` asks about a position, not about a name.",
    "`{tool}` needs the position too: `file_path`, `line` and `column`, lines and columns counted from 1.",
    "More than the name: the file (`file_path`), and the `line` and `column` where the name starts.",
)
FOLDER = (
    "Can I point `{tool}` at a whole folder such as {folder}, or only at single files?",
    "Does `{tool}` take a folder? I'd like to give it {folder}.",
    "Is {folder} a valid `path` for `{tool}`, or must it be a file?",
    "Would `{tool}` work on {folder} as a whole?",
    "Must I call `{tool}` once for each file in {folder}?",
    "{folder} as a whole: is that something `{tool}` accepts?",
)
EITHER = (
    "A folder is fine: `path` may be a file or a folder, relative to the project root.",
    "`{tool}` takes either, a file or a folder, so {folder} works as its `path`.",
    "Files and folders both work as the `path` of `{tool}`.",
    "You can give it {folder}: its `path` is a file or folder, relative to the project root.",
)
ARGUMENTS = (
    "What do I have to give you so that you can use `{tool}`?",
    "Which arguments does `{tool}` need?",
    "What does `{tool}` have to be called with?",
    "If I want you to use `{tool}`, what do you need from me?",
    "`{tool}`: which of its parameters are required?",
    "What information is needed for `{tool}`?",
)
MEANING = (
    "What does `{tool}` do?",
    "Before we start: what is `{tool}` good for?",
    "Explain in a sentence what your tool `{tool}` is for.",
    "You have a tool called `{tool}`. What would you use it for?",
    "What can I expect from `{tool}`?",
    "When would you use `{tool}`?",
)


def derive(scenes: list[Scene], repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """In turns: pasted output, pasted code, another form for what was said, thanks, and questions about the tools themselves."""
    found = [scene for scene in scenes if scene.kind == "tool" and len(scene.turns) == 1]
    chance.shuffle(found)
    makers = [_pasted, _snippet, _reformatted, _thanked, _about_tool]
    chance.shuffle(makers)
    for index in range(len(found)):
        turn = index % len(makers)
        # Thanks fit behind everything, and would fill in for all the others: less than one row in ten.
        fitting = [makers[turn], *(maker for maker in makers if maker not in (makers[turn], _thanked))]
        if makers[turn] is _thanked and chance.random() < 0.6:
            fitting = fitting[1:]
        made = next(
            (scene for maker in fitting if (scene := maker(found[index], repo, chance)) is not None), None
        )
        if made is not None:
            yield made


def _pasted(scene: Scene, repo: Repo, chance: Random) -> Scene | None:
    """The user has run the tool already."""
    outcome = scene.outcomes[0]
    content = outcome.content
    if len(scene.outcomes) > 1 or len(content) > 1500 or "```" in content:
        return None
    for reading in readings(outcome, chance):
        # "And in `a.py`: …" goes on from a conversation; here there is none.
        if not reading.question.startswith(("And ", "I also")):
            question = pick(
                chance, PASTED, tool=_program(outcome), content=content, question=reading.question
            )
            return _direct(scene, question, reading.answer, reading.counted)
    return None


def _program(outcome: Outcome) -> str:
    """What the user would say she ran."""
    if outcome.tool == "typecheck":
        return "the type checker"
    named = {"ruff": "ruff", "ty": "the language server", "rg": "ripgrep", "git": "git"}
    return named.get(TOOLS[outcome.tool].program, f"`{outcome.tool}`")


def _snippet(scene: Scene, repo: Repo, chance: Random) -> Scene | None:
    """A short function, pasted whole, and a question that its text answers."""
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
    item = short[chance.randrange(len(short))]
    code = _dedented(repo.lines(facts.path)[item.first_line - 1 : item.end_line])
    found = _questions(item)
    if "```" in code or not found:
        return None
    question, answer, counted = found[chance.randrange(len(found))]
    small = question[0].lower() + question[1:]
    asked = pick(
        chance,
        SNIPPET,
        path=facts.path,
        code=code,
        question=question,
        small=small,
    )
    return _direct(scene, asked, answer, (counted,) if counted else ())


def _dedented(lines: list[str]) -> str:
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:].rstrip() for line in lines).strip("\n")


def _questions(item: FunctionFact) -> list[tuple[str, str, tuple[str, ...]]]:
    """(question, answer, what the answer counts) for what LibCST says of the function."""
    own = tuple(p.name for p in item.parameters if p.name not in ("self", "cls"))
    ticked = listing([f"`{name}`" for name in own])
    found: list[tuple[str, str, tuple[str, ...]]] = []
    if own:
        besides = " besides `self`" if item.is_method and item.parameters[0].name == "self" else ""
        found.append(
            (
                f"How many parameters does it take{besides.replace('`', '')}?",
                f"{sentence(number(len(own)))}{besides}: {ticked}.",
                own,
            )
        )
        optional = tuple(p.name for p in item.parameters if p.default and p.name in own)
        if optional:
            found.append(
                (
                    "Which parameters may I leave out?",
                    f"{listing([f'`{name}`' for name in optional])}: {'it has a default' if len(optional) == 1 else 'they have defaults'}.",
                    (),
                )
            )
        else:
            if not any(p.kind for p in item.parameters):
                found.append(
                    (
                        "May I leave out any of its arguments?",
                        f"No: {ticked} {'has' if len(own) == 1 else 'have'} no default, so {'it has' if len(own) == 1 else 'both have' if len(own) == 2 else 'all of them have'} to be given.",
                        (),
                    )
                )
        untyped = [p.name for p in item.parameters if p.name in own and not p.annotation]
        if untyped and len(untyped) < len(own):
            found.append(
                (
                    "Which parameters lack a type annotation?",
                    f"{listing([f'`{name}`' for name in untyped])}.",
                    (),
                )
            )
    if item.is_async:
        found.append(
            (
                "Do I have to await it?",
                f"Yes. `{item.name}` is defined with `async def`, so a call gives a coroutine that has to be awaited.",
                (),
            )
        )
    elif not item.is_generator:
        found.append(
            (
                "Is this a coroutine?",
                f"No, `{item.name}` is an ordinary function, defined with a plain `def`.",
                (),
            )
        )
    if item.is_generator:
        found.append(
            (
                "Does it return a list, or something that produces its values one by one?",
                f"One by one: `{item.name}` has a `yield` in its body, so a call gives a generator.",
                (),
            )
        )
    if item.returns and "\n" not in item.returns:
        found.append(
            (
                "What does it return, going by its annotation?",
                f"`{item.name}` is annotated to return `{item.returns}`."
                if item.returns != "None"
                else "Nothing: it is annotated to return `None`.",
                (),
            )
        )
    if item.decorators and all("`" not in d and "\n" not in d for d in item.decorators):
        found.append(
            (
                "Is it decorated, and with what?",
                f"Yes, with {listing([f'`@{d}`' for d in item.decorators])}.",
                (),
            )
        )
    return found


def _reformatted(scene: Scene, repo: Repo, chance: Random) -> Scene | None:
    """The same answer in another form."""
    items = re.findall(r"`[^`]+`", scene.answer)
    match = re.fullmatch(
        r"(?:.*?: |In |By |On )?((?:`[^`]+`)(?:, `[^`]+`)*,? and `[^`]+`)(?: .*)?\.", scene.answer
    )
    if match and len(items) > 2:
        return _again(scene, pick(chance, LIST), bullets(re.findall(r"`[^`]+`", match[1])))
    rows = re.findall(r"^- `([^`:]+\.\w+):(\d+)`: `([^`|]+)`$", scene.answer, re.MULTILINE)
    if len(rows) >= 2 and len(rows) == scene.answer.count("\n- ") + scene.answer.startswith("- "):
        table = [
            "| file | line | code |",
            "|---|---|---|",
            *(f"| `{file}` | {line} | `{code}` |" for file, line, code in rows),
        ]
        return _again(scene, pick(chance, TABLE), "\n".join(table))
    return None


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
        answer = pick(chance, NOT_ENOUGH, tool=tool.name)
        return _direct(
            scene, pick(chance, ENOUGH, tool=tool.name, symbol=outcome.arguments["symbol"]), answer
        )
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
