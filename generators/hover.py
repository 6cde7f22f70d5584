"""What is this symbol: its type, signature and purpose?

user       What type does `code` have at `src/tiny_shop/pricing.py:65:14`?
assistant  hover(file_path="src/tiny_shop/pricing.py", line=65, column=14, symbol="code")
tool       {"success":true,"symbol":"code","content":"str","language":"python","parse_error":null}
assistant  `code` is a `str`.
"""

import re
from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import ClassFact, FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import Use, is_telling, mixed, spot, uses
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox

DOES = (
    "What does `{symbol}` do? It's at {spot}.",
    "Show me the docs for `{symbol}` at {spot}.",
    "I came across `{symbol}` at {spot}. What is it for?",
    "hover `{symbol}` {spot}",
    "Could you explain what `{symbol}` at {spot} is, going by its signature and docstring?",
    "I don't know `{symbol}`, used at {spot}. Quick summary?",
)
RETURNS = (
    "What does `{symbol}` return? I'm looking at {spot}.",
    "What do I get back from `{symbol}` at {spot}?",
    "Return type of `{symbol}`, {spot}?",
)
TYPES = (
    "What type does `{symbol}` have at {spot}?",
    "Which type is inferred for `{symbol}` at {spot}?",
    "I'm adding annotations: what type is `{symbol}` at {spot}?",
    "type of `{symbol}` @ {spot}",
    "`{symbol}` at {spot}: what is it, type-wise?",
    "What will `{symbol}` hold after {spot}, according to the type checker?",
    "Run `hover` on `{symbol}` at {spot}: which type does it show?",
    "In the review we argued about the type of `{symbol}` at {spot}. Which is it?",
)
TYPE_ANSWERS = (
    "Its type is `{type}`.",
    "The type checker infers `{type}` for `{symbol}`.",
    "`{symbol}` has the type `{type}`.",
    "`{type}`.",
)
ANY_ANSWERS = (
    "`Any`: nothing more is known of `{symbol}`.",
    "The type checker only knows `{symbol}` as `Any`.",
)
UNKNOWN_ANSWERS = (
    "The type checker can't tell: it reports `{type}` for `{symbol}`. An annotation, or installing the package it comes from, would help.",
    "No useful type is known there: `{symbol}` is `{type}`.",
)
DOC_ANSWERS = (
    "{doc}\n\n```python\n{signature}\n```",
    "`{symbol}`: {doc} Its signature:\n\n```python\n{signature}\n```",
    "```python\n{signature}\n```\n\n{doc}",
)
CLASS_ANSWERS = (
    "`{symbol}` is a class, documented as follows: “{doc}”",
    "`{symbol}` is a class. {doc}",
    "It's a class; its docstring begins “{doc}”",
)
METHOD_ANSWERS = (
    "{doc}\n\nThe signature: `{call}`.",
    "`{call}`: {doc}",
    "{doc} Its signature is `{call}`.",
)
"""For the methods that the server shows as "bound method …", which is no Python."""
BARE_ANSWERS = (
    "There's no docstring, only the signature:\n\n```python\n{signature}\n```",
    "`{symbol}` has no docstring. Its signature is:\n\n```python\n{signature}\n```",
)
STALE_ANSWERS = (
    "`{symbol}` doesn't stand at `{path}:{line}:{column}`, so there's nothing to show. Is that position still right?",
    "Nothing to show: `{path}:{line}:{column}` isn't where `{symbol}` stands.",
)
LONGEST, PER_FILE = 2000, 3
QUOTAS = {"inferred": 10, "unknown": 1, "bare": 3, "stale": 1}
RULE_LINE = "\n---------------------------------------------\n"
ROLE = re.compile(r":[\w:+.-]+:`~?([^`<]+)`")
SENTENCE = re.compile(r"[A-Z][\w'’-]*[ ,].*?[.!?](?=\s|$)|[A-Z][\w'’-]*[ ,].*", re.DOTALL)
GOOD_TYPE = re.compile(r"[^\n@<]{2,110}")


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Functions and classes with one definition, held against LibCST's signature and docstring; and local names with an inferred type."""
    known: dict[str, FunctionFact | ClassFact] = {}
    for facts in repo.python:
        for item in (*facts.functions, *facts.classes):
            if len(repo.definitions[item.name]) == 1 and not item.is_nested:
                known[item.name] = item
    asked: set[str] = set()
    left = dict(QUOTAS)
    for facts in mixed(repo, chance):
        found = [use for use in uses(repo, facts.path) if is_telling(use.name)]
        chance.shuffle(found)
        taken = 0
        for use in found:
            if taken == PER_FILE:
                break
            target = known.get(use.name)
            is_new = re.match(r" = [^=]", use.after) and use.before.strip() in ("", "self.")
            if (
                use.name in asked
                or not (target or is_new)
                or use.before.lstrip().startswith(("import ", "from "))
            ):
                continue
            if left["stale"] and target and chance.random() < 0.1:
                left["stale"] = 0
                stale = _stale(tools, chance, facts.path, use)
                if stale is not None:
                    yield stale
                continue
            outcome = tools.call(
                "hover", file_path=facts.path, line=use.line, column=use.column, symbol=use.name
            )
            if len(outcome.content) > LONGEST or not outcome.value.success:
                continue
            scene = _known(chance, facts.path, use, outcome, target, left) if target else None
            scene = scene or (_inferred(chance, facts.path, use, outcome, left) if is_new else None)
            if scene is not None:
                asked.add(use.name)
                taken += 1
                yield scene


