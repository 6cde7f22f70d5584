"""Which names are replaced by which: from the files of a repository and a seed to `Names`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

import libcst as cst

from punie_data.renaming.names import Names
from punie_data.renaming.survey import Found, Survey, judged
from punie_data.renaming.words import in_words, is_word, outside, parts_of, replacements, words_of

VERSION = 1
"""Goes up when the same repository and seed would get other names."""
BESIDE = frozenset({"tests", "test", "testing", "examples", "docs", "scripts", "tools", "benchmarks"})
"""Folders whose modules are imported without the folder's name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`kept` are names of the repository's own that were not replaced."""

    names: Names
    name: str
    kept: tuple[str, ...]


def surveyed(path: str, data: bytes) -> Found:
    """What a file calls its own; nothing where LibCST can't read it."""
    survey = Survey(path)
    try:
        cst.parse_module(data).visit(survey)
    except (cst.ParserSyntaxError, UnicodeDecodeError, RecursionError):
        found = Found(path)
        found.tokens = set(re.findall(r"[^\W\d]\w*", data.decode("utf-8", "replace")))
        found.outside = set(found.tokens)
        return found
    return survey.found


def plan(
    name: str, paths: Iterable[str], files: Mapping[str, bytes], seed: int, keep: Iterable[str] = ()
) -> Plan:
    """`name` is the repository's, `paths` all of its files, `files` the Python ones with their bytes. `keep` are names that must stay."""
    paths = list(paths)
    internal, modules = _modules(files)
    found = [surveyed(path, data) for path, data in files.items()]
    own, others, tokens = judged(found, internal)
    own |= modules
    others |= outside() | set(keep)
    mine = {each for each in own - others if not (each.startswith("__") and each.endswith("__"))}
    project = [each for each in dict.fromkeys([_identifier(name), *_packages(files)]) if each.isidentifier()]
    words = {word for each in mine for word in words_of(each)}
    project_words = {
        w for each in project if each in mine or each == _identifier(name) for w in words_of(each)
    }
    taken = {part.lower() for each in tokens | own for part in parts_of(each)} | {
        w for o in outside() for w in parts_of(o)
    }
    chance = Random(f"renaming:{VERSION}:{seed}")
    stems = {_stem(part) for path in files for part in path.split("/")} - mine
    anchors = [{word for each in some for word in _lowered(each)} for some in (stems, own - mine)]
    new = replacements(words | project_words, taken, anchors, chance)
    names = {each: in_words(each, new) for each in sorted(mine)}
    names = {old: fresh for old, fresh in names.items() if fresh != old}
    spellings = _spellings([each for each in project if each in names or each not in own | tokens], new)
    packages = {path.rpartition("/")[0] for path in files}
    moved = {path: _moved(path, names, spellings, packages) for path in paths}
    made = Names(names, spellings, moved | _folders(moved), new)
    kept = sorted(
        each for each in own if each not in names and any(is_word(p.lower()) for p in parts_of(each))
    )
    return Plan(made, _respelled(name, spellings), tuple(kept))


def _lowered(name: str) -> list[str]:
    return [part.lower() for part in parts_of(name)]


def _stem(part: str) -> str:
    return part.partition(".")[0]


def _identifier(name: str) -> str:
    return re.sub(r"\W+", "_", name)


def _modules(files: Iterable[str]) -> tuple[frozenset[str], set[str]]:
    """(the first parts of the repository's own modules, every part)."""
    tops, every = set(), set()
    for path in files:
        parts = path.rpartition(".")[0].split("/")
        every |= {part for part in parts if part.isidentifier()}
        inner = parts[1:] if parts[0] in ("src", "lib") and len(parts) > 1 else parts
        tops.add(inner[0])
        if parts[0] in BESIDE:
            tops |= set(parts)  # pytest and scripts find their neighbours by bare names
    return frozenset(tops), every - {"src", "lib"}


def _packages(files: Iterable[str]) -> list[str]:
    """The names of the packages that are installed: those below the root or its `src`."""
    found = (re.fullmatch(r"(?:(?:src|lib)/)?([^/]+)/__init__\.pyi?", path) for path in files)
    return sorted({match[1] for match in found if match} - outside())


def _spellings(project: Iterable[str], words: Mapping[str, str]) -> dict[str, str]:
    """`tiny_shop`, `tiny-shop`, `tiny shop` and `tinyshop`, with what takes their place."""
    found: dict[str, str] = {}
    for each in project:
        parts = [part.lower() for part in parts_of(each) if part.strip("_")]
        new = [words.get(part, part) for part in parts]
        if parts == new:
            continue
        for joint in ("_", "-", " ", ""):
            found[joint.join(parts)] = joint.join(new)
        found[each.lower()] = in_words(each, words).lower()
    return found


def _respelled(name: str, spellings: Mapping[str, str]) -> str:
    return spellings.get(name.lower(), name)


def _folders(moved: Mapping[str, str]) -> dict[str, str]:
    """The folders below others that get another name, old → new: settings and documents speak of them."""
    found: dict[str, str] = {}
    for old, new in sorted(moved.items()):
        before, after = old.split("/")[:-1], new.split("/")[:-1]
        for depth in range(2, len(before) + 1):
            if before[:depth] != after[:depth]:
                found["/".join(before[:depth])] = "/".join(after[:depth])
    return found


def _moved(path: str, names: Mapping[str, str], spellings: Mapping[str, str], packages: set[str]) -> str:
    """The path of a module after its name, of anything else after the packages that it is in and the project's name."""
    *folders, file = path.split("/")
    stem, dot, ending = file.partition(".")
    new = []
    for depth, folder in enumerate(folders, 1):
        is_package = "/".join(folders[:depth]) in packages
        bare, point, rest = folder.partition(".")  # as in parcel.egg-info
        new.append(
            names.get(folder, folder) if is_package else spellings.get(bare.lower(), bare) + point + rest
        )
    is_module = ending in ("py", "pyi")
    stem = names.get(stem, stem) if is_module else spellings.get(stem.lower(), stem)
    return "/".join([*new, f"{stem}{dot}{ending}"])
