"""Where is this symbol used?

user       refs to `best_sellers` at `src/tiny_shop/reports.py:17:5` please
assistant  find_references(file_path="src/tiny_shop/reports.py", line=17, column=5, symbol="best_sellers")
tool       {"success":true,"symbol":"best_sellers","reference_count":1,"references":[{"file":"src/tiny_shop/reports.py","line":38,"column":24,"preview":"for sku,…
assistant  Only once, in `src/tiny_shop/reports.py`, line 38: `for sku, pieces in best_sellers(orders):`.
"""

from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import ClassFact, FunctionFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import bullets, listing, number, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import is_rare, is_telling, mixed, spot
from punie_data.tools.results import Reference
from punie_data.tools.toolbox import Toolbox

WHERE = (
    "Where is `{symbol}` used? It's defined at {spot}.",
    "Find all usages of `{symbol}` ({spot}).",
    "I want to change how `{symbol}` behaves, defined at {spot}. Which places rely on it?",
    "Could you list the places that use `{symbol}`? My cursor is on its definition at {spot}.",
    "refs to `{symbol}` at {spot} please",
    "Run `find_references` on `{symbol}` at {spot}.",
    "Where does {project} use `{symbol}`, defined at {spot}?",
    "`{symbol}` at {spot} came up in the meeting. Which places use it?",
    "Before I rename `{symbol}` at {spot}: where does the project refer to it?",
)
COUNT = (
    "How often is `{symbol}` used across the project? The definition is at {spot}.",
    "How many references does `{symbol}` at {spot} have?",
    "Is `{symbol}` ({spot}) used a lot, or only in a place or two?",
    "In the review somebody asked how often `{symbol}` ({spot}) is used. How often is it?",
)
FILES = (
    "Which files use `{symbol}`? Definition: {spot}.",
    "I'm splitting up modules and need to know which files depend on `{symbol}` from {spot}.",
    "`{symbol}` is defined at {spot}. In which files does it turn up?",
    "Which files of {project} use `{symbol}`? It's defined at {spot}.",
)
TESTS = (
    "Is `{symbol}`, defined at {spot}, used anywhere outside the tests?",
    "Does any non-test code use `{symbol}` ({spot})?",
    "Tests aside, does anything use `{symbol}`? It lives at {spot}.",
)
ONLY_TESTS = (
    "I suspect that only tests still need `{symbol}` at {spot}. Is that so?",
    "Is `{symbol}` ({spot}) there for the tests only?",
)
DEAD = (
    "Is `{symbol}` at {spot} dead code?",
    "Can I delete `{symbol}`? It's defined at {spot} and I don't think anything needs it.",
    "Does anything still use `{symbol}` ({spot})?",
    "Cleaning up: who uses `{symbol}` at {spot}?",
    "The ticket says that `{symbol}` at {spot} is no longer needed. What still uses it?",
)
DEAD_ANSWERS = (
    "Nothing in the project uses `{symbol}`: it has no references besides its definition. Code outside the project may still import it, of course.",
    "There are no references to `{symbol}`, so within this project it's unused. If it's public API, callers elsewhere could still depend on it.",
    "Within the project, nothing uses `{symbol}`. Only users outside it, or a lookup by name at run time, could still need it.",
)
ONCE = (
    "Only once, in `{file}`, line {line}: `{preview}`.",
    "In a single place: `{file}:{line}`.\n\n```python\n{preview}\n```",
    "`{symbol}` is used once, at `{file}:{line}`: `{preview}`.",
)
SEVERAL = (
    "`{symbol}` is used in {places}:\n\n{list}",
    "{Places} use `{symbol}`, its definition and the import lines not counted:\n\n{list}",
    "{Places}:\n\n{list}",
)
IN_FILES = (
    "{Files} use it: {list}.",
    "`{symbol}` is used in {files}, import lines aside: {list}.",
    "It turns up in {list}.",
)
UNUSED_QUOTA, MOST_FILES, MOST_CALLS, MOST_REFERENCES = 3, 6, 20, 25


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Classes and functions whose name is defined once; every call of that name that LibCST sees must be among the references."""
    imported = {item.name for facts in repo.python for item in facts.imports}
    own = {facts.path for facts in repo.sources}
    unused = 0
    for path, target in _candidates(repo, chance):
        sites = repo.call_sites.get(target.name, [])
        if len({file for file, _ in sites}) > MOST_FILES or len(sites) > MOST_CALLS:
            continue
        if not sites and (
            path not in own or unused == UNUSED_QUOTA or target.decorators or target.name in imported
        ):
            continue
        at = {"line": target.line, "column": target.column, "symbol": target.name}
        outcome = tools.call("find_references", file_path=path, **at)
        references = outcome.value.references
        where = spot(chance, path, target.line, target.column)
        if len(references) > MOST_REFERENCES or (not references and _is_method(target)):
            continue
        places = {(r.file, r.line, r.column) for r in references}
        if any((file, call.line, call.column) not in places for file, call in sites):
            if not _is_method(target):
                question = pick(chance, WHERE, symbol=target.name, spot=where, project=repo.title)
                yield Rejected("LibCST sees a call that is not among the references", question=question)
            continue
        if references:
            question, answer = _told(repo, chance, path, target.name, where, references)
        else:
            unused += 1
            question = pick(chance, DEAD, symbol=target.name, spot=where)
            answer = pick(chance, DEAD_ANSWERS, symbol=target.name)
        yield tool_scene(
            question,
            outcome,
            answer,
            "navigation",
            symbol=target.name,
            paths=[path, *(r.file for r in references)],
            counted=_groups(repo, references),
        )


def _candidates(repo: Repo, chance: Random) -> Iterator[tuple[str, ClassFact | FunctionFact]]:
    """At most three of each file, so that one large file doesn't speak for the whole project."""
    for facts in mixed(repo, chance):
        targets = [
            target
            for target in (*facts.classes, *facts.functions)
            if is_telling(target.name)
            and is_rare(repo, target.name)
            and len(repo.definitions[target.name]) == 1
            and not target.is_nested
            and not target.name.startswith(("Test", "pytest_", "main"))
            and not any(hasattr(kind, target.name) for kind in (str, list, dict, set))
        ]
        chance.shuffle(targets)
        for target in targets[:3]:
            yield facts.path, target