def _known(
    chance: Random,
    path: str,
    use: Use,
    outcome: Outcome,
    target: FunctionFact | ClassFact,
    left: dict[str, int],
) -> Scene | Rejected | None:
    """A function or class: what it does, or what it returns. None where hover speaks of something else of that name."""
    signature, _, document = outcome.value.content.partition(RULE_LINE)
    where = spot(chance, path, use.line, use.column)
    said = _sentence(document)
    if isinstance(target, ClassFact):
        if signature != f"<class '{target.name}'>" or not said:
            return None
        question = pick(chance, DOES, symbol=use.name, spot=where)
        # The server leaves out what follows a list, so that only the beginnings can be compared.
        if not _flat(target.docstring).startswith(_flat(document.partition("\n\n")[0])[:60]):
            return Rejected("LibCST and the language server disagree", question=question, detail=said)
        return _scene(path, use, outcome, question, pick(chance, CLASS_ANSWERS, symbol=use.name, doc=said))
    if (
        not re.match(rf"(?:bound method [^\n(]*\.|def ){use.name}\b", signature)
        or signature.count("def ") > 1
    ):
        return None
    names = [p.name for p in target.parameters if p.name not in ("self", "cls")]
    if any(not re.search(rf"\b{name}\b", signature) for name in names):
        question = pick(chance, DOES, symbol=use.name, spot=where)
        return Rejected("LibCST and the language server disagree", question=question, detail=signature)
    if target.returns and not re.search(r"Unknown|\.\.\. omitted", signature) and chance.random() < 0.35:
        question = pick(chance, RETURNS, symbol=use.name, spot=where)
        return _scene(path, use, outcome, question, _returned(chance, use.name, signature))
    call = signature.removeprefix("bound method ")
    if (
        "Unknown" in signature
        or "Self@"
        in signature  # the server's own name for a type variable: no annotation that one could write
        or "... omitted" in signature
        or (call != signature and (not said or "\n" in call))
    ):
        return None
    if not said:
        if not left["bare"]:
            return None
        left["bare"] -= 1
    question = pick(chance, DOES, symbol=use.name, spot=where)
    answers = (METHOD_ANSWERS if call != signature else DOC_ANSWERS) if said else BARE_ANSWERS
    answer = pick(chance, answers, symbol=use.name, doc=said, signature=signature, call=call)
    return _scene(path, use, outcome, question, answer)


