r"""Where is this raised, and what can this file raise?

user       Which exceptions does src/tiny_shop/catalogue.py raise?
assistant  cst_find_pattern(file_path="src/tiny_shop/catalogue.py", pattern="Raise")
tool       {"success":true,"match_count":1,"matches":[{"line":37,"column":13,"code_snippet":"raise UnknownProduct(sku) from None","node_type":"Raise"}],"parse_er…
assistant  Only `UnknownProduct`, on line 37: `raise UnknownProduct(sku) from None`.
"""

import re
from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, pick, plural, sentence
from punie_data.scenario.places import Place, by_file, line_list, ticked, told, told_all
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.tools.toolbox import Toolbox

WHERE = (
    "Where is `{name}` raised?",
    "Which code raises `{name}`?",
    "Find every place that raises `{name}`, please.",
    "raise {name}: where?",
    "Which code of {project} raises `{name}`?",
    "The traceback in the ticket ends in `{name}`. Where is that raised?",
)
OWN = (
    "A user gets `{name}`. Which lines could it come from?",
    "I want to give `{name}` a better message. Where do we raise it?",
    "Under which circumstances do we raise our `{name}`? Show me the lines.",
)
SOURCE = (
    "Where is `{name}` raised under {folder}?",
    "Which lines below {folder} raise `{name}`?",
    "Tests aside, where do we raise `{name}`? The code is in {folder}.",
)
COUNT = (
    "How often do we raise `{name}`?",
    "In how many places is `{name}` raised?",
    "How many raise statements are there for `{name}`, and in how many files?",
)
CAUGHT = (
    "Where do we catch `{name}`?",
    "Which except clauses handle `{name}`?",
    "Does anything catch `{name}`?",
    "Who handles `{name}`? I need the except clauses.",
)
NOT_CAUGHT = (
    "Nothing does: no except clause of the Python files names `{name}`. A clause for one of its base classes would still catch it.",
    "There is no except clause with `{name}`. Handlers for a base class or a bare except aren't counted here.",
)
NEVER = (
    "Nothing raises `{name}` by name; it may be there as a base class only.",
    "Nowhere: the Python files have no raise statement for `{name}`. Its subclasses may be raised, of course.",
)
FILE = (
    "Which exceptions does {path} raise?",
    "What can go wrong in {path}, going by its raise statements?",
    "List the raise statements of {path}.",
    "I'm writing the error section of the docs. What does the code in {path} raise?",
    "Find the places in {path} where an exception is raised.",
    "{path} is the module from the ticket. Which exceptions does it raise?",
    "Run `cst_find_pattern` with the pattern Raise over {path}. Which exceptions turn up?",
)
NOTHING = (
    "{path} has no raise statements.",
    "None: nothing is raised in {path} itself.",
    "There isn't a single raise statement in {path}.",
)
ONCE = ("Only at {place}.", "In one place: {place}.", "{place} is the only one.")
SEVERAL = ("On {places}:\n\n{list}", "{Places}:\n\n{list}", "`{name}` is raised on {places}:\n\n{list}")
CLAUSE = re.compile(r"(?m)^\s*except\*?\b.*")
MOST, LONGEST = 24, 330


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Exceptions by name, in the whole project by text, and the raise statements of a file by syntax; both must be LibCST's."""
    raised: dict[str, int] = {}
    for facts in repo.python:
        for item in facts.raises:
            name = item.exception.rpartition(".")[2]
            raised[name] = raised.get(name, 0) + 1
    own = [
        item.name
        for _, item in repo.classes()
        if item.name.endswith(("Error", "Exception", "Warning", "Exit", "Abort"))
    ]
    names = [name for name, count in raised.items() if name[:1].isupper() and count <= MOST]
    names += [name for name in own if name not in raised][:2]
    chance.shuffle(names)
    names.sort(key=lambda name: name not in own)
    files = [facts for facts in repo.sources if 0 < len(facts.raises) < 16 and facts.line_count < LONGEST]
    quiet = [
        facts
        for facts in repo.sources
        if not facts.raises and len(facts.functions) > 2 and facts.line_count < LONGEST
    ]
    chosen = [*chance.sample(files, min(7, len(files))), *chance.sample(quiet, min(2, len(quiet)))]
    made = [_raised(repo, tools, chance, name, raised.get(name, 0), name in own) for name in names[:13]]
    clauses = "\n".join(CLAUSE.findall("\n".join(repo.text(facts.path) for facts in repo.python)))
    handled = [name for name in names if re.search(rf"\b{name}\b", clauses)]
    unhandled = [name for name in names if name in own and name not in handled]
    made += [_caught(tools, chance, name) for name in [*handled[:5], *unhandled[:2]]]
    made += [_file(tools, chance, facts) for facts in chosen]
    chance.shuffle(made)
    for scenes in made:
        yield from scenes


