r"""Where is this decorator used?

user       I'm changing how `@retry` works. What does it decorate?
assistant  search_text(pattern="^\\s*@retry(\\(|\\s*$|\\s*#)", glob="*.py")
tool       {"success":true,"pattern":"^\\s*@retry(\\(|\\s*$|\\s*#)","match_count":1,"file_count":1,"matches":[{"file":"src/tiny_shop/payments.py","line":56,"column":1,"text":"@retry(attempts=3, on=ProviderUnreachable)"}],"parse_error":null}
assistant  In one place: `src/tiny_shop/payments.py:56`: `@retry(attempts=3, on=ProviderUnreachable)`.
"""

import re
from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, pick, plural, sentence
from punie_data.scenario.places import Place, by_file, line_list, ticked, told, told_all
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.tools.toolbox import Toolbox

WHERE = (
    "Where is `@{name}` used?",
    "Find every use of the `{name}` decorator.",
    "Which code is decorated with `@{name}`?",
    "Which lines of code have `@{name}` above a definition?",
    "Show me all places with `@{name}`, please.",
    "@{name}: where?",
    "Where does {project} use `@{name}`?",
    "The decorator that came up in the meeting is `@{name}`. Where is it used?",
)
CHANGING = (
    "I'm changing how `@{name}` works. What does it decorate?",
    "Before I touch our `{name}` decorator: where is it applied?",
)
COUNT = (
    "How often do we use `@{name}`?",
    "How many uses of the `{name}` decorator are there, and in how many files?",
    "Is `@{name}` used a lot in this project?",
    "How often does {project} use `@{name}`?",
)
FILES = (
    "Which files use the `{name}` decorator?",
    "In which files does `@{name}` appear?",
    "I want to split up the code with `@{name}`. Which files are concerned?",
)
IN_FILE = (
    "Where does {path} use `@{name}`?",
    "Which lines of {path} have the `{name}` decorator?",
    "Find `@{name}` in {path}.",
    "What's decorated with `{name}` in {path}? The lines will do.",
)
ALL_OF_FILE = (
    "Which decorators does {path} use?",
    "List the decorators in {path}.",
    "Are there decorators in {path}, and which?",
    "I'm looking for magic in {path}. What decorators does it apply?",
    "{path} is the file from the review. Which decorators does it use?",
)
NEVER = (
    "Does this project use `@{name}`?",
    "Where is the `{name}` decorator used?",
    "Any `@{name}` in here?",
)
NEVER_ANSWERS = (
    "Nowhere: no Python file uses `{name}` as a decorator.",
    "`{name}` isn't used as a decorator in this project.",
    "The Python files have no `{name}` decorator.",
)
ONCE = ("Only once, at {place}.", "In one place: {place}.", "There's a single use, {place}.")
SEVERAL = (
    "{Places}:\n\n{list}",
    "It's used on {places}:\n\n{list}",
    "`@{name}` stands on {places}:\n\n{list}",
)
COMMON = ("functools.lru_cache", "functools.cache", "cached_property", "contextmanager", "abstractmethod", "staticmethod", "overload",
          "functools.singledispatch", "total_ordering", "unittest.mock.patch", "typing.final", "deprecated")  # fmt: skip
MOST_USES, MOST_COUNTED, LONGEST = 24, 60, 300


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Decorators by name, in the whole project by text and in one file by syntax; the number of uses must be LibCST's."""
    used: dict[str, dict[str, int]] = {}
    for facts in repo.python:
        for name in _names(facts):
            used.setdefault(name, {}).setdefault(facts.path, 0)
            used[name][facts.path] += 1
    names = [name for name, files in used.items() if sum(files.values()) <= MOST_COUNTED]
    chance.shuffle(names)
    short = [facts for facts in repo.python if facts.line_count < LONGEST and len(_names(facts)) > 1]
    chance.shuffle(short)
    short.sort(key=lambda facts: facts.is_test)
    queues: list[list[Iterator[Scene | Rejected]]] = [
        [_project(repo, tools, chance, name, used[name]) for name in names[:14]],
        [_in_file(repo, tools, chance, facts) for facts in short[:6]],
        [_all_of_file(tools, chance, facts) for facts in short[6:11] or short[:3]],
        [
            _never(tools, chance, name)
            for name in chance.sample(COMMON, 5)
            if name.rpartition(".")[2] not in "".join(used)
        ],
    ]
    made = [scenes for queue in queues for scenes in queue]
    chance.shuffle(made)
    for scenes in made:
        yield from scenes


def _names(facts: FileFacts) -> list[str]:
    """The decorator of each use, without its arguments: `app.route` for `@app.route("/")`."""
    written = [text for item in (*facts.functions, *facts.classes) for text in item.decorators]
    return [name for text in written if re.fullmatch(r"[\w.]+(?<!etter)", name := text.partition("(")[0])]


def _pattern(name: str) -> str:
    return rf"^\s*@{name.replace('.', chr(92) + '.')}(\(|\s*$|\s*#)"


