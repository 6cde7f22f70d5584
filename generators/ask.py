"""A request that lacks what nobody but the user can say: the answer asks for it.

user       rename best_sellers, it's in src/tiny_shop/reports.py
assistant  Which name should replace `best_sellers`?
"""

import re
from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario import missing
from punie_data.scenario.missing import Missing
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, Turn
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox

Gap = tuple[Missing, dict[str, str]]
"""What is missing, and what of the call remains to be said."""
SEVERAL = 3
"""So many files, functions or classes there must be: of fewer, one would look at all in place of asking which."""
WHOLE = ("the {project} code base", "{project}", "all of {project}", "the whole project")
LONGEST = 400
"""Characters of a file's content that someone pastes into a question."""

FUNCTIONS = ("apply_all", "run_once", "as_pairs", "first_match", "prepare", "finish", "in_order", "dispatch")
CLASSES = ("Snapshot", "Outline", "Ledger", "Cursor", "Batch", "Channel", "Gateway", "Blueprint")
CONSTANTS = ("LIMITS", "FALLBACK", "MARKER", "CHOICES", "BASELINE", "THRESHOLD")
"""New names that don't tell which old one they are for."""


def derive(scenes: list[Scene], repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """One required argument of a verified call is withheld, of a kind that no tool could find out."""
    found = [scene for scene in scenes if scene.kind == "tool"]
    chance.shuffle(found)
    for scene in found:
        gap = _gap(scene.outcomes[0], repo, chance)
        if gap is None:
            continue
        what, words = gap
        yield Scene(
            turns=(Turn(pick(chance, what.questions, **words), (), pick(chance, what.answers, **words)),),
            category=scene.category,
            kind="ask",
            symbol=words.get("old_name", ""),
            paths=(words["path"],) if "path" in words else (),
            needs=what.needs,
        )


def _gap(outcome: Outcome, repo: Repo, chance: Random) -> Gap | None:
    """What to withhold of this call; None where a tool could find out what is missing."""
    given = outcome.arguments
    path = str(given.get("file_path") or given.get("path") or "")
    match outcome.tool:
        case "cst_rename":
            if chance.random() < 0.3 and _is_one_of_several(repo.facts.get(path), str(given["old_name"])):
                new_name = _unrelated(str(given["old_name"]), repo.text(path), chance)
                return missing.OLD_NAME, {"new_name": new_name, "path": path}
            return missing.NEW_NAME, {"old_name": str(given["old_name"]), "path": path}
        case "cst_add_import":
            if chance.random() < 0.4:
                return missing.IMPORTING_FILE, {"statement": str(given["import_statement"])}
            return missing.IMPORT, {"path": path}
        case "write_file":
            content = str(given["content"]).strip("\n")
            if content and len(content) <= LONGEST and "```" not in content and chance.random() < 0.4:
                return missing.WRITTEN_FILE, {"content": content}
            return missing.CONTENT, {"path": path}
        case "search_text":
            if path in ("", "."):
                return missing.PATTERN, {"place": chance.choice(WHOLE).format(project=repo.title)}
            return missing.PATTERN, {"place": path, "path": path}
        case "cst_find_pattern":
            facts = repo.facts.get(path)
            return (
                (missing.SOME_PATTERN, {"path": path}) if facts and len(_called(facts)) >= SEVERAL else None
            )
        case "pytest_run":
            return missing.A_TEST, {}
        case "workspace_symbols":
            return missing.A_SYMBOL, {"project": repo.title}
        case "list_files":
            return missing.SOME_FILE, {"project": repo.title}
        case "find_references" | "call_hierarchy" | "type_hierarchy" | "find_implementations":
            return _thing(repo.facts.get(path), str(given["symbol"]))
        case "goto_definition" | "hover":
            return missing.A_NAME, {"path": path}
        case "read_file" | "document_symbols":
            return _in_folder(missing.A_FILE, path, repo)
        case "ruff_check":
            return _in_folder(missing.LINTED, path, repo)
        case "typecheck":
            return _in_folder(missing.TYPED, path, repo)
        case "git_log" | "git_diff":
            return _in_folder(missing.HISTORY, path, repo)
    return None


def _called(facts: FileFacts) -> set[str]:
    return {call.name for call in facts.calls}


def _is_one_of_several(facts: FileFacts | None, name: str) -> bool:
    """Whether the file has other names of the same kind at its top, so that nobody can tell which is meant."""
    if facts is None:
        return False
    functions = [item for item in facts.functions if not item.is_method and not item.is_nested]
    kinds = [[item.name for item in each] for each in (facts.classes, functions, facts.variables)]
    return any(name in names and len(set(names)) >= SEVERAL for names in kinds)


def _unrelated(old: str, text: str, chance: Random) -> str:
    """A name of the same kind that the file doesn't have; a synonym of the old one would tell which one is meant."""
    kind = CONSTANTS if old.isupper() else CLASSES if old.lstrip("_")[:1].isupper() else FUNCTIONS
    order = chance.sample(kind, len(kind))
    return next((name for name in order if not re.search(rf"\b{name}\b", text)), order[0])


def _thing(facts: FileFacts | None, symbol: str) -> Gap | None:
    """Only where the file has several of the kind: else the one there is would be meant."""
    if facts is None:
        return None
    name = symbol.rpartition(".")[2]
    if any(item.name == name for item in facts.classes):
        return (missing.A_CLASS, {"path": facts.path}) if len(facts.classes) >= SEVERAL else None
    plain = [item for item in facts.functions if not item.is_method and not item.is_nested]
    if any(item.name == name for item in plain):
        return (missing.A_FUNCTION, {"path": facts.path}) if len(plain) >= SEVERAL else None
    return None


def _in_folder(what: Missing, path: str, repo: Repo) -> Gap | None:
    """Only where the folder has several files."""
    folder = path.rpartition("/")[0]
    if not folder or path not in repo.paths:
        return None
    alike = sum(one.rpartition("/")[0] == folder for one in repo.paths)
    return (what, {"folder": folder}) if alike >= SEVERAL else None
