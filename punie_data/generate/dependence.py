"""Which files a tool's result depends on, as a digest: as long as that is the same, so is the result.

Where it can't be said for sure which they are, all files are. The tools fall into groups:

- LibCST reads one file.
- ripgrep reads every file below a path; one that holds none of the words that the pattern demands adds nothing.
- ty reads, for what stands in a file, that file and all that can be reached from it by imports, wherever they may lead; besides, the
  configuration and the list of files. For references and callers it opens the other files that hold the symbol's name, letter by letter
  (`test_incremental.py` holds the installed ty to that), and reads what these import.
- ruff reads one file, the configuration and the list of files.
- git's log is HEAD's, the rest is told by all files and the index.
"""

import hashlib
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from punie_data.chat import canonical
from punie_data.code.facts import FileFacts
from punie_data.generate.digests import PROSE, PYTHON
from punie_data.generate.needles import needles

ENDING = re.compile(r"\*\.\w+")
USUAL_ROOTS = frozenset({"", "src", "lib", "python", "tests"})
FROM = re.compile(r"\bfrom\s*(\.*)\s*([\w.]*)\s*import\b\s*(\((?:[^)#]|#[^\n]*)*\)|[^\n]*)")
PLAIN_IMPORT = re.compile(r"\bimport\b\s*([^\n]*)")
DOTTED = re.compile(r"[^\W\d][\w.]*")
PLAIN = re.compile(r"\.|(?!\.)[\w-][\w./-]*(?<!/)")
Import = tuple[int, str, str]
"""Level, module and name, as in an `ImportFact`."""


