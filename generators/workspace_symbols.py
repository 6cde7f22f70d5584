"""Where in the project is something of this name?

user       Find the definition of `Outbox` for me, please; I don't know which module it's in.
assistant  workspace_symbols(query="Outbox")
tool       {"success":true,"query":"Outbox","symbol_count":1,"symbols":[{"name":"Outbox","kind":"class","file":"src/tiny_shop/notifications.py","line":16,"contai…
assistant  `Outbox` is a class in `src/tiny_shop/notifications.py`, line 16.
"""

from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import is_telling
from punie_data.tools.results import WorkspaceSymbol
from punie_data.tools.toolbox import Toolbox

EXACT = (
    "Where is `{name}` defined?",
    "Which file has `{name}` in it?",
    "I need to open {name}. Where is it?",
    "Find the definition of `{name}` for me, please; I don't know which module it's in.",
    "A traceback mentions `{name}`. Where in the project is that?",
    "{name}: which file, which line?",
    "Somebody in the review talked about `{name}`. Can you locate it?",
    "Ask `workspace_symbols` for {name}: where is it defined?",
    "Where in {project} is `{name}` defined?",
    "The ticket is about `{name}` but doesn't say where it lives. Which file is it in?",
    "Which file of {project} holds `{name}`?",
)
KINDS = (
    "Is `{name}` a class, a function or something else, and where does it live?",
    "What kind of thing is `{name}` here?",
)
PARTS = (
    "What do we have with `{part}` in its name?",
    "I only remember that it was called something with {part}. What are the candidates?",
    "List every class, function or constant whose name has `{part}` in it.",
    "Search the project's symbols for {part}.",
    "Run `workspace_symbols` for {part} and list what has it in its name.",
    "Is there anything named after `{part}` in this project already?",
)
ABSENT = (
    "Is there anything called `{name}` in this project?",
    "Does this project already define `{name}` somewhere?",
    "Do we have something called {name}?",
    "Which module has `{name}`? I'd like to reuse it.",
)
ABSENT_ANSWERS = (
    "No, the project defines nothing called `{name}`, nor anything with a similar name.",
    "No: no class, function or variable of the project matches `{name}`.",
    "No, there's no `{name}` here; the search for it finds nothing at all.",
)
NOWHERE_ANSWERS = (
    "None: no class, function or variable of the project matches `{name}`.",
    "There's no `{name}` here; the search for it finds nothing at all.",
)
KIND_ANSWERS = (
    "A {kind}, defined in `{file}`, line {line}.",
    "`{name}` is a {kind}; you find it at `{file}:{line}`.",
)
EXACT_ANSWERS = (
    "`{name}` is a {kind} in `{file}`, line {line}.",
    "In `{file}`, line {line}; it's a {kind}.",
    "`{file}:{line}` (a {kind}).",
)
INVENTED = (
    "RateLimiter", "retry_with_backoff", "parse_timestamp", "FeatureFlags", "send_email", "PluginManager", "UserRepository", "slugify",
    "DatabaseSession", "load_dotenv", "BackgroundWorker", "to_camel_case", "CircuitBreaker", "memoize", "PaginatedResponse", "hash_password",
    "EventBus", "chunked", "Singleton", "render_markdown", "JsonFormatter", "validate_email", "LRUCache", "flatten_dict",
)  # fmt: skip
MOST, ABSENT_QUOTA, SHOWN = 14, 3, 8


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Names of the project's own classes and functions, whole and in part; and names that it doesn't have."""
    names = _names(repo)
    exact = list(names)
    chance.shuffle(exact)
    parts = sorted({part for name in names for part in _words(name)})
    chance.shuffle(parts)
    absent = [name for name in INVENTED if name not in repo.definitions]
    chance.shuffle(absent)
    left = ABSENT_QUOTA
    while exact or parts:
        draw = chance.random()
        if draw < 0.12 and left and absent:
            scene = _absent(tools, chance, absent.pop())
            left -= scene is not None
        elif parts and (draw < 0.4 or not exact):
            scene = _part(tools, chance, parts.pop())
        else:
            scene = _exact(repo, tools, chance, exact.pop())
        if scene is not None:
            yield scene


def _names(repo: Repo) -> list[str]:
    """Names of the project itself, none of their definitions inside a function: the server doesn't list those."""
    found: dict[str, bool] = {}
    for facts in repo.python:
        for item in (*facts.classes, *facts.functions):
            found[item.name] = found.get(item.name, True) and not item.is_nested
    own = {item.name for facts in repo.sources for item in (*facts.classes, *facts.functions)}
    return [
        name
        for name, plain in found.items()
        if plain and name in own and is_telling(name) and ("_" in name or name.lower() != name)
    ]


