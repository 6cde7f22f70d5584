"""Which arguments does this function take?

user       Which arguments does `place` (line 46, column 15 of src/tiny_shop/orders.py) take?
assistant  hover(file_path="src/tiny_shop/orders.py", line=46, column=15, symbol="place")
tool       {"success":true,"symbol":"place","content":"def place(\\n    self,\\n    cart: Cart,\\n    day: date\\n) -> CoroutineType[Any, Any, Order]\\n---------------------------------------------\\nTurn a cart into…
assistant  Two parameters, both required:

           - `cart` (`Cart`)
           - `day` (`date`)
"""

import re
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from punie_data.chat import Rejected
from punie_data.code.facts import FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import is_telling, mixed, spot
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox

WHICH = (
    "Which arguments does `{name}` ({spot}) take?",
    "What do I have to pass to `{name}`? It's defined at {spot}.",
    "parameters of `{name}` at {spot}",
    "How is `{name}` called: what goes in, and what's optional? It's at {spot}.",
    "I'm writing a call of `{name}` ({spot}). Remind me of its parameters.",
    "List the parameters of `{name}`, {spot}, with their types.",
    "`hover` over `{name}` at {spot} and list its parameters.",
    "In the review I was asked what `{name}` ({spot}) takes. Which parameters does it have?",
)
OPTIONAL = (
    "Which parameters of `{name}` ({spot}) can I leave out?",
    "Which arguments are optional when calling `{name}` at {spot}?",
    "Which parameters of `{name}` at {spot} have a default?",
)
REQUIRED = (
    "What's the least I must pass to `{name}` ({spot})?",
    "Which arguments of `{name}` at {spot} are mandatory?",
    "Can I call `{name}` ({spot}) without any arguments?",
)
ONE = (
    "What type does the `{parameter}` parameter of `{name}` ({spot}) have?",
    "What may I pass as `{parameter}` to `{name}`, defined at {spot}?",
    "`{name}` at {spot} has a parameter `{parameter}`. Is it optional, and of what type is it?",
)
RULE_LINE = "\n---------------------------------------------\n"
PARAMETER = re.compile(
    r"(?P<stars>\*{0,2})(?P<name>\w+)(?:: (?P<type>.+?))?(?: = (?P<default>.+)|=(?P<bare>.+))?"
)