class Dependence:
    """`files` are the paths of the snapshot `root` with the SHA-256 and mode of each, `tree` the digest of all, `history` that of git's log."""

    def __init__(
        self,
        root: Path,
        files: Mapping[str, str],
        facts: Mapping[str, FileFacts],
        tree: str,
        history: str,
    ) -> None:
        self._root = root
        self._files = files
        self._facts = facts
        self._tree = tree
        self._history = history
        self._direct: dict[str, frozenset[str]] = {}
        self._reached: dict[str, frozenset[str]] = {}
        self._digests: dict[frozenset[str], str] = {}
        self._held: dict[str, frozenset[str]] = {}

    def of(self, tool: str, arguments: Mapping[str, Any]) -> str | None:
        """The digest for one call; None for a tool that costs nothing, and for a call that is not about the project's files."""
        given = str(arguments.get("file_path", arguments.get("path", "")))
        path = PurePosixPath(given).as_posix()  # as the tools do
        match tool:
            case "cst_find_pattern" | "cst_rename" | "cst_add_import":
                return self._files.get(path)
            case "search_text":
                return self._of_search(path, str(arguments["pattern"]), str(arguments["glob"]))
            case "git_log":
                return self._history
            case "git_status" | "git_diff":
                return self._tree
            case "ruff_check":
                return self._of_files(self._below(path))
            case "typecheck":
                return self._of_reachable(self._below(path))
            case "goto_definition" | "hover" | "document_symbols":
                return self._of_reachable([path])
            case "find_references":
                return self._of_references(path, arguments)
            case "call_hierarchy":
                incoming = arguments["direction"] == "incoming"
                return self._of_references(path, arguments) if incoming else self._of_reachable([path])
            case "type_hierarchy" | "find_implementations" | "workspace_symbols":
                return self._all_python
        return None

    # ---- the parts ----

    @cached_property
    def _surroundings(self) -> str:
        """The list of files, and the bytes of all that are neither Python nor prose: configuration is among them, whatever it is called."""
        whole = hashlib.sha256()
        for path, digest in self._files.items():
            whole.update(f"{path}\0{'' if path.endswith((*PYTHON, *PROSE)) else digest}\n".encode())
        return whole.hexdigest()

    @cached_property
    def _all_python(self) -> str:
        return self._of_files([path for path in self._files if path.endswith(PYTHON)]) or ""

    def _of_files(self, paths: Iterable[str]) -> str | None:
        """Of the bytes of some files, of the surroundings, and of nothing else. None for no files."""
        listed = sorted(paths)
        if not listed:
            return None
        return hashlib.sha256(
            canonical([self._surroundings, [(p, self._files.get(p)) for p in listed]])
        ).hexdigest()

    def _below(self, path: str) -> list[str]:
        if path in self._files:
            return [path]
        return [p for p in self._files if path == "." or p.startswith(f"{path}/")]

    def _of_search(self, path: str, pattern: str, glob: str) -> str:
        """Of those files that may match."""
        below = self._below(path)
        if ENDING.fullmatch(glob):
            below = [p for p in below if p.endswith(glob[1:])]
        ways = needles(pattern)
        if ways is not None:
            relevant = self._odd.union(*(frozenset.intersection(*map(self._holding, way)) for way in ways))
            below = [p for p in below if p in relevant]
        listed = [(p, self._files[p]) for p in below]
        return hashlib.sha256(canonical([bool(self._below(path)), listed])).hexdigest()

    def _holding(self, word: str) -> frozenset[str]:
        """The files in which the word stands, in whatever."""
        if word not in self._held:
            sought = word.encode()
            self._held[word] = frozenset(p for p, data in self._contents.items() if sought in data)
        return self._held[word]

    @cached_property
    def _contents(self) -> dict[str, bytes]:
        return {path: (self._root / path).read_bytes() for path in self._files}

    @cached_property
    def _odd(self) -> frozenset[str]:
        """What ripgrep may read otherwise than byte by byte: it takes UTF-16 for text, and a NUL for the end of it."""
        marks = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
        return frozenset(p for p, data in self._contents.items() if b"\0" in data or data.startswith(marks))

    # ---- what ty reads ----

    def _of_reachable(self, paths: Iterable[str]) -> str | None:
        """Of the files, and of all that they may import. None where one is no file of the project."""
        listed = list(paths)
        if not listed or any(path not in self._files for path in listed):
            return None
        whole = frozenset().union(*map(self._reachable, listed))
        if whole not in self._digests:
            self._digests[whole] = self._of_files(whole) or ""
        return self._digests[whole]

    def _of_references(self, path: str, arguments: Mapping[str, Any]) -> str | None:
        """Of the files that hold the name. Only where the name is defined at that place: what an alias leads to may have another name."""
        name, line = str(arguments["symbol"]), arguments["line"]
        facts = self._facts.get(path)
        if facts is None or facts.problem or name.startswith("__"):
            return self._all_python
        if not any(item.name == name and item.line == line for item in (*facts.classes, *facts.functions)):
            return self._all_python
        return self._of_reachable({path} | {p for p in self._holding(name) if p.endswith(PYTHON)})

    def _reachable(self, path: str) -> frozenset[str]:
        """The file and everything that it may import, over any number of steps."""
        if path not in self._reached:
            found = {path, *self._everywhere}
            waiting = list(found)
            while waiting:
                following = self._imported(waiting.pop())
                waiting += following - found
                found |= following
            self._reached[path] = frozenset(found)
        return self._reached[path]

    def _imported(self, path: str) -> frozenset[str]:
        """The files that the imports of one may name, and what makes it a module: the packages around it, the stub beside it."""
        if path not in self._direct:
            self._direct[path] = self._look_up(path) if path.endswith(PYTHON) else frozenset()
        return self._direct[path]

    def _look_up(self, path: str) -> frozenset[str]:
        folders = path.split("/")[:-1]
        above = {"/".join(folders[:depth]) for depth in range(len(folders) + 1)}
        found = {p for folder in above for p in self._modules.get((folder, "__init__"), ())}
        found |= set(self._modules.get((path.rpartition("/")[0], _stem(path)), ()))
        for level, module, name in self._imports_of(path):
            parts = [part for part in (*module.split("."), name) if part]
            if level:
                found |= self._along("/".join(folders[: max(0, len(folders) - level + 1)]), parts)
            elif parts:
                for root in self._places.get(parts[0], ()):
                    if root in above or self._may_be_root(root):
                        found |= self._along(root, parts)
        return frozenset(found)

    def _imports_of(self, path: str) -> list[Import]:
        """Of a file of which there are no facts, a stub for one, everything that looks like an import."""
        facts = self._facts.get(path)
        if facts is not None and not facts.problem:
            return [(item.level, item.module, item.name) for item in facts.imports]
        return _written_imports(self._contents[path].decode("utf-8", "replace"))

    def _along(self, folder: str, parts: list[str]) -> set[str]:
        """The modules `a`, `a.b`, `a.b.c` below a folder, and the packages' own files."""
        found: set[str] = set()
        for part in parts:
            found |= set(self._modules.get((folder, part), ()))
            folder = f"{folder}/{part}" if folder else part
            found |= set(self._modules.get((folder, "__init__"), ()))
        return found

    @cached_property
    def _modules(self) -> dict[tuple[str, str], list[str]]:
        """Python files by their folder and their name without its ending. A folder of stubs (`shop-stubs`) counts as the package, too."""
        found: dict[tuple[str, str], list[str]] = {}
        for path in self._files:
            if path.endswith(PYTHON):
                folder, _, name = path.rpartition("/")
                for place in {folder, "/".join(part.removesuffix("-stubs") for part in folder.split("/"))}:
                    found.setdefault((place, _stem(name)), []).append(path)
        return found

    @cached_property
    def _places(self) -> dict[str, set[str]]:
        """Folders by the names of what could be imported from them, were they on the path."""
        found: dict[str, set[str]] = {}
        folders = {place for place, _ in self._modules}
        for place, stem in self._modules:
            found.setdefault(stem, set()).add(place)
        for folder in folders:
            parts = folder.split("/") if folder else []
            for depth in range(len(parts)):
                found.setdefault(parts[depth], set()).add("/".join(parts[:depth]))
        return found

    def _may_be_root(self, folder: str) -> bool:
        """Whether ty looks for top-level modules here: where the configuration says, and in the layouts that it knows by itself."""
        if self._named_roots is None or folder in self._named_roots or folder in USUAL_ROOTS:
            return True
        inner = f"{folder}/{folder}".replace("-", "_")
        return "/" not in folder and any(place.replace("-", "_") == inner for place, _ in self._modules)

    @cached_property
    def _named_roots(self) -> frozenset[str] | None:
        """Where the project's configuration tells ty to look for modules; None where that can be anywhere."""
        found: set[str] = set()
        try:
            for name, keys in (("pyproject.toml", ("tool", "ty")), ("ty.toml", ())):
                table = tomllib.loads(self._contents[name].decode()) if name in self._files else {}
                for key in (*keys, "environment"):
                    table = table.get(key, {})
                paths = [
                    PurePosixPath(path) for key in ("root", "extra-paths") for path in table.get(key, ())
                ]
                if {"typeshed", "python"} & set(table) or not all(
                    PLAIN.fullmatch(str(path)) for path in paths
                ):
                    return None
                found |= {"" if str(path) == "." else str(path) for path in paths}
        except (ValueError, TypeError, AttributeError, RecursionError):
            return None
        return frozenset(found)

    @cached_property
    def _everywhere(self) -> frozenset[str]:
        """What every file depends on: modules that would be taken for the standard library's, and a stub of what is built in."""
        found = {p for (_, stem), paths in self._modules.items() if stem == "__builtins__" for p in paths}
        for name in sys.stdlib_module_names:
            for root in self._places.get(name, ()):
                if self._may_be_root(root):
                    found |= set(self._modules.get((root, name), ()))
                    inside = f"{root}/{name}/" if root else f"{name}/"
                    found |= {p for p in self._files if p.endswith(PYTHON) and p.startswith(inside)}
        return frozenset(found)


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".pyi").removesuffix(".py")


def _written_imports(text: str) -> list[Import]:
    """Every import of a source, and whatever else is written like one."""
    joined = re.sub(r"[ \t]*\.[ \t]*", ".", re.sub(r"\\\r?\n", " ", text))
    found: list[Import] = []
    for dots, module, names in FROM.findall(joined):
        found += [(len(dots), module, name) for name in ("", *DOTTED.findall(names))]
    for names in PLAIN_IMPORT.findall(joined):
        found += [(0, name, "") for name in DOTTED.findall(names)]
    return found
