r"""Which functions are async?

user       What does src/tiny_shop/payments.py await?
assistant  cst_find_pattern(file_path="src/tiny_shop/payments.py", pattern="Await")
tool       {"success":true,"match_count":1,"matches":[{"line":59,"column":12,"code_snippet":"return await provider.charge(order_number, amount)","node_type":"Awa…
assistant  Only on line 59: `return await provider.charge(order_number, amount)`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, pick, plural, sentence
from punie_data.scenario.places import Place, by_file, line_list, ticked
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import mixed
from punie_data.tools.toolbox import Toolbox

ASYNC = r"^\s*async def \w+"
WHICH = (
    "Which functions in {path} are async?",
    "List the coroutines that {path} defines.",
    "I'm looking for async entry points. Which are there in {path}?",
    "What do I have to await from {path}? Give me its async functions.",
    "async defs in {path}?",
    "Could you tell me which methods and functions of {path} are declared with async def?",
    "{path} came up in the meeting. Which of its functions are async?",
)
WHERE = (
    "Where are async functions defined in {path}?",
    "Which files under {path} define coroutines?",
    "I want to know how much of {path} is async. Which functions, and where?",
    "Show me every async def below {path}.",
)
COUNT = (
    "How many async functions are there in {path}?",
    "Count the coroutine functions in {path}, please.",
    "number of async defs in {path}?",
    "I'm porting {path} to anyio. How many async functions am I looking at?",
)
ANY = (
    "Is there any async code in {path}?",
    "Does {path} define coroutines?",
    "Does anything in {path} have to be awaited, or is it all synchronous?",
    "Any async functions in {path}?",
)
NONE = (
    "{path} defines no async functions.",
    "None: there isn't a single `async def` in {path}.",
    "There are no async functions in {path}.",
)
ONE = (
    "Is `{name}` in {path} a coroutine?",
    "Do I have to await `{name}` from {path}?",
    "`{name}` in {path}: sync or async?",
    "Is `{name}` from {path} declared with async def or with plain def?",
    "Quick check: is `{name}` async? It's in {path}.",
)
ONE_ASYNC = (
    "It's async: line {line} is `{text}`.",
    "`{name}` is a coroutine function, see line {line}: `{text}`.",
    "Async. Line {line} says `{text}`, so calls have to be awaited.",
)
ONE_SYNC = (
    "It's an ordinary function: line {line} is `{text}`.",
    "`{name}` is synchronous, see line {line}: `{text}`.",
    "Sync. Line {line} says `{text}`, without async.",
)
AWAITS = (
    "What does {path} await?",
    "Where are the await expressions in {path}?",
    "At which points can the code in {path} be suspended? I mean its awaits.",
)
BLOCKS = (
    "Where does {path} use async with or async for?",
    "Which asynchronous context managers and loops are there in {path}?",
    "Find the `async with` and `async for` statements of {path}.",
)


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Files, folders and single functions; what ripgrep finds must be what LibCST sees."""
    makers = [*_files(repo, tools, chance), *_folders(repo, tools, chance), *_ones(repo, tools, chance)]
    makers += [*_bodies(repo, tools, chance)]
    chance.shuffle(makers)
    for make in makers:
        yield from make()


def _coroutines(facts: FileFacts) -> list[str]:
    return [function.name for function in facts.functions if function.is_async]


def _about(templates: Sequence[str], files: Iterable[FileFacts]) -> list[str]:
    """The templates that fit: an async generator is no coroutine and isn't awaited."""
    exact = any(
        function.is_async and function.is_generator for facts in files for function in facts.functions
    )
    return [text for text in templates if not exact or not re.search("corout|await", text)]


