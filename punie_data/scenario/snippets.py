"""Questions about a function whose text is at hand, with answers computed from LibCST's facts and from that text's syntax tree."""

import ast
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from punie_data.code.facts import FunctionFact, Parameter
from punie_data.scenario.phrase import listing, number, pick, sentence
from punie_data.scenario.places import first_sentence

MOST = 8
LONGEST = 60
"""Characters of a default, a decorator or a returned value that an answer quotes."""
AWAITABLE = ("Awaitable", "Coroutine", "Future", "Task")
INJECTED = ("Inject", "Depends", "Annotated")
"""What a parameter is annotated with that somebody else may fill in: whether it may be left out, the signature doesn't say."""
Phrasings = tuple[str, ...]


class Asked(NamedTuple):
    """`counted` is what the answer's number counts, () where it has none."""

    question: str
    answer: str
    counted: tuple[str, ...] = ()


def questions(item: FunctionFact, code: str, near_async: bool, chance: Random) -> list[Asked]:
    """One question of each kind that this function answers. `near_async`: whether its file defines coroutines, else nobody wonders if it is one."""
    found = [
        *_parameters(item, chance),
        *_one_parameter(item, chance),
        *_kind_of_function(item, near_async, chance),
        *_result(item, chance),
    ]
    try:
        [function] = ast.parse(code).body
    except (SyntaxError, ValueError):
        # Syntax of a newer Python than this one: LibCST's facts have to do.
        return found
    if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        found += _body(item, function, code, chance)
    return found


def _asked(chance: Random, asked: Phrasings, told: Phrasings, counted: Sequence[str] = (), **fields: object) -> Asked:  # fmt: skip
    return Asked(pick(chance, asked, **fields), pick(chance, told, **fields), tuple(counted))


def _ticks(names: Sequence[str]) -> str:
    return listing([f"`{name}`" for name in names])


def _bare(annotation: str) -> str:
    """An annotation without the quotation marks of one that is written as a string."""
    inside = annotation[1:-1]
    quoted = (
        annotation[:1] in ('"', "'") and annotation[-1:] == annotation[:1] and annotation[0] not in inside
    )
    return inside if quoted else annotation


def _short(text: str) -> bool:
    return bool(text) and len(text) <= LONGEST and "\n" not in text and "`" not in text


def _parameters(item: FunctionFact, chance: Random) -> Iterator[Asked]:
    own = [p for p in item.parameters if p.name not in ("self", "cls")]
    names = [f"{p.kind}{p.name}" for p in own]
    if not 0 < len(own) <= MOST:
        return
    bound = item.parameters[0].name if item.is_method and item.parameters[0] not in own else ""
    besides = f" besides {bound}" if bound else ""
    fields = {"names": _ticks(names), "count": number(len(own)), "some": sentence(number(len(own))), "besides": besides}  # fmt: skip
    asked: Phrasings = ("How many parameters does it take{besides}?", "Which parameters does it have{besides}?", "What are its parameters{besides}?")  # fmt: skip
    told: Phrasings = ("{some}: {names}.", "It takes {count}: {names}.", "{some}{besides}: {names}.")
    yield _asked(chance, asked, told, names, **fields)
    if not any(p.kind for p in own):
        yield from _defaults(own, chance)
    untyped = [f"{p.kind}{p.name}" for p in own if not p.annotation]
    if untyped and len(untyped) < len(own):
        asked = ("Which parameters lack a type annotation?", "Which of the parameters have no type?", "Where are annotations missing in the signature?")  # fmt: skip
        told = ("{names}.", f"{{names}} {'has' if len(untyped) == 1 else 'have'} none.", "There is none on {names}.")  # fmt: skip
        yield _asked(chance, asked, told, names=_ticks(untyped))


def _defaults(own: Sequence[Parameter], chance: Random) -> Iterator[Asked]:
    optional = [p for p in own if p.default]
    have = "has" if len(own) == 1 else "have"
    if not optional and any(p.annotation.startswith(INJECTED) for p in own):
        return
    if not optional:
        asked: Phrasings = ("May I leave out any of its arguments?", "Is any of its parameters optional?", "Can I call it with fewer arguments?", "Is there a default for anything it takes?")  # fmt: skip
        told: Phrasings = (f"No: {{names}} {have} no default.", f"No, {{names}} {have} to be given.", f"No. There are no defaults, so {{names}} {have} to be passed.")  # fmt: skip
        yield _asked(chance, asked, told, names=_ticks([p.name for p in own]))
    elif all(_short(p.default) for p in optional):
        listed = listing([f"`{p.name}` (default `{p.default}`)" for p in optional])
        asked = ("Which parameters may I leave out?", "Which of its arguments are optional?", "What can I omit when I call it?", "Which parameters have a default, and which one?")  # fmt: skip
        told = ("{listed}.", "You can leave out {listed}.", "Optional: {listed}.")
        yield _asked(chance, asked, told, listed=listed)