def _is_method(target: ClassFact | FunctionFact) -> bool:
    return isinstance(target, FunctionFact) and target.is_method


def _groups(repo: Repo, references: Sequence[Reference]) -> list[list[str]]:
    """What an answer may count: all uses, their files, those in tests and those that aren't, those of each file."""
    groups: dict[str, dict[str, None]] = {}
    for r in references:
        place = f"{r.file}:{r.line}:{r.column}"
        test = repo.facts[r.file].is_test if r.file in repo.facts else False
        kind = "tests" if test else "code"
        of_kind = (f"{kind}' files", r.file)
        for name, member in (("files", r.file), of_kind, (kind, place), (r.file, place)):
            groups.setdefault(name, {})[member] = None
    return [list(members) for members in groups.values()]


def _told(
    repo: Repo, chance: Random, path: str, symbol: str, where: str, references: Sequence[Reference]
) -> tuple[str, str]:
    """A question that these references answer, and its answer."""
    files = list(dict.fromkeys(r.file for r in references))
    tests = {file for file in files if file in repo.facts and repo.facts[file].is_test}
    draw = chance.random()
    given = {"symbol": symbol, "spot": where, "project": repo.title}
    # Import lines are not among the references: what only imports the name is no use of it, but it would have to be
    # renamed, and the file depends on it.
    importing = {f.path for f in repo.python for item in f.imports if item.name == symbol}
    if not importing.issubset({*files, path}):
        draw = 0.5 + draw / 2
    if tests and not repo.facts[path].is_test and draw < 0.3:
        code = [r for r in references if r.file not in tests]
        if draw < 0.1:
            opening = (
                f"No, `{symbol}` is used outside them too" if code else f"Yes, only tests use `{symbol}`"
            )
            return pick(chance, ONLY_TESTS, **given), _outside_tests(opening, references, code)
        opening = "Yes" if code else f"No, only tests use `{symbol}`"
        return pick(chance, TESTS, **given), _outside_tests(opening, references, code)
    if len(files) > 1 and draw < 0.5:
        names = listing([f"`{file}`" for file in files])
        spoken = plural(len(files), "file")
        return pick(chance, FILES, **given), pick(
            chance, IN_FILES, symbol=symbol, list=names, files=spoken, Files=sentence(spoken)
        )
    counting = draw > 0.8
    asked = COUNT if counting else WHERE[:-1] if importing else WHERE
    question = pick(chance, asked, **given)
    if len(references) == 1:
        [only] = references
        return question, pick(
            chance, ONCE, symbol=symbol, file=only.file, line=only.line, preview=only.preview
        )
    if counting:
        if question.startswith("How many"):
            times = sentence(plural(len(references), "reference"))
        else:
            times = "Twice" if len(references) == 2 else sentence(plural(len(references), "time"))
        return question, f"{times}, {_spread(references)}"
    spoken = plural(len(references), "place")
    if len(files) > 1 and len(references) <= 6:
        previews = bullets([f"`{r.file}:{r.line}`: `{r.preview}`" for r in references])
        return question, pick(
            chance, SEVERAL, symbol=symbol, places=spoken, Places=sentence(spoken), list=previews
        )
    opening = chance.choice((f"`{symbol}` is used in {spoken}", sentence(spoken)))
    return question, f"{opening}, {_spread(references)}"


def _outside_tests(opening: str, references: Sequence[Reference], code: Sequence[Reference]) -> str:
    """The places that are no tests, or, where all are, those."""
    told = code or references
    others = len(references) - len(told)
    rest = ""
    if others:
        rest = " The other one is in a test." if others == 1 else f" The other {number(others)} are in tests."
    if len(told) == 1:
        [only] = told
        return f"{opening}: `{only.file}:{only.line}`, `{only.preview}`.{rest}"
    closing = f"\n\n{rest.strip()}" if "\n" in _spread(told) else rest
    return f"{opening}: {plural(len(told), 'reference')}, {_spread(told)}{closing}"


def _spread(references: Sequence[Reference]) -> str:
    """Where they are, to follow a comma: in one file, or a list of files."""
    lines: dict[str, dict[str, None]] = {}
    for r in references:
        lines.setdefault(r.file, {})[str(r.line)] = None
    told = {file: f"{'line' if len(at) == 1 else 'lines'} {listing(list(at))}" for file, at in lines.items()}
    if len(told) == 1:
        [(file, at)] = told.items()
        every = "both" if len(references) == 2 else "all"
        return f"{every} in `{file}`, {at}."
    return f"in {plural(len(told), 'file')}:\n\n{bullets([f'`{file}`: {at}' for file, at in told.items()])}"