def _files(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[object]:
    """Files that have some, and three that have none although they are long enough to."""
    some = [facts for facts in mixed(repo, chance) if 0 < len(_coroutines(facts)) <= 20]
    none = [facts for facts in repo.sources if not _coroutines(facts) and len(facts.functions) > 3]
    for facts in [*some[:8], *chance.sample(none, min(3, len(none)))]:

        def make(facts: FileFacts = facts) -> Iterator[Scene | Rejected]:
            outcome = tools.call("search_text", pattern=ASYNC, path=facts.path)
            question = pick(chance, _about(WHICH, [facts]) if _coroutines(facts) else ANY, path=facts.path)
            names = [
                match.text.split()[2].partition("(")[0].partition("[")[0] for match in outcome.value.matches
            ]
            if names != _coroutines(facts):
                yield Rejected("LibCST and ripgrep disagree", question=question, detail=" ".join(names))
                return
            if not names:
                yield tool_scene(
                    question, outcome, pick(chance, NONE, path=facts.path), "search", paths=[facts.path]
                )
                return
            lines = [match.line for match in outcome.value.matches]
            if len(names) < 4:
                told = listing([f"`{name}` (line {line})" for name, line in zip(names, lines, strict=True)])
                answer = f"{told}." if len(names) > 1 else f"Only one: {told}."
            else:
                told = bullets([f"`{name}`, line {line}" for name, line in zip(names, lines, strict=True)])
                answer = f"{sentence(plural(len(names), 'function'))}:\n\n{told}"
            yield tool_scene(question, outcome, answer, "search", paths=[facts.path])

        yield make


def _folders(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[object]:
    """Folders with up to forty of them; two that have none."""
    sizes: dict[str, int] = {}
    for facts in repo.python:
        parts = facts.path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            sizes[folder] = sizes.get(folder, 0) + len(_coroutines(facts))
    some = [folder for folder, size in sizes.items() if 1 < size <= 40]
    none = [folder for folder, size in sizes.items() if not size]
    for folder in [*chance.sample(some, min(6, len(some))), *chance.sample(none, min(2, len(none)))]:

        def make(folder: str = folder) -> Iterator[Scene | Rejected]:
            outcome = tools.call("search_text", pattern=ASYNC, path=folder, glob="*.py")
            found = outcome.value
            counting = chance.random() < 0.4
            templates = (COUNT if counting else WHERE) if sizes[folder] else ANY
            question = pick(
                chance, _about(templates, repo.python) if sizes[folder] else templates, path=folder
            )
            if found.match_count != sizes[folder]:
                yield Rejected("LibCST and ripgrep disagree", question=question, detail=folder)
                return
            spread = by_file(Place(match.file, match.line, match.text) for match in found.matches)
            if not spread:
                answer = pick(chance, NONE, path=folder)
            elif counting:
                files = plural(found.file_count, "file")
                answer = f"{sentence(plural(found.match_count, 'async function'))}, in {files}."
            elif len(spread) > 12:
                return
            else:
                lines = [f"`{file}`: {line_list(at)}" for file, at in spread.items()]
                lead = f"There are {plural(found.match_count, 'async function')} in {plural(found.file_count, 'file')}"
                answer = f"{lead}:\n\n{bullets(lines)}" if len(lines) > 1 else f"{lead}, {lines[0]}."
            yield tool_scene(question, outcome, answer, "search", paths=list(spread))

        yield make


def _ones(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[object]:
    """Single functions: those of modules that have both kinds, where the answer can't be guessed."""
    both = [f for f in repo.sources if _coroutines(f) and len(_coroutines(f)) < len(f.functions)]
    items = [
        (facts, function)
        for facts in both
        for function in facts.functions
        if function.name[0] != "_"
        and not function.is_nested
        and not function.is_generator
        and not any("property" in d or "overload" in d for d in function.decorators)
        and [other.name for other in facts.functions].count(function.name) == 1
    ]
    chance.shuffle(items)
    items.sort(key=lambda item: not item[1].is_async)
    for facts, function in [*items[:4], *items[-3:]] if len(items) > 6 else items:

        def make(
            facts: FileFacts = facts, name: str = function.name, is_async: bool = function.is_async
        ) -> Iterator[Scene | Rejected]:
            outcome = tools.call("search_text", pattern=rf"def {name}\b", path=facts.path)
            question = pick(chance, ONE, name=name, path=facts.path)
            matches = outcome.value.matches
            if len(matches) != 1 or not ticked(matches[0].text):
                return
            [match] = matches
            if match.text.startswith("async ") != is_async:
                yield Rejected("LibCST and ripgrep disagree", question=question, detail=match.text)
                return
            answer = pick(
                chance, ONE_ASYNC if is_async else ONE_SYNC, name=name, line=match.line, text=match.text
            )
            yield tool_scene(question, outcome, answer, "search", symbol=name, paths=[facts.path])

        yield make


def _bodies(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[object]:
    """Where an async file awaits: by its syntax tree, since the word stands in comments too; and its async blocks."""
    files = [f for f in mixed(repo, chance) if 0 < len(_coroutines(f)) < 8 and f.line_count < 260]
    for number, facts in enumerate(files[:5]):
        awaits = number < 3

        def make(facts: FileFacts = facts, awaits: bool = awaits) -> Iterator[Scene | Rejected]:
            if awaits:
                outcome = tools.call("cst_find_pattern", file_path=facts.path, pattern="Await")
                found = [(match.line, match.code_snippet) for match in outcome.value.matches]
            else:
                outcome = tools.call("search_text", pattern=r"^\s*async (with|for)\b", path=facts.path)
                found = [(match.line, match.text) for match in outcome.value.matches]
            lines = dict(found)
            if len(lines) > 14 or any(not ticked(text) for text in lines.values()):
                return
            told = bullets([f"line {line}: {ticked(text)}" for line, text in lines.items()])
            if not lines:
                answer = f"{facts.path} awaits nothing." if awaits else f"{facts.path} has neither."
            elif len(lines) == 1:
                [(line, text)] = lines.items()
                answer = f"Only on line {line}: `{text}`."
            else:
                answer = (
                    f"{'It awaits on' if awaits else 'They are on'} {plural(len(lines), 'line')}:\n\n{told}"
                )
            question = pick(chance, AWAITS if awaits else BLOCKS, path=facts.path)
            yield tool_scene(
                question,
                outcome,
                answer,
                "search",
                paths=[facts.path],
                counted=[[text for _, text in lines.items()]],
            )

        yield make
