r"""Where does this text stand?

user       I keep running into "a quantity is at least 1" at run time. Where in the code is that text?
assistant  search_text(pattern="a quantity is at least 1")
tool       {"success":true,"pattern":"a quantity is at least 1","match_count":1,"file_count":1,"matches":[{"file":"src/tiny_shop/cart.py","line":34,"column":31,"…
assistant  It comes from `src/tiny_shop/cart.py:34`: `raise ValueError("a quantity is at least 1")`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import pick, plural, sentence
from punie_data.scenario.places import Place, told, told_all
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.tools.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Wording:
    """Templates: `{text}` is what is looked for, `{where}` a part of the project such as " in src/shop", `{list}` the lines found."""

    questions: Sequence[str]
    one: Sequence[str]
    several: Sequence[str]
    none: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    wording: Wording
    text: str
    arguments: dict[str, str]
    where: str = ""


MESSAGE = Wording(
    (
        'A user reports the error "{text}". Where does that come from?',
        'Which line of our code produces the message "{text}"?',
        'I keep running into "{text}" at run time. Where in the code is that text?',
        'where do we say "{text}"',
        'Someone pasted a traceback that ends in "{text}". Find the place that raises it, please.',
        'Our support wants the message "{text}" reworded. Where is it?',
        'The ticket quotes the message "{text}". Which line of {project} has it?',
    ),
    (
        "It comes from {place}.",
        "That text is in one place only, {place}.",
        "{place} is the only line that says so.",
    ),
    (
        "{Places} have that text:\n\n{list}",
        "That text is on {places}:\n\n{list}",
        "I see it on {places}:\n\n{list}",
    ),
)
VARIABLE = Wording(
    (
        "Where do we read the environment variable {text}?",
        "Which code looks at the {text} environment variable?",
        "What uses `{text}` from the environment?",
        "I set {text} in my shell and nothing happens. Where would it be read?",
        "Find every mention of the environment variable {text}.",
        "Run `search_text` for the environment variable {text}.",
    ),
    ("Only at {place}.", "{place} is the one mention of it.", "In one place: {place}."),
    (
        "{text} turns up on {places}:\n\n{list}",
        "{Places} mention {text}:\n\n{list}",
        "On {places}:\n\n{list}",
    ),
)
SETTING = Wording(
    (
        "Where is `{text}` configured?",
        "What is `{text}` set to in this project?",
        "Which config file sets `{text}`, and to what?",
        "Is `{text}` set anywhere in our configuration?",
        "I'm looking for our `{text}` setting. Where is it?",
        "Where does the configuration of {project} set `{text}`?",
    ),
    ("It's set at {place}.", "{place} sets it.", "In the configuration there's one line: {place}."),
    (
        "`{text}` is set on {places}:\n\n{list}",
        "{Places} set it:\n\n{list}",
        "The configuration has it on {places}:\n\n{list}",
    ),
)
DOCUMENTED = Wording(
    (
        "Is `{text}` mentioned anywhere in the docs?",
        "Do the docs say anything about `{text}`?",
        "I'm about to change `{text}`. Which pages of the documentation mention it?",
        "Docs check: does any page mention `{text}`?",
        "Which documents would I have to touch if `{text}` got another name?",
        "Do any of our {kind} files mention `{text}`?",
        "Do the docs of {project} mention `{text}`?",
        "In the review somebody asked whether the docs mention `{text}`. Do they?",
    ),
    ("There's a single mention, {place}.", "One line mentions it: {place}.", "In one place: {place}."),
    (
        "`{text}` turns up on {places}:\n\n{list}",
        "`{text}` is mentioned on {places}:\n\n{list}",
        "{Places} mention it:\n\n{list}",
    ),
    (
        "`{text}` isn't mentioned in any {kind} file.",
        "No, none of the {kind} files mentions `{text}`.",
        "The documentation doesn't mention `{text}` at all: no {kind} file has the name.",
    ),
)
LITERAL = Wording(
    (
        'Where does the literal "{text}" appear in the code?',
        'Is "{text}" hard-coded anywhere?',
        'Find "{text}" in our Python files.',
        'How many places use the string "{text}"?',
        'I want to replace the magic string "{text}" by a constant. Where is it used?',
        '`search_text` for "{text}" in the Python files, please.',
    ),
    ("In one place only: {place}.", "Just once, at {place}.", "{place} is the only line with it."),
    ("{Places} have it:\n\n{list}", 'The code has "{text}" on {places}:\n\n{list}', "On {places}:\n\n{list}"),
)
HABIT = Wording(
    (
        "Are there any {text}{where}?",
        "Find all {text}{where}, please.",
        "I'm cleaning up. Do we have {text}{where}?",
        "Code review: any {text} left{where}?",
        "List the {text}{where}.",
    ),
    ("There's one: {place}.", "Just one, {place}.", "One place: {place}."),
    ("I see {places}:\n\n{list}", "{Places}:\n\n{list}", "There are {places} like that:\n\n{list}"),
    ("There are no {text}{where}.", "None{where}.", "No {text} at all{where}."),
)
HABITS = (
    ("bare `except:` clauses", r"^\s*except\s*:"),
    ("`except Exception` clauses", r"except \(?Exception\b"),
    ("`print` calls", r"^\s*print\("),
    ("debugger breakpoints", r"\bbreakpoint\(\)|\bset_trace\(\)"),
    ("`# type: ignore` comments", r"#\s*type:\s*ignore"),
    ("`noqa` comments", r"#\s*noqa"),
    ("`pragma: no cover` comments", r"pragma: no cover"),
    ("places that raise `NotImplementedError`", r"raise NotImplementedError"),
    ("calls of `time.sleep`", r"\btime\.sleep\("),
    ("uses of `subprocess`", r"\bsubprocess\."),
    ("`eval` or `exec` calls", r"(^|[^.\w])(eval|exec)\("),
    ("`assert` statements", r"^\s*assert\b"),
    ("plain `http://` addresses", r"http://"),
    ("uses of `os.path`", r"\bos\.path\."),
    ("`global` statements", r"^\s*global \w"),
    ("calls of `sys.exit`", r"\bsys\.exit\("),
    ("calls of `warnings.warn`", r"\bwarnings\.warn\("),
    ("`if TYPE_CHECKING:` blocks", r"^\s*if (typing\.)?TYPE_CHECKING:"),
    ("uses of `typing.cast`", r"(\btyping\.|[^.\w])cast\("),
    ("calls of `datetime.utcnow`", r"\butcnow\(\)"),
    ("wildcard imports", r"^\s*from \S+ import \*"),
)
EXPECTED = ("examples", "scripts", "benchmarks", "docs", "tools", "notebooks", "tests/integration")
ABSENT = (
    "Is `{text}` used anywhere under {folder}?",
    "Search {folder} for `{text}`.",
    "Does anything in {folder} mention `{text}`?",
    "grep {text} in {folder}, please",
    "Call `search_text` for `{text}` below {folder}.",
)
NO_FOLDER = (
    "There is no `{folder}` in this project, so there was nothing to search.",
    "This project has no `{folder}`. If you meant another folder, I can look for `{text}` there.",
    "Nothing to search: the path `{folder}` doesn't exist here.",
)
YES_OR_NO = ("Is ", "Are ", "Do ", "Does ")
MOST_EMPTY, MOST_MATCHES = 5, 25
TEXT = re.compile(r"""(?<![\w"'])[fFrRbB]{0,2}(?:"([^"\\\n]{12,110})"|'([^'\\\n]{12,110})')""")
FIXED = re.compile(r"\{[^}]*\}?|%[a-z(]\S*|%\S")
READS = re.compile(r"""\bos\.(?:environ(?:\.get)?|getenv)\s*[(\[]\s*["']([A-Z][A-Z0-9_]{2,})["']""")
LINE = re.compile(r"""(?m)^([A-Za-z][\w-]{4,})\s*=\s*\S.*[^\s\[{(,]$""")
SPECIAL = re.compile(r"([.^$*+?()\[\]{}|\\])")


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Texts that the sources hold, and habits that they may have; ripgrep says where."""
    kinds = (
        (8, _messages(repo)), (4, _variables(repo)), (4, _settings(repo)), (9, _documented(repo)),
        (5, _literals(repo)), (9, _habits(repo)),
    )  # fmt: skip
    asks = [ask for most, found in kinds for ask in chance.sample(found, min(most, len(found)))]
    chance.shuffle(asks)
    yield from _absent(repo, tools, chance)
    missing = 0
    for ask in asks:
        outcome = tools.call("search_text", **ask.arguments)
        found = outcome.value
        places = [Place(match.file, match.line, match.text) for match in found.matches]
        listed = told_all(places)
        if found.match_count > MOST_MATCHES or (places and not listed):
            continue
        if not places and (missing == MOST_EMPTY or not ask.wording.none):
            continue
        missing += not places
        kind = {"*.md": "Markdown", "*.rst": "RST"}.get(ask.arguments.get("glob", ""), "")
        fields = {"text": ask.text, "where": ask.where, "kind": kind, "project": repo.title}
        question = pick(chance, ask.wording.questions, **fields)
        if not places:
            answer = pick(chance, ask.wording.none, **fields)
        elif len(places) == 1:
            answer = pick(chance, ask.wording.one, place=told(places[0]), **fields)
        else:
            several = _split(repo, places) if ask.wording is MESSAGE else ""
            counted = plural(found.match_count, "line")
            counted += (
                f" in {plural(found.file_count, 'file')}"
                if found.file_count > 1
                else f" of `{places[0].file}`"
            )
            fields |= {"places": counted, "Places": sentence(counted), "list": listed}
            answer = several or pick(chance, ask.wording.several, **fields)
        if places and question.startswith(YES_OR_NO):
            answer = f"Yes. {answer}"
        yield tool_scene(question, outcome, answer, "search", paths=[place.file for place in places])


def _split(repo: Repo, places: Sequence[Place]) -> str:
    """Where one line of the project itself says it and the others only repeat it, that line first; else ""."""
    own = [place for place in places if any(place.file == facts.path for facts in repo.sources)]
    others = [place for place in places if place not in own]
    if len(own) != 1 or not others:
        return ""
    return f"It comes from {told(own[0])}.\n\nThe same text is also here:\n\n{told_all(others)}"


def _absent(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene]:
    """One search in a folder that people expect and that isn't there."""
    folders = [name for name in EXPECTED if not any(path.startswith(f"{name}/") for path in repo.paths)]
    names = [item.name for facts in repo.sources for item in facts.classes if len(item.name) > 4]
    if folders and names:
        fields = {"folder": chance.choice(folders), "text": chance.choice(names)}
        outcome = tools.call("search_text", pattern=fields["text"], path=fields["folder"])
        yield tool_scene(
            pick(chance, ABSENT, **fields), outcome, pick(chance, NO_FOLDER, **fields), "search", paths=[]
        )


def _messages(repo: Repo) -> list[Ask]:
    """The fixed part of what an exception says: what a user would quote."""
    found = {}
    for facts in repo.sources:
        lines = repo.lines(facts.path)
        for raised in facts.raises:
            match = TEXT.search("\n".join(lines[raised.line - 1 : raised.line + 2]))
            parts = FIXED.split(match[1] or match[2]) if match else [""]
            text = max((part.strip(" :,.(") for part in parts), key=len)
            plain = not text.count("'") % 2 and '"' not in text and "`" not in text
            if len(text) > 11 and text.count(" ") > 2 and plain:
                found[text] = Ask(MESSAGE, text, {"pattern": _plain(text)})
    return list(found.values())


def _variables(repo: Repo) -> list[Ask]:
    names = {name: None for facts in repo.sources for name in READS.findall(repo.text(facts.path))}
    return [Ask(VARIABLE, name, {"pattern": rf"\b{name}\b"}) for name in names]


def _settings(repo: Repo) -> list[Ask]:
    """Keys of the configuration with a value on the same line."""
    found: dict[str, Ask] = {}
    for path in ("pyproject.toml", "setup.cfg", "tox.ini"):
        for key in LINE.findall(repo.text(path)) if path in repo.paths else ():
            found.setdefault(
                key, Ask(SETTING, key, {"pattern": rf"^{key}\b", "glob": f"*.{path.rpartition('.')[2]}"})
            )
    return [ask for key, ask in found.items() if key not in ("description", "readme")]


def _documented(repo: Repo) -> list[Ask]:
    """Public names, whether or not the documentation has them."""
    pages = [path for path in repo.paths if path.lower().endswith((".md", ".rst"))]
    if not pages:
        return []
    suffix = max((".md", ".rst"), key=lambda end: sum(path.endswith(end) for path in pages))
    names = [
        item.name
        for facts in repo.sources
        for item in (*facts.classes, *facts.functions)
        if len(item.name) > 5 and item.name[0] != "_" and (item.name.lower() != item.name or "_" in item.name)
    ]
    return [
        Ask(DOCUMENTED, name, {"pattern": rf"\b{name}\b", "glob": f"*{suffix}"})
        for name in sorted(set(names))
    ]


def _literals(repo: Repo) -> list[Ask]:
    """Strings that a constant of some module stands for."""
    found = {}
    for facts in repo.sources:
        for variable in facts.variables:
            value = variable.value
            if (
                8 < len(value) < 50
                and value[0] in "\"'"
                and value.count(value[0]) == 2
                and value[-1] == value[0]
            ):
                text = value[1:-1]
                if re.fullmatch(r"[\w ./:-]+", text) and text[0] != " " and not text.isdigit():
                    found[text] = Ask(LITERAL, text, {"pattern": _plain(text), "glob": "*.py"})
    return list(found.values())


def _habits(repo: Repo) -> list[Ask]:
    """Over the folder that all sources share, where there is one; else over the whole project."""
    folders = [facts.path.split("/")[:-1] for facts in repo.sources]
    shared = []
    for level in zip(*folders, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    home = "/".join(shared)
    where = f" in {home}" if home else " in the Python files"
    arguments = {"path": home, "glob": "*.py"} if home else {"glob": "*.py"}
    return [Ask(HABIT, name, {"pattern": pattern, **arguments}, where) for name, pattern in HABITS]


def _plain(text: str) -> str:
    """A regular expression that matches the text and nothing else."""
    return SPECIAL.sub(r"\\\1", text)
