"""A request that lacks what nobody but the user can say: the answer asks for it.

user       rename OrderService, it's in src/tiny_shop/orders.py
assistant  I only have the old name, `OrderService`: to which new one?
"""

from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, Turn
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox

Phrasings = tuple[str, ...]
NEW_NAME: tuple[Phrasings, Phrasings] = (
    (
        "Rename `{old_name}` in {path}, please.",
        "I don't like the name `{old_name}` in {path} any more. Change it.",
        "`{old_name}` in {path} needs another name. Can you do the renaming?",
        "Give `{old_name}` (in {path}) a new name everywhere in that file.",
        "We agreed in the review to rename `{old_name}` in {path}. Please do it.",
        "rename {old_name}, it's in {path}",
    ),
    (
        "What should `{old_name}` be called instead?",
        "Gladly. Which new name shall `{old_name}` get?",
        "I only have the old name, `{old_name}`: to which new one?",
        "What's the new name for `{old_name}`?",
    ),
)
IMPORT: tuple[Phrasings, Phrasings] = (
    (
        "Add an import to {path}.",
        "{path} needs one more import. Please put it in.",
        "Could you add the import to {path} where it belongs?",
        "Insert the import I need into {path}, please.",
        "Please extend the imports of {path}.",
        "Add that import at the top of {path}.",
    ),
    (
        "Which import should `{path}` get?",
        "What shall be imported in `{path}`: which module, and which name of it?",
        "Tell me what to import there: a module, or names from one?",
        "Which module or name do you need in `{path}`?",
    ),
)
CONTENT: tuple[Phrasings, Phrasings] = (
    (
        "Create the file {path} for me.",
        "Please write {path}.",
        "Save it to {path}.",
        "Put the text into {path}.",
        "Can you overwrite {path} with the new version?",
        "Write the new contents to {path}, please.",
    ),
    (
        "What should `{path}` contain?",
        "What text shall I write to `{path}`?",
        "I don't have the contents yet: what should go into `{path}`?",
        "With which contents?",
    ),
)
PATTERN: tuple[Phrasings, Phrasings] = (
    (
        "Search {place} for that string.",
        "Does the text still occur anywhere in {place}?",
        "Grep {place} for it.",
        "Find every line in {place} that has the phrase.",
        "How often does that word come up in {place}?",
        "Look through {place} for the message that a customer sent us.",
    ),
    (
        "Which text or pattern should I search for?",
        "What exactly am I looking for: which string?",
        "For which string?",
        "What's the text you have in mind?",
    ),
)
A_FUNCTION: tuple[Phrasings, Phrasings] = (
    (
        "Who calls the function in {path}?",
        "Where is the function from {path} used?",
        "Find all uses of that function in {path}.",
        "I want to change the signature of a function in {path}. Which places call it?",
        "Show me the callers of the helper in {path}, please.",
        "Is the function in {path} used outside its own file?",
    ),
    (
        "Which function in `{path}` do you mean?",
        "Can you give me the name of the function in `{path}`?",
        "What's the name of the function, or the line on which it is defined?",
        "Which of the functions in `{path}` is it?",
    ),
)
A_CLASS: tuple[Phrasings, Phrasings] = (
    (
        "Which classes derive from the class in {path}?",
        "Where is the class from {path} used?",
        "List the subclasses of the base class in {path}.",
        "I want to split the class in {path}. Who depends on it?",
        "What does the class in {path} inherit from?",
        "Find every place that makes an instance of the class in {path}.",
    ),
    (
        "Which class in `{path}` do you mean?",
        "What's the name of the class in `{path}`?",
        "Which class is it, by name?",
        "Which of the classes in `{path}` are you asking about?",
    ),
)
A_NAME: tuple[Phrasings, Phrasings] = (
    (
        "What type does the variable in {path} have?",
        "Go to the definition of that name in {path}.",
        "Where does the name used in {path} come from?",
        "Take me to where this symbol in {path} is defined.",
        "Hover over the name in {path} and tell me its type.",
        "What's the signature of what is called in {path}?",
    ),
    (
        "Which name in `{path}` do you mean, and on which line is it?",
        "Which symbol, and where in `{path}` does it stand?",
        "I need the name and the line in `{path}`: which are they?",
        "Can you tell me the name, and the line of `{path}` on which you see it?",
    ),
)
A_FILE: tuple[Phrasings, Phrasings] = (
    (
        "Show me the file in {folder}.",
        "What does the module in {folder} define?",
        "Open the file in {folder} and tell me what it is about.",
        "Give me an outline of that module in {folder}.",
        "Read the file from {folder} that I have to change.",
        "Summarise the module in {folder} for me.",
    ),
    (
        "Which file in `{folder}` do you mean?",
        "Which one of the files in `{folder}`?",
        "What's the name of the file in `{folder}`?",
        "Which file is it, by name?",
    ),
)
CHECKED: tuple[Phrasings, Phrasings] = (
    (
        "Check the file in {folder} that the ticket is about.",
        "Lint that one file in {folder}.",
        "Does the file in {folder} that I was asked to fix have any findings?",
        "Is the module in {folder} clean? I only mean the one from the review comment.",
        "Run the check on the file from {folder} that broke the build of my colleague.",
        "Any problems in the file in {folder} that QA complained about?",
    ),
    (
        "Which file in `{folder}` should be checked?",
        "I can't see the conversation in which it was named: which file is it?",
        "What's the file's name? It must be one in `{folder}`, but which?",
        "Which of the files in `{folder}` do you mean?",
    ),
)
HISTORY: tuple[Phrasings, Phrasings] = (
    (
        "Who touched the file in {folder} last? I mean the one from the ticket.",
        "Show me the recent commits of that one file in {folder}.",
        "What has changed in the file from {folder} that we talked about?",
        "Did anyone change the file in {folder} that Sam mentioned?",
        "History of the file in {folder}, please, the one named in the bug report.",
        "When was the file from {folder} that the customer mentioned changed last?",
    ),
    (
        "Which file in `{folder}` do you mean?",
        "What's the file called?",
        "I don't know what was said elsewhere: which file is it?",
        "I'd need the name of that file: which one in `{folder}` is it?",
    ),
)
SOME_PATTERN: tuple[Phrasings, Phrasings] = (
    (
        "Find the calls in {path}.  I only need those of the one function.",
        "Which lines of {path} use the decorator?",
        "Where does {path} call it?",
        "Find all places in {path} that match the pattern.",
        "List the statements of that kind in {path}.",
        "Where does {path} define the thing I have to remove?",
    ),
    (
        "What should I look for in `{path}`: which name, or which kind of statement?",
        "Which name do you mean?",
        "Which call, decorator or statement in `{path}` are you after?",
        "What exactly am I to find in `{path}`?",
    ),
)
A_TEST: tuple[Phrasings, Phrasings] = (
    (
        "Run that one test again.",
        "Does the test pass now?",
        "Run only the test from the bug report, please.",
        "Is the test that failed on Friday green?",
        "Execute the single test I was working on.",
        "Try the flaky test once more.",
    ),
    (
        "Which test should I run?",
        "What's the name of the test, or the file it is in?",
        "Which test do you mean?",
        "A file or a name would do: which test is it?",
    ),
)