def _project(
    repo: Repo, tools: Toolbox, chance: Random, name: str, files: dict[str, int]
) -> Iterator[Scene | Rejected]:
    if _misleading(repo, name, files):
        return
    outcome = tools.call("search_text", pattern=_pattern(name), glob="*.py")
    found = outcome.value
    bare = f"@{name}"
    places = [Place(m.file, m.line, "" if m.text == bare else m.text) for m in found.matches]
    if found.match_count != sum(files.values()):
        question = pick(chance, WHERE, name=name, project=repo.title)
        yield Rejected(
            "LibCST and ripgrep disagree", question=question, detail=f"{name}: {found.match_count}"
        )
        return
    spread = by_file(places)
    paths = list(spread)
    counted = (
        f"{plural(len(places), 'line')} in {plural(len(spread), 'file')}"
        if len(spread) > 1
        else f"{plural(len(places), 'line')} of `{paths[0]}`"
    )
    kind = chance.random()
    where = CHANGING if name in repo.definitions and chance.random() < 0.5 else WHERE
    if len(places) > 3 and (kind < 0.25 or len(places) > MOST_USES):
        times = sentence(plural(len(places), "time"))
        across = f"in {plural(len(spread), 'file')}" if len(spread) > 1 else f"all of them in `{paths[0]}`"
        yield tool_scene(
            pick(chance, COUNT, name=name, project=repo.title),
            outcome,
            f"{times}, {across}.",
            "search",
            symbol=name,
            paths=paths[:20],
        )
    elif 1 < len(spread) < 12 and kind < 0.5:
        answer = (
            f"{listing([f'`{path}`' for path in spread])}."
            if len(spread) < 4
            else bullets([f"`{path}`" for path in spread])
        )
        yield tool_scene(pick(chance, FILES, name=name), outcome, answer, "search", symbol=name, paths=paths)
    else:
        if len(places) == 1:
            answer = pick(chance, ONCE, place=told(places[0]))
        elif places and (listed := told_all(places)):
            answer = pick(chance, SEVERAL, places=counted, Places=sentence(counted), list=listed, name=name)
        else:
            return
        question = pick(chance, where, name=name, project=repo.title)
        yield tool_scene(question, outcome, answer, "search", symbol=name, paths=paths)


def _misleading(repo: Repo, name: str, files: Sequence[str]) -> bool:
    """Whether a text search would be taken in by an example in a docstring, or miss a decorator over several lines."""
    pattern = re.compile(_pattern(name), re.MULTILINE)
    return any(
        len(pattern.findall(repo.text(path))) != _names(repo.facts[path]).count(name) for path in files
    )


def _in_file(repo: Repo, tools: Toolbox, chance: Random, facts: FileFacts) -> Iterator[Scene | Rejected]:
    name = chance.choice(_names(facts))
    outcome = tools.call("cst_find_pattern", file_path=facts.path, pattern=f"decorator:{name}")
    question = pick(chance, IN_FILE, name=name, path=facts.path)
    matches = outcome.value.matches
    if "." in name and len(matches) != _names(facts).count(name):
        yield Rejected("the tool and the facts disagree", question=question, detail=f"{name}: {len(matches)}")
        return
    if not matches or len(matches) > 15:
        return
    shown = {match.line: ticked(match.code_snippet) for match in matches}
    plain = all(text == f"`@{name}`" for text in shown.values())
    if len(matches) == 1:
        [(line, text)] = shown.items()
        answer = f"Once, on line {line}." if plain else f"Once, on line {line}: {text}."
    elif plain or not all(shown.values()):
        answer = f"On {line_list(list(shown))}."
    else:
        answer = f"On {plural(len(shown), 'line')}:\n\n{bullets([f'line {line}: {text}' for line, text in shown.items()])}"
    counted = [[f'"line":{line}' for line in shown]]
    yield tool_scene(question, outcome, answer, "search", symbol=name, paths=[facts.path], counted=counted)


def _all_of_file(tools: Toolbox, chance: Random, facts: FileFacts) -> Iterator[Scene | Rejected]:
    outcome = tools.call("cst_find_pattern", file_path=facts.path, pattern="Decorator")
    question = pick(chance, ALL_OF_FILE, path=facts.path)
    # Setters are not asked for by name, but they are decorators too.
    expected = sum(len(item.decorators) for item in (*facts.functions, *facts.classes))
    if outcome.value.match_count != expected:
        yield Rejected("the tool and the facts disagree", question=question, detail=str(expected))
        return
    forms: dict[str, list[int]] = {}
    for match in outcome.value.matches:
        forms.setdefault(match.code_snippet.partition("(")[0].partition(" ")[0], []).append(match.line)
    if len(forms) > 12 or any(len(lines) > 20 for lines in forms.values()):
        return
    lines = [f"`{form}` ({line_list(at)})" for form, at in forms.items()]
    answer = bullets(lines) if len(lines) > 1 else f"Just one kind: {lines[0]}."
    yield tool_scene(question, outcome, answer, "search", paths=[facts.path])


def _never(tools: Toolbox, chance: Random, name: str) -> Iterator[Scene]:
    outcome = tools.call("search_text", pattern=_pattern(name), glob="*.py")
    if not outcome.value.matches:
        answer = pick(chance, NEVER_ANSWERS, name=name)
        yield tool_scene(pick(chance, NEVER, name=name), outcome, answer, "search", symbol=name)