class Given(NamedTuple):
    """A parameter as the server shows it; `default` is "" where there is none."""

    name: str
    type: str
    default: str
    keyword_only: bool


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Functions with two parameters or more; their names and which of them are optional must be as LibCST says."""
    for facts in mixed(repo, chance):
        functions = [f for f in facts.functions if _is_asked(f)]
        chance.shuffle(functions)
        for function in functions[:3]:
            outcome = tools.call(
                "hover",
                file_path=facts.path,
                line=function.line,
                column=function.column,
                symbol=function.name,
            )
            given = _parameters(outcome.value.content)
            # A type that the server doesn't know, or doesn't spell out, makes no answer.
            if (
                not given
                or len(outcome.content) > 3000
                or any("Unknown" in g.type or "... omitted" in g.type for g in given)
            ):
                continue
            where = spot(chance, facts.path, function.line, function.column)
            own = [p for p in function.parameters if p.name not in ("self", "cls") and not p.kind]
            if [(g.name, bool(g.default)) for g in given] != [(p.name, bool(p.default)) for p in own]:
                question = pick(chance, WHICH, name=function.name, spot=where)
                yield Rejected("LibCST and the language server disagree", question=question)
                continue
            yield _scene(chance, facts.path, function, where, outcome, given)


def _is_asked(function: FunctionFact) -> bool:
    plain = [p for p in function.parameters if p.name not in ("self", "cls")]
    return (
        is_telling(function.name)
        and not function.is_nested
        and not function.is_fixture
        and not any("overload" in d or "property" in d for d in function.decorators)
        and 2 <= len(plain) <= 12
        and not any(p.kind for p in plain)
    )


def _parameters(content: str) -> list[Given]:
    """The parameters that hover shows, one a line; [] for anything but one plain signature."""
    signature = content.partition(RULE_LINE)[0]
    lines = signature.split("\n")
    if len(lines) < 3 or not lines[0].startswith("def ") or not lines[-1].startswith(")"):
        return []
    found: list[Given] = []
    keyword_only = False
    for line in lines[1:-1]:
        text = line.strip().removesuffix(",")
        if text in ("*", "/"):
            keyword_only = keyword_only or text.startswith("*")
            continue
        match = PARAMETER.fullmatch(text)
        if match is None or match["stars"]:
            return []
        if match["name"] not in ("self", "cls"):
            default = match["default"] or match["bare"] or ""
            found.append(Given(match["name"], match["type"] or "", default, keyword_only))
    return found


def _scene(
    chance: Random, path: str, function: FunctionFact, where: str, outcome: Outcome, given: list[Given]
) -> Scene:
    optional = [g for g in given if g.default]
    required = [g for g in given if not g.default]
    fields = {"name": function.name, "spot": where}
    draw = chance.random()
    telling = [g for g in given if g.type not in ("", "object", "Any")]
    if draw < 0.25 and telling:
        one = chance.choice(telling)
        at = chance.randrange(len(ONE))
        question = ONE[at].format(parameter=one.name, **fields)
        answer = _one(one)
        if at == 2:
            answer = f"{'Yes' if one.default else 'No'}: {answer}"
    elif draw < 0.45:
        question = pick(chance, OPTIONAL, **fields)
        answer = _optional(optional)
    elif draw < 0.6:
        at = chance.randrange(len(REQUIRED))
        question = REQUIRED[at].format(**fields)
        answer = _required(required, at == 2)
    else:
        question = pick(chance, WHICH, **fields)
        answer = _all(required, optional)
    groups = [[g.name for g in some] for some in (given, optional, required)]
    return tool_scene(
        question, outcome, answer, "structure", symbol=function.name, paths=[path], counted=groups
    )


def _told(given: Given) -> str:
    """`amount` (`Money`), keyword only, `None` by default."""
    text = f"`{given.name}`"
    if given.type and "`" not in given.type:
        text += f" (`{given.type}`)"
    if given.default and given.default != "...":
        text += f", `{given.default}` by default"
    return text


def _one(one: Given) -> str:
    said = f"`{one.name}` is of type `{one.type}`"
    if not one.default:
        return f"{said} and has to be passed."
    if one.default == "...":
        return f"{said} and is optional."
    return f"{said} and is optional; it defaults to `{one.default}`."


def _optional(optional: list[Given]) -> str:
    if not optional:
        return "None: every parameter has to be passed."
    if len(optional) == 1:
        return f"Only {_told(optional[0])}."
    return f"{sentence(plural(len(optional), 'parameter'))} can be left out:\n\n{bullets([_told(g) for g in optional])}"


def _required(required: list[Given], asks_without: bool) -> str:
    if not required:
        return f"{'Yes' if asks_without else 'Nothing'}: every parameter has a default."
    names = listing([f"{_told(g)}{', by keyword' if g.keyword_only else ''}" for g in required])
    if asks_without:
        spoken = "one argument is" if len(required) == 1 else f"{plural(len(required), 'argument')} are"
        return f"No, {spoken} required: {names}."
    return (
        f"{sentence(names)}."
        if len(required) == 1
        else f"{sentence(plural(len(required), 'argument'))}: {names}."
    )


def _all(required: list[Given], optional: list[Given]) -> str:
    only = [f"`{g.name}`" for g in (*required, *optional) if g.keyword_only]
    note = f"\n\n{listing(only)} can only be passed by keyword." if only and len(only) < 5 else ""
    if not optional or not required:
        some = required or optional
        opening = (
            f"{sentence(plural(len(some), 'parameter'))}, {'all required' if required else 'all optional'}"
        )
        if len(some) == 2:
            opening = opening.replace("all", "both")
        return f"{opening}:\n\n{bullets([_told(g) for g in some])}{note}"
    return f"Required:\n\n{bullets([_told(g) for g in required])}\n\nOptional:\n\n{bullets([_told(g) for g in optional])}{note}"