def _raised(
    repo: Repo, tools: Toolbox, chance: Random, name: str, expected: int, is_own: bool
) -> Iterator[Scene | Rejected]:
    arguments = {"pattern": rf"^\s*raise (\w+\.)*{name}\b", "glob": "*.py"}
    folder = repo.sources[0].path.split("/")[0]
    below = chance.random() < 0.3 and "/" in repo.sources[0].path
    if below:
        arguments["path"] = folder
        expected = sum(
            r.exception.rpartition(".")[2] == name
            for f in repo.python
            if f.path.startswith(f"{folder}/")
            for r in f.raises
        )
    outcome = tools.call("search_text", **arguments)
    found = outcome.value
    places = [Place(match.file, match.line, match.text) for match in found.matches]
    templates = OWN if is_own and chance.random() < 0.4 else WHERE
    counting = not below and len(places) > 3 and chance.random() < 0.3
    question = pick(
        chance,
        SOURCE if below else COUNT if counting else templates,
        name=name,
        folder=folder,
        project=repo.title,
    )
    if found.match_count != expected:
        # An example in a docstring, or a statement that doesn't begin its line: the text alone can't answer this.
        if abs(found.match_count - expected) < 3:
            yield Rejected(
                "LibCST and ripgrep disagree",
                question=question,
                detail=f"{name}: {found.match_count}, not {expected}",
            )
        return
    paths = list(by_file(places))
    where = (
        f"{plural(len(places), 'line')} in {plural(len(paths), 'file')}"
        if len(paths) > 1
        else f"{plural(len(places), 'line')} of `{''.join(paths)}`"
    )
    if not places:
        answer = pick(chance, NEVER, name=name) if not below else f"Nothing below {folder} raises `{name}`."
    elif len(places) == 1:
        answer = pick(chance, ONCE, place=told(places[0]))
    elif counting:
        answer = (
            f"{sentence(plural(found.match_count, 'raise statement'))} in {plural(found.file_count, 'file')}."
        )
    elif listed := told_all(places):
        answer = pick(chance, SEVERAL, places=where, Places=sentence(where), list=listed, name=name)
    else:
        return
    yield tool_scene(question, outcome, answer, "search", symbol=name, paths=paths)


def _caught(tools: Toolbox, chance: Random, name: str) -> Iterator[Scene]:
    outcome = tools.call("search_text", pattern=rf"^\s*except\*?\b.*\b{name}\b", glob="*.py")
    places = [Place(match.file, match.line, match.text) for match in outcome.value.matches]
    question = pick(chance, CAUGHT, name=name)
    paths = list(by_file(places))
    if not places:
        answer = pick(chance, NOT_CAUGHT, name=name)
    elif len(places) == 1:
        answer = pick(chance, ONCE, place=told(places[0]))
    elif len(places) <= MOST and (listed := told_all(places)):
        clauses = plural(len(places), "except clause")
        spread = f"in {plural(len(paths), 'file')}" if len(paths) > 1 else f"of `{paths[0]}`"
        answer = f"{sentence(clauses)} {spread}:\n\n{listed}"
    else:
        return
    if places and question.startswith("Does"):
        answer = f"Yes. {answer}"
    yield tool_scene(question, outcome, answer, "search", symbol=name, paths=paths)


def _file(tools: Toolbox, chance: Random, facts: FileFacts) -> Iterator[Scene | Rejected]:
    """All raise statements of a file, grouped by what they raise; a bare `raise` hands on what was caught."""
    outcome = tools.call("cst_find_pattern", file_path=facts.path, pattern="Raise")
    question = pick(chance, FILE, path=facts.path)
    matches = outcome.value.matches
    if {item.line for item in facts.raises} - {match.line for match in matches}:
        yield Rejected("the tool and the facts disagree", question=question, detail=str(facts.raises))
        return
    kinds: dict[str, list[int]] = {}
    for match in matches:
        statement = re.search(r"\braise\b\s*([\w.]*)", match.code_snippet)
        kinds.setdefault(statement[1] if statement else "", []).append(match.line)
    if len(matches) > 15 or ("" in kinds and not _all_bare(matches, kinds[""])):
        return
    lines = [f"`{name}` ({line_list(at)})" for name, at in kinds.items() if name]
    again = f"on {line_list(kinds[''])} it hands on what it caught" if "" in kinds else ""
    whole = all(ticked(m.code_snippet) and not m.code_snippet.endswith(("(", "\\")) for m in matches)
    if not matches:
        answer = pick(chance, NOTHING, path=facts.path)
    elif not lines:
        answer = f"Nothing of its own: {again}."
    elif len(matches) == 1:
        statement = f": `{matches[0].code_snippet}`" if whole else ""
        answer = f"Only `{next(iter(kinds))}`, on line {matches[0].line}{statement}."
    elif len(matches) < 6 and whole:
        answer = bullets([f"line {match.line}: `{match.code_snippet}`" for match in matches])
    elif len(lines) == 1:
        answer = f"Only {lines[0]}{f'; {again}' if again else ''}."
    else:
        answer = bullets(lines) + (f"\n\n{sentence(again)}." if again else "")
    yield tool_scene(question, outcome, answer, "search", paths=[facts.path])


def _all_bare(matches: Sequence, lines: list[int]) -> bool:
    return all(
        re.search(r"\braise\s*(#.*)?$", match.code_snippet) for match in matches if match.line in lines
    )