def _words(name: str) -> list[str]:
    """The words of a name that are worth a search."""
    words = "".join(f" {c}" if c.isupper() else c for c in name).replace("_", " ").split()
    return [word for word in words if len(word) > 4]


def _absent(tools: Toolbox, chance: Random, name: str) -> Scene | None:
    outcome = tools.call("workspace_symbols", query=name)
    if outcome.value.symbols:
        return None
    at = chance.randrange(len(ABSENT))
    answer = pick(chance, NOWHERE_ANSWERS if at == len(ABSENT) - 1 else ABSENT_ANSWERS, name=name)
    return tool_scene(ABSENT[at].format(name=name), outcome, answer, "search", symbol=name)


def _exact(repo: Repo, tools: Toolbox, chance: Random, name: str) -> Scene | Rejected | None:
    outcome = tools.call("workspace_symbols", query=name)
    symbols = outcome.value.symbols
    own = [symbol for symbol in symbols if symbol.name == name]
    if len(symbols) > MOST:
        return None
    places = {(symbol.file, symbol.line) for symbol in own if symbol.kind in ("class", "function", "method")}
    question = pick(chance, EXACT, name=name, project=repo.title)
    if not places.issuperset(repo.definitions[name]):
        return Rejected("LibCST knows a definition that the server doesn't", question=question)
    files = [symbol.file for symbol in own]
    if len(own) > 1:
        opening = chance.choice(
            (
                f"`{name}` is defined {'twice' if len(own) == 2 else plural(len(own), 'time')}:",
                f"In {plural(len(own), 'place')}:",
                f"There are {number(len(own))} of that name:",
            )
        )
        answer = f"{opening}\n\n{_list(own)}"
        return tool_scene(question, outcome, answer, "search", symbol=name, paths=files, counted=[files])
    [only] = own
    asks_kind = chance.random() < 0.2
    if asks_kind:
        question = pick(chance, KINDS, name=name)
    answers = KIND_ANSWERS if asks_kind else EXACT_ANSWERS
    answer = pick(chance, answers, name=name, kind=only.kind, file=only.file, line=only.line)
    alike = [s.name for s in symbols if name.lower() in s.name.lower() and not s.name.startswith("test")]
    alike = [other for other in dict.fromkeys(alike) if other != name]
    if alike and not asks_kind:
        told = [f"`{other}`" for other in alike[: 3 if len(alike) > 4 else 4]]
        if len(alike) > 4:
            told.append(f"{number(len(alike) - 3)} more")
        answer += f" Not to be confused with {listing(told)}."
    return tool_scene(question, outcome, answer, "search", symbol=name, paths=files, counted=[alike[3:]])


def _part(tools: Toolbox, chance: Random, part: str) -> Scene | None:
    outcome = tools.call("workspace_symbols", query=part)
    symbols = outcome.value.symbols
    # The server matches letters in order; only what really holds the word is an answer to the question.
    held = [symbol for symbol in symbols if part.lower() in symbol.name.lower()]
    if not 1 < len(held) <= MOST or len(symbols) > 2 * MOST:
        return None
    at = chance.randrange(len(PARTS))
    question = PARTS[at].format(part=part)
    answer, groups = _held(chance, part, held, at == len(PARTS) - 1)
    return tool_scene(question, outcome, answer, "search", symbol=part, counted=groups)


def _held(
    chance: Random, part: str, held: Sequence[WorkspaceSymbol], asks_whether: bool
) -> tuple[str, list[list[str]]]:
    """The list; `asks_whether` there are any is a question for yes or no."""
    shown = held if len(held) <= SHOWN + 1 else held[:SHOWN]
    rest = held[len(shown) :]
    lines = bullets([f"`{s.name}` ({s.kind}), `{s.file}:{s.line}`" for s in shown])
    spoken = plural(len(held), "symbol")
    opening = chance.choice(
        (
            f"{sentence(spoken)} with “{part}” in the name:",
            f"{sentence(spoken)}:",
            f"There are {number(len(held))}:",
        )
    )
    if asks_whether:
        opening = f"Yes, {spoken}:"
    more = f"\n\nand {number(len(rest))} more, among them `{rest[0].name}`." if rest else ""
    return f"{opening}\n\n{lines}{more}", [[s.name for s in held], [s.name for s in rest]]


def _list(symbols: Sequence[WorkspaceSymbol]) -> str:
    return bullets([f"`{s.file}:{s.line}` ({s.kind})" for s in symbols])