def _one_parameter(item: FunctionFact, chance: Random) -> Iterator[Asked]:
    own = [p for p in item.parameters if p.name not in ("self", "cls") and not p.kind]
    with_default = [p for p in own if _short(p.default)]
    if with_default:
        one = chance.choice(with_default)
        asked: Phrasings = ("What's the default of `{name}`?", "What is used if I don't pass `{name}`?", "If I leave out `{name}`, which value does it get?", "Which default does `{name}` have?")  # fmt: skip
        told: Phrasings = ("`{default}`.", "It's `{default}`.", "`{name}` is `{default}` unless you pass something else.")  # fmt: skip
        yield _asked(chance, asked, told, name=one.name, default=one.default)
    annotated = [p for p in own if _short(p.annotation)]
    if annotated:
        one = chance.choice(annotated)
        asked = ("How is `{name}` annotated?", "What do I pass as `{name}`, going by the annotation?", "Which type does the signature give for `{name}`?")  # fmt: skip
        told = ("`{type}`.", "It's annotated as `{type}`.", "`{name}` is annotated as `{type}`.")
        yield _asked(chance, asked, told, name=one.name, type=_bare(one.annotation))


def _kind_of_function(item: FunctionFact, near_async: bool, chance: Random) -> Iterator[Asked]:
    """A decorator may wrap it in something else: then its text doesn't tell what a call gives."""
    if item.decorators:
        if all(_short(d) for d in item.decorators):
            asked: Phrasings = ("Which decorators does it have?", "What is it decorated with?", "Which decorator or decorators are on it?")  # fmt: skip
            told: Phrasings = ("{names}.", "It has {names}.", "It is decorated with {names}.")
            yield _asked(chance, asked, told, names=_ticks([f"@{d}" for d in item.decorators]))
        return
    if item.is_async and not item.is_generator:
        asked = ("Do I have to await it?", "Is this a coroutine function?", "Does a call have to be awaited?", "Must the caller await this?")  # fmt: skip
        told = ("Yes: `{name}` is defined with `async def`, so a call gives a coroutine.", "Yes, it's an `async def`.", "Yes. `{name}` is a coroutine function, so its result has to be awaited.")  # fmt: skip
        yield _asked(chance, asked, told, name=item.name)
    elif item.is_generator and not item.is_async:
        asked = ("Does it return a list, or something that produces its values one by one?", "What do I get from a call, a list or an iterator?", "How does it hand out its values, all at once or one by one?")  # fmt: skip
        told = ("One by one: `{name}` has a `yield` in its body, so a call gives a generator.", "It's a generator, since its body has a `yield`: the values come one by one.", "A generator: there's a `yield` in it.")  # fmt: skip
        yield _asked(chance, asked, told, name=item.name)
    elif near_async and not item.name.startswith("__") and not any(word in item.returns for word in AWAITABLE):  # fmt: skip
        asked = ("Is this a coroutine function?", "Is it async?", "Is it defined as a coroutine function?")
        told = ("No, `{name}` is an ordinary function, defined with a plain `def`.", "No: it's a plain `def`.", "No. `{name}` is defined without async.")  # fmt: skip
        yield _asked(chance, asked, told, name=item.name)


def _result(item: FunctionFact, chance: Random) -> Iterator[Asked]:
    returns = _bare(item.returns)
    # Nobody wonders what `__init__` returns.
    if _short(returns) and not (returns == "None" and item.name.startswith("__")):
        asked: Phrasings = ("What does it return, going by its annotation?", "Which return type does it declare?", "What's the return annotation?", "Which type does the signature promise for the result?")  # fmt: skip
        told: Phrasings = ("`{type}`.", "`{name}` is annotated to return `{type}`.", "It's `{type}`, going by the annotation.")  # fmt: skip
        if returns == "None" and chance.random() < 0.5:
            asked = ("Does it return anything, according to the annotation?", "Is there a result I could use, going by the signature?")  # fmt: skip
            told = ("No: its return annotation is `None`.", "No, it is annotated to return `None`.", "Nothing: the annotation says `None`.")  # fmt: skip
        yield _asked(chance, asked, told, type=returns, name=item.name)
    said = first_sentence(item.docstring)
    if said:
        asked = ("What is it for, going by its docstring?", "What does its docstring say, in a sentence?", "What does it do, according to the docstring?", "In one sentence, please: what is this supposed to do?")  # fmt: skip
        told = ('"{said}"', 'Its docstring says: "{said}"', 'According to the docstring: "{said}"')
        yield _asked(chance, asked, told, said=said)