def derive(scenes: list[Scene], repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """One required argument of a verified call is withheld, of a kind that no tool could find out."""
    found = [scene for scene in scenes if scene.kind == "tool"]
    chance.shuffle(found)
    for scene in found:
        outcome = scene.outcomes[0]
        gap = _gap(outcome, repo)
        if gap is None:
            continue
        (questions, answers), words = gap
        question = pick(chance, questions, **words).replace("  ", " ")
        yield Scene(
            turns=(Turn(question, (), pick(chance, answers, **words)),),
            category=scene.category,
            kind="ask",
            symbol=words.get("old_name", ""),
            paths=(words["path"],) if "path" in words else (),
        )


def _gap(outcome: Outcome, repo: Repo) -> tuple[tuple[Phrasings, Phrasings], dict[str, str]] | None:
    """What to withhold of this call, and what remains to be said; None where a tool could find out what is missing."""
    given = outcome.arguments
    path = str(given.get("file_path") or given.get("path") or "")
    match outcome.tool:
        case "cst_rename":
            return NEW_NAME, {"old_name": str(given["old_name"]), "path": path}
        case "cst_add_import":
            return IMPORT, {"path": path}
        case "write_file":
            return CONTENT, {"path": path}
        case "search_text":
            if path in ("", "."):
                return PATTERN, {"place": f"the {repo.title} code base"}
            return PATTERN, {"place": path, "path": path}
        case "cst_find_pattern":
            return SOME_PATTERN, {"path": path}
        case "pytest_run":
            return A_TEST, {}
        case "find_references" | "call_hierarchy" | "type_hierarchy" | "find_implementations":
            return _thing(repo.facts.get(path), str(given["symbol"]))
        case "goto_definition" | "hover":
            return A_NAME, {"path": path}
        case "read_file" | "document_symbols":
            return _in_folder(A_FILE, path, repo)
        case "ruff_check" | "typecheck":
            return _in_folder(CHECKED, path, repo)
        case "git_log" | "git_diff":
            return _in_folder(HISTORY, path, repo)
    return None


def _thing(facts: FileFacts | None, symbol: str) -> tuple[tuple[Phrasings, Phrasings], dict[str, str]] | None:
    """Only where the file has several of the kind: else the one there is would be meant."""
    if facts is None:
        return None
    name = symbol.rpartition(".")[2]
    if any(item.name == name for item in facts.classes):
        return (A_CLASS, {"path": facts.path}) if len(facts.classes) > 1 else None
    if any(item.name == name for item in facts.functions):
        return (A_FUNCTION, {"path": facts.path}) if len(facts.functions) > 1 else None
    return None


def _in_folder(
    phrasings: tuple[Phrasings, Phrasings], path: str, repo: Repo
) -> tuple[tuple[Phrasings, Phrasings], dict[str, str]] | None:
    """Only where the folder has several files."""
    folder = path.rpartition("/")[0]
    if not folder or path not in repo.paths:
        return None
    alike = sum(one.rpartition("/")[0] == folder for one in repo.paths)
    return (phrasings, {"folder": folder}) if alike > 2 else None