def _returned(chance: Random, symbol: str, signature: str) -> str:
    kind = _result(signature)
    awaited = re.fullmatch(r"CoroutineType\[Any, Any, (.+)\]", kind)
    if awaited:
        kind = awaited[1]
        if kind == "None":
            return f"A coroutine; awaiting it gives `None`, so `{symbol}` is called for what it does."
        return f"`{symbol}` is a coroutine function: awaiting the call gives `{kind}`."
    if kind == "None":
        return f"Nothing: `{symbol}` returns `None`."
    if kind == "Never" or kind == "NoReturn":
        return f"It never returns: the return type is `{kind}`."
    return pick(
        chance,
        ("`{symbol}` returns `{kind}`.", "The result is of type `{kind}`.", "`{kind}`, by its signature."),
        symbol=symbol,
        kind=kind,
    )


def _result(signature: str) -> str:
    """What stands behind the arrow of the function itself: parameters and results may have arrows of their own."""
    depth = 0
    for at, character in enumerate(signature):
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
            if depth == 0 and signature.startswith(" -> ", at + 1):
                return signature[at + 5 :]
    return signature.rpartition(" -> ")[2]


def _inferred(chance: Random, path: str, use: Use, outcome: Outcome, left: dict[str, int]) -> Scene | None:
    """A name that is assigned right there: its inferred type."""
    kind = outcome.value.content
    if (
        not GOOD_TYPE.fullmatch(kind)
        or "... omitted" in kind
        or "`" in kind
        or kind in ("Never", "property", "object")
        or not left["inferred"]
    ):
        return None
    unknown = "Unknown" in kind or kind == "Any"
    if unknown:
        if not left["unknown"]:
            return None
        left["unknown"] -= 1
    left["inferred"] -= 1
    question = pick(chance, TYPES, symbol=use.name, spot=spot(chance, path, use.line, use.column))
    if kind.isidentifier() and not unknown and chance.random() < 0.5:
        answer = f"`{use.name}` is {'an' if kind[0] in 'aeiouAEIO' else 'a'} `{kind}`."
    else:
        answers = ANY_ANSWERS if kind == "Any" else UNKNOWN_ANSWERS if unknown else TYPE_ANSWERS
        answer = pick(chance, answers, symbol=use.name, type=kind)
    return _scene(path, use, outcome, question, answer)


def _stale(tools: Toolbox, chance: Random, path: str, use: Use) -> Scene | None:
    """A position some lines off, as after an edit."""
    line = use.line + chance.randint(2, 6)
    outcome = tools.call("hover", file_path=path, line=line, column=use.column, symbol=use.name)
    if outcome.ok or "does not stand" not in outcome.content:
        return None
    question = pick(chance, DOES, symbol=use.name, spot=spot(chance, path, line, use.column))
    answer = pick(chance, STALE_ANSWERS, symbol=use.name, path=path, line=line, column=use.column)
    return _scene(path, use, outcome, question, answer)


def _scene(path: str, use: Use, outcome: Outcome, question: str, answer: str) -> Scene:
    return tool_scene(question, outcome, answer, "navigation", symbol=use.name, paths=[path])


def _sentence(document: str) -> str:
    """The first sentence of a docstring, on one line; "" where it does not begin with prose."""
    paragraph = _flat(document.strip("-").strip().partition("\n\n")[0])
    found = SENTENCE.match(ROLE.sub(r"`\1`", paragraph).replace("``", "`"))
    if found is None or len(found[0]) > 300 or found[0].count("`") % 2 or ">>>" in found[0]:
        return ""
    return found[0] if found[0][-1] in ".!?" else f"{found[0].rstrip(':,;')}."


def _flat(text: str) -> str:
    return " ".join(text.split())