def _body(item: FunctionFact, function: ast.FunctionDef | ast.AsyncFunctionDef, code: str, chance: Random) -> Iterator[Asked]:  # fmt: skip
    """What stands in the body. A function or class inside it would have a body of its own: no question then."""
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    if any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda) for node in nodes):  # fmt: skip
        return
    stored = _stored(nodes)
    if 0 < len(stored) <= MOST and "setattr(" not in code and "__dict__" not in code:
        asked: Phrasings = ("Which attributes does it set on self?", "What does it store on the instance?", "Which attributes of self does it assign?")  # fmt: skip
        told: Phrasings = ("{names}.", "It sets {names}.", "{some}: {names}.")
        yield _asked(chance, asked, told, stored, names=_ticks(stored), some=sentence(number(len(stored))))
    raised = [_raised(node) for node in nodes if isinstance(node, ast.Raise)]
    if raised and all(raised):
        asked = ("Which exceptions does it raise itself?", "What does it raise explicitly?", "Which exceptions come from its own raise statements?")  # fmt: skip
        told = ("{names}.", "It raises {names}.", "There's a raise for {names}.")
        yield _asked(chance, asked, told, names=_ticks(list(dict.fromkeys(raised))))
    elif not raised and chance.random() < 0.2:
        asked = ("Does it raise anything itself?", "Is there a raise statement in it?", "Does it raise an exception of its own?")  # fmt: skip
        told = ("No, there is no raise statement in it.", "No, not explicitly.", "No: nothing is raised in its own body.")  # fmt: skip
        yield _asked(chance, asked, told)
    caught = [_caught(node) for node in nodes if isinstance(node, ast.ExceptHandler)]
    if caught and all(caught):
        asked = ("Which exceptions does it catch?", "What does it handle with except?", "Which errors does it deal with itself?")  # fmt: skip
        told = ("{names}.", "It catches {names}.", "There is an except clause for {names}.")
        names = list(dict.fromkeys(name for group in caught for name in group))
        yield _asked(chance, asked, told, names=_ticks(names))
    yield from _calls(nodes, code, chance)
    yield from _returned(item, function, nodes, code, chance)


def _stored(nodes: Sequence[ast.AST]) -> list[str]:
    """The attributes of `self` that are assigned, in the order of the text."""
    places = [
        (node.lineno, node.col_offset, f"self.{node.attr}")
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    ]
    return list(dict.fromkeys(name for _, _, name in sorted(places)))


def _raised(node: ast.Raise) -> str:
    """The name of what is raised, "" for what only the run knows: a bare raise, a variable."""
    name = _dotted(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
    return name if name.rpartition(".")[2][:1].isupper() else ""


def _caught(node: ast.ExceptHandler) -> list[str]:
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    names = [_dotted(kind) for kind in kinds]
    return names if all(names) else []


def _calls(nodes: Sequence[ast.AST], code: str, chance: Random) -> Iterator[Asked]:
    calls = sorted((node for node in nodes if isinstance(node, ast.Call)), key=lambda node: (node.lineno, node.col_offset))  # fmt: skip
    names = list(dict.fromkeys(_dotted(node.func) for node in calls))
    if 2 <= len(names) <= 5 and all(name and name in code for name in names):
        asked: Phrasings = (
            "Which functions and methods does it call?",
            "What does it call?",
            "List the calls it makes, please.",
        )
        told: Phrasings = ("{names}.", "It calls {names}.", "{some}: {names}.")
        yield _asked(chance, asked, told, names, names=_ticks(names), some=sentence(number(len(names))))


def _returned(
    item: FunctionFact, function: ast.FunctionDef | ast.AsyncFunctionDef, nodes: Sequence[ast.AST], code: str, chance: Random
) -> Iterator[Asked]:  # fmt: skip
    """The one value that it returns, where a single return is its last statement."""
    last = function.body[-1]
    if item.is_async or item.is_generator or sum(isinstance(node, ast.Return) for node in nodes) != 1:
        return
    if isinstance(last, ast.Return) and last.value is not None:
        value = ast.get_source_segment(code, last.value) or ""
        if _short(value):
            asked: Phrasings = ("What does it return in the end?", "Which expression does it return?", "What does the return statement give back?")  # fmt: skip
            told: Phrasings = ("`{value}`.", "It returns `{value}`.", "It gives back `{value}`.")
            yield _asked(chance, asked, told, value=value)


def _dotted(node: ast.AST | None) -> str:
    """ "a.b.c" for a name with attributes, "" for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
