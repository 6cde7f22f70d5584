r"""What did somebody leave to be done?

user       todos in src/tiny_shop/catalogue.py
assistant  search_text(pattern="#+\\s*(TODO|FIXME|XXX|HACK)\\b", path="src/tiny_shop/catalogue.py")
tool       {"success":true,"pattern":"#+\\s*(TODO|FIXME|XXX|HACK)\\b","match_count":1,"file_count":1,"matches":[{"file":"src/tiny_shop/catalogue.py","line":45,"c…
assistant  One: `src/tiny_shop/catalogue.py:45`: `# TODO: search should ignore accents, so that "creme" finds "Crème".`.
"""

from collections.abc import Iterator, Sequence
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import TodoFact
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import number, pick, plural, sentence
from punie_data.scenario.places import Place, by_file, quoted, told, told_all
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.tools.toolbox import Toolbox

TAGS = ("TODO", "FIXME", "XXX", "HACK")
EVERYWHERE = (
    "Which TODO and FIXME comments does this project have?",
    "List all open TODOs and FIXMEs in the Python code.",
    "I'm planning the next sprint. What do the TODO, FIXME, XXX and HACK comments say?",
    "Is there anything marked TODO or FIXME in the Python files?",
    "Collect the TODO and FIXME comments in the Python code of {project}.",
    "Which TODO, FIXME, XXX and HACK comments are left in {project}?",
)
IN_PLACE = (
    "Which TODOs are left in {path}?",
    "Does {path} have any TODO or FIXME comments?",
    "I'm about to work on {path}. What did people mark to be done there?",
    "Show me the TODO comments of {path}, please.",
    "todos in {path}",
    "What unfinished business does {path} admit to? Look for TODO, FIXME and the like.",
    "Somebody said in the meeting that {path} is unfinished. Which TODO comments does it have?",
)
OF_TAG = (
    "Where do we have {tag} comments?",
    "Find every {tag} in the Python files.",
    "Which places did someone mark with {tag}?",
    "How many {tag} comments are there, and where?",
    "Only the {tag}s, please: where are they?",
    "Where in the Python code of {project} do we have {tag} comments?",
)
ABOUT = (
    'Is there a TODO in {path} that mentions "{topic}"?',
    'I seem to remember a comment in {path} about something still to be done, with the word "{topic}" in it. What does it say?',
    'Did somebody leave a TODO or FIXME with "{topic}" in {path}?',
)
NONE = (
    "There is no TODO, FIXME, XXX or HACK comment in {path}.",
    "{path} has no comments of that kind.",
    "There's nothing of the sort in {path}.",
)
NONE_AT_ALL = (
    "There are none: no Python file has a TODO, FIXME, XXX or HACK comment.",
    "No, the Python files have no such comments.",
    "Nothing is marked like that in the Python code.",
)
NO_TAG = ("There are no {tag} comments in the Python files.", "None: nothing is marked {tag}.")
COMMON = (
    "about above after again already always another before below better between cannot change check could default every first function "
    "handle implement instead maybe might method needs never other perhaps please probably really remove should still support their "
    "there these thing think those until using which while would"
)
MOST = 30


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """The whole project, each tag, folders and files; what ripgrep finds must be the comments that LibCST sees."""
    every = [(facts.path, todo) for facts in repo.python for todo in facts.todos]
    made = [_scope(repo, tools, chance, ".", every)] + [_tag(repo, tools, chance, tag, every) for tag in TAGS]
    with_some = list(dict.fromkeys(path for path, _ in every))
    folders = sorted({path.rpartition("/")[0] for path in with_some} - {""})
    clean = [facts.path for facts in repo.sources if not facts.todos and facts.line_count > 60]
    scopes = chance.sample(with_some, min(12, len(with_some))) + chance.sample(folders, min(4, len(folders)))
    scopes += chance.sample(clean, min(2, len(clean)))
    for scope in scopes:
        below = [(path, todo) for path, todo in every if path == scope or path.startswith(f"{scope}/")]
        made.append(_scope(repo, tools, chance, scope, below))
    asked = [(path, todo) for path, todo in every if _topic(todo)]
    made += [_about(tools, chance, path, todo) for path, todo in chance.sample(asked, min(5, len(asked)))]
    chance.shuffle(made)
    for scenes in made:
        yield from scenes


