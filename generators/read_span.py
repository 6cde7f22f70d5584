"""What do these lines of a file do?

user       Does `find` raise anything? It's lines 32 to 37 of src/tiny_shop/catalogue.py.
assistant  read_file(path="src/tiny_shop/catalogue.py", first_line=32, last_line=37)
tool           def find(self, sku: str) -> Product:…raise UnknownProduct(sku) from None
assistant  `UnknownProduct`.
"""

import builtins
import textwrap
from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts, FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, pick, sentence
from punie_data.scenario.places import first_sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import mixed
from punie_data.tools.toolbox import Toolbox

SPANS = (
    "lines {first}–{last} of {path}",
    "lines {first} to {last} of {path}",
    "{path}, lines {first}–{last}",
    "{path} lines {first}-{last}",
)
WHAT = (
    "What does `{name}` do? It's {span}.",
    "Explain `{name}` to me, please: {span}.",
    "I'm reviewing a change to {span}. What is `{name}` there for?",
    "{Span}: what's `{name}` about?",
    "Read {span} and tell me what `{name}` does.",
    "The function we discussed is `{name}`, {span}. What does it do?",
)
RAISES = (
    "What can `{name}` raise by itself? See {span}.",
    "Does `{name}` raise anything? It's {span}.",
    "Which exceptions do I have to expect from the code of `{name}`, {span}?",
    "{Span}: which exceptions are raised in `{name}`?",
)
CALLS = (
    "What does `{name}` call? It's {span}.",
    "Which functions does `{name}` rely on, going by {span}?",
    "Look at {span}: which calls does `{name}` make?",
    "I want to mock what `{name}` calls. Its code is {span}.",
)
SIGNATURE = (
    "Which parameters does `{name}` take? See {span}.",
    "What's the signature of `{name}`, defined in {span}?",
    "How do I call `{name}`? The code is {span}.",
    "What does `{name}` expect and return? It's {span}.",
)
SHOW = (
    "Show me {span}.",
    "Can you print {span}?",
    "What's on {span}?",
    "My traceback points into {span}. What's there?",
    "Please read {span} to me.",
    "`read_file` {span}, please.",
    "The review comment is on {span}. What's there?",
)
BEYOND = (
    "Show me {span}.",
    "What's on {span}?",
    "A stale stack trace mentions {span}. What's there now?",
)
BEYOND_ANSWERS = (
    "{path} only has {count} lines, so there is nothing at lines {first}–{last}.",
    "Nothing: {path} ends at line {count}.",
    "Those lines don't exist. The file has {count} lines.",
)
LONGEST, MOST_OF_A_FILE = 45, 2


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Functions, each by the lines that hold it; what is said of them is what LibCST sees in those lines."""
    yield from _beyond(repo, tools, chance)
    for facts in mixed(repo, chance):
        functions = [f for f in facts.functions if _is_worth_it(f, facts)]
        for function in chance.sample(functions, min(MOST_OF_A_FILE, len(functions))):
            told = _told(repo, facts, function, chance)
            if told is None:
                continue
            questions, answer = told
            first, last = function.first_line, function.end_line
            span = pick(chance, SPANS, first=first, last=last, path=facts.path)
            outcome = tools.call("read_file", path=facts.path, first_line=first, last_line=last)
            start = sentence(span) if span.startswith("lines") else span
            question = pick(chance, questions, name=function.name, span=span, Span=start)
            yield tool_scene(question, outcome, answer, "reading", symbol=function.name, paths=[facts.path])


def _is_worth_it(function: FunctionFact, facts: FileFacts) -> bool:
    return (
        3 < function.end_line - function.first_line < LONGEST
        and not function.is_nested
        and not function.name.startswith("__")
        and [other.qualname for other in facts.functions].count(function.qualname) == 1
    )


def _told(
    repo: Repo, facts: FileFacts, function: FunctionFact, chance: Random
) -> tuple[tuple[str, ...], str] | None:
    """Questions about the function and the answer to any of them; None where it has nothing of the kind that was drawn."""
    name = f"`{function.name}`"
    doc = first_sentence(function.docstring)
    lines = repo.lines(facts.path)[function.first_line - 1 : function.end_line]
    raises = [r.exception for r in facts.raises if r.function == function.qualname]
    raised = list(dict.fromkeys(raises))
    if any(not name.rpartition(".")[2][:1].isupper() for name in raised):
        return None  # what is raised is a value, and nobody can see here which
    calls = [c.name for c in facts.calls if c.caller == function.qualname and c.line > function.line]
    called = [call for call in dict.fromkeys(calls) if not hasattr(builtins, call) and call not in raised]
    kind = chance.choice(
        ("what", "show") if facts.is_test else ("what", "what", "raises", "calls", "signature", "show")
    )
    if kind == "what" and doc:
        return WHAT, " ".join([f'Its docstring says: "{doc}"', *_traits(function, raised, called)])
    if kind == "raises" and len(raises) == sum(line.lstrip().startswith("raise") for line in lines):
        if not raised and chance.random() < 0.6:
            return None
        if not raised:
            nothing = (
                f"Nothing: {name} has no raise statement of its own.",
                f"{name} raises nothing itself.",
            )
            return RAISES, chance.choice(nothing)
        exceptions = listing([f"`{exception}`" for exception in raised])
        told = (f"{exceptions}.", f"{name} raises {exceptions}.", f"Its code raises {exceptions}.")
        return RAISES, chance.choice(told)
    if kind == "calls" and 0 < len(called) < 9:
        names = listing([f"`{call}`" for call in called])
        if len(called) < len(set(calls)):
            return CALLS, chance.choice(
                (f"Besides builtins, {name} calls {names}.", f"Builtins aside, it's {names}.")
            )
        return CALLS, chance.choice((f"{names}.", f"{name} calls {names}.", f"It calls {names}."))
    if kind == "signature" and not any(
        d.endswith(("property", ".setter", "fixture")) for d in function.decorators
    ):
        return _signature(function)
    if kind == "show" and len(lines) < 16 and not any("```" in line for line in lines):
        code = textwrap.dedent("\n".join(line.expandtabs(4) for line in lines)).strip("\n")
        what = (
            f"{'async ' if function.is_async else ''}{'method' if function.is_method else 'function'} {name}"
        )
        lead = chance.choice((f"That's the {what}:", f"The {what}:", f"Those lines hold the {what}, whole:"))
        return SHOW, f"{lead}\n\n```python\n{code}\n```"
    return None


def _traits(function: FunctionFact, raised: list[str], called: list[str]) -> list[str]:
    """Up to two sentences of what else can be seen."""
    found = []
    if function.is_async and function.is_generator:
        found.append("It's an async generator.")
    elif function.is_async:
        found.append("It's async, so it has to be awaited.")
    elif function.is_generator and not any("contextmanager" in d for d in function.decorators):
        found.append("It's a generator.")
    if 0 < len(called) < 6:
        found.append(f"It calls {listing([f'`{call}`' for call in called])}.")
    if raised:
        found.append(f"It can raise {listing([f'`{exception}`' for exception in raised[:4]])}.")
    if function.returns not in ("", "None") and "`" not in function.returns:
        found.append(f"The return type is `{function.returns}`.")
    return found[:2]


def _signature(function: FunctionFact) -> tuple[tuple[str, ...], str] | None:
    own = [p for p in function.parameters if p.name not in ("self", "cls")]
    if any("`" in p.default + p.annotation for p in own):
        return None
    needed, optional = [], []
    for p in own:
        name = f"`{p.kind}{p.name}{f': {p.annotation}' if p.annotation else ''}`"
        if p.default:
            optional.append(f"{name}, by default `{p.default}`")
        else:
            needed.append(name)
    parts = [f"It takes {listing(needed)}."] if needed else []
    if not own:
        parts.append(f"`{function.name}` takes no arguments.")
    if len(optional) == 1:
        parts.append(
            f"{'There is one optional argument' if needed else 'Its only argument is optional'}: {optional[0]}."
        )
    elif optional:
        parts.append(f"{'Optional' if needed else 'All arguments are optional'}:\n\n{bullets(optional)}\n\n")
    keywords = [f"`{p.name}`" for p in own if p.keyword_only]
    if keywords and len(own) > 1:
        parts.append(f"{listing(keywords)} must be passed by keyword.")
    if function.returns and "`" not in function.returns:
        parts.append(
            f"It returns `{function.returns}`." if function.returns != "None" else "It returns nothing."
        )
    return SIGNATURE, " ".join(parts).replace("\n\n ", "\n\n").strip()


def _beyond(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """Lines that a file doesn't have."""
    files = [facts for facts in repo.sources if 20 < facts.line_count < 900]
    for facts in chance.sample(files, min(2, len(files))):
        first = facts.line_count + chance.randrange(15, 200)
        fields = {"path": facts.path, "first": first, "last": first + chance.randrange(4, 30)}
        span = pick(chance, SPANS, **fields)
        outcome = tools.call("read_file", path=facts.path, first_line=first, last_line=fields["last"])
        answer = pick(chance, BEYOND_ANSWERS, count=facts.line_count, **fields)
        yield tool_scene(pick(chance, BEYOND, span=span), outcome, answer, "reading", paths=[facts.path])