def _pattern(tags: Sequence[str]) -> str:
    return rf"#+\s*({'|'.join(tags)})\b" if len(tags) > 1 else rf"#+\s*{tags[0]}\b"


def _scope(
    repo: Repo, tools: Toolbox, chance: Random, scope: str, expected: Sequence[tuple[str, TodoFact]]
) -> Iterator[Scene | Rejected]:
    if len(expected) > MOST:
        return
    arguments = {"pattern": _pattern(TAGS)} | ({} if scope == "." else {"path": scope})
    if not scope.endswith(".py"):
        arguments["glob"] = "*.py"
    outcome = tools.call("search_text", **arguments)
    places = [Place(match.file, match.line, match.text) for match in outcome.value.matches]
    question = pick(chance, EVERYWHERE if scope == "." else IN_PLACE, path=scope, project=repo.title)
    if [(place.file, place.line) for place in places] != [(path, todo.line) for path, todo in expected]:
        yield Rejected("LibCST and ripgrep disagree", question=question, detail=scope)
        return
    if not places:
        answer = pick(chance, NONE_AT_ALL if scope == "." else NONE, path=scope)
    else:
        answer = _listed(places)
        if answer and question.startswith(("Is ", "Does ")):
            answer = f"Yes. {answer}"
    if answer:
        yield tool_scene(question, outcome, answer, "search", paths=list(by_file(places)))


def _tag(
    repo: Repo, tools: Toolbox, chance: Random, tag: str, every: Sequence[tuple[str, TodoFact]]
) -> Iterator[Scene | Rejected]:
    expected = [(path, todo.line) for path, todo in every if todo.tag == tag]
    if len(expected) > MOST or (not expected and chance.random() < 0.6):
        return
    outcome = tools.call("search_text", pattern=_pattern([tag]), glob="*.py")
    places = [Place(match.file, match.line, match.text) for match in outcome.value.matches]
    question = pick(chance, OF_TAG, tag=tag, project=repo.title)
    if [(place.file, place.line) for place in places] != expected:
        yield Rejected("LibCST and ripgrep disagree", question=question, detail=tag)
        return
    answer = _listed(places) if places else pick(chance, NO_TAG, tag=tag)
    if answer:
        yield tool_scene(question, outcome, answer, "search", paths=list(by_file(places)))


def _about(tools: Toolbox, chance: Random, path: str, todo: TodoFact) -> Iterator[Scene]:
    outcome = tools.call("search_text", pattern=_pattern(TAGS), path=path)
    found = [
        Place(match.file, match.line, match.text)
        for match in outcome.value.matches
        if match.line == todo.line
    ]
    text = quoted(found[0].text) if len(found) == 1 else ""
    if text:
        question = pick(chance, ABOUT, topic=_topic(todo), path=path)
        answer = f"{'Yes, on' if question.startswith(('Is ', 'Did ')) else 'On'} line {todo.line}: {text}."
        yield tool_scene(question, outcome, answer, "search", paths=[path])


def _topic(todo: TodoFact) -> str:
    """A telling word of the comment, "" where it has none."""
    words = [word.strip(".,:;()'\"") for word in todo.text.split()]
    telling = [
        word for word in words if len(word) > 5 and word.isalpha() and word.islower() and word not in COMMON
    ]
    return max(telling, key=len) if telling else ""


def _listed(places: Sequence[Place]) -> str:
    files = by_file(places)
    if len(places) == 1:
        return f"One: {told(places[0])}."
    listed = told_all(places)
    where = f"in {plural(len(files), 'file')}" if len(files) > 1 else f"in `{places[0].file}`"
    return f"{sentence(number(len(places)))} {where}:\n\n{listed}" if listed else ""
