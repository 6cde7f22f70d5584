"""A repository as generators see it: its facts, its documents, its files. Everything is read from the snapshot."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from punie_data.code.facts import CallFact, ClassFact, FileFacts, FunctionFact, Section
from punie_data.code.lines import lines_of
from punie_data.documents.passages import Article, articles, is_article, spelling
from punie_data.documents.sections import sections

NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
CODE_SPAN = re.compile(
    r"```.*?```|~~~.*?~~~|`[^`\n]+`|^(?: {4}|\t)[^\n]*|[A-Za-z_][\w.]*\(|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|\b\w*(?:[a-z][A-Z]|\w_\w)\w*",
    re.DOTALL | re.MULTILINE,
)
Once = Callable[..., Any]
"""`once(parse, path, text, …)` is what `parse(path, text, …)` returns."""


class Repo:
    """`facts` by path, in path order; a file that could not be read is there with its `problem`, and left out of everything below."""

    def __init__(
        self,
        name: str,
        root: Path,
        revision: str,
        license: str,
        paths: list[str],
        facts: dict[str, FileFacts],
        has_git: bool,
        drawn_as: str = "",
        once: Once | None = None,
    ) -> None:
        """`once` knows what a document was parsed into before."""
        self.name = name
        self.drawn_as = drawn_as or name
        self.root = root
        self.revision = revision
        self.license = license
        self.paths = paths
        self.facts = facts
        self.has_git = has_git
        self._once = once or (lambda parse, *arguments: parse(*arguments))

    @cached_property
    def python(self) -> list[FileFacts]:
        """Every Python file that could be read, in path order."""
        return [facts for facts in self.facts.values() if not facts.problem]

    @cached_property
    def sources(self) -> list[FileFacts]:
        """The Python files that are the project itself: no tests, no documentation, no examples, no scripts."""
        aside = ("docs", "doc", "examples", "example", "scripts", "tools", "benchmarks", "bench", "tutorials")
        found = [f for f in self.python if not f.is_test and f.path.split("/")[0] not in aside]
        return found or [f for f in self.python if not f.is_test] or self.python

    @cached_property
    def tests(self) -> list[FileFacts]:
        return [facts for facts in self.python if facts.is_test]

    def classes(self, files: list[FileFacts] | None = None) -> Iterator[tuple[FileFacts, ClassFact]]:
        """Every class with its file; of the sources unless other files are given."""
        for facts in self.sources if files is None else files:
            for found in facts.classes:
                yield facts, found

    def functions(self, files: list[FileFacts] | None = None) -> Iterator[tuple[FileFacts, FunctionFact]]:
        """Every function and method with its file; of the sources unless other files are given."""
        for facts in self.sources if files is None else files:
            for found in facts.functions:
                yield facts, found

    @cached_property
    def definitions(self) -> dict[str, list[tuple[str, int]]]:
        """Where each class, function, method and module variable of any Python file is defined: name → (path, line)."""
        found: dict[str, list[tuple[str, int]]] = {}
        for facts in self.python:
            for item in (*facts.classes, *facts.functions, *facts.variables):
                found.setdefault(item.name, []).append((facts.path, item.line))
        return found

    @cached_property
    def modules(self) -> frozenset[str]:
        """The dotted names of the project's modules and of the packages above them, of those that are no scripts or documentation."""
        found: set[str] = set()
        for facts in (*self.sources, *self.tests):
            parts = facts.module.split(".") if facts.module else []
            found.update(".".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        return frozenset(found)

    @cached_property
    def importable(self) -> frozenset[str]:
        """Every name that an import from one of the project's modules could find: what modules define and import, and their own names; "*" where one
        imports everything of a module that isn't read here.
        """
        found = {part for name in self.modules for part in name.split(".")}
        for facts in self.python:
            found.update(item.name for item in facts.classes if not item.is_nested)
            found.update(item.name for item in facts.functions if not item.is_method and not item.is_nested)
            found.update(item.name for item in facts.variables)
            for item in facts.imports:
                is_ours = (item.level and not item.module) or item.module.rpartition(".")[2] in found
                if item.name != "*":
                    found.add(item.bound)
                elif not is_ours:
                    found.add("*")
        return frozenset(found)

    @cached_property
    def call_sites(self) -> dict[str, list[tuple[str, CallFact]]]:
        """Every call in any Python file by the last part of what is called: `self.load()` is under "load". Values are (path, call)."""
        found: dict[str, list[tuple[str, CallFact]]] = {}
        for facts in self.python:
            for call in facts.calls:
                found.setdefault(call.name.rpartition(".")[2], []).append((facts.path, call))
        return found

    @cached_property
    def imported_names(self) -> Counter[str]:
        """In how many files a name is imported from some module."""
        return Counter(name for facts in self.python for name in {i.name for i in facts.imports if i.name})

    @cached_property
    def line_count(self) -> int:
        """The lines of all Python files."""
        return sum(facts.line_count for facts in self.python)

    @cached_property
    def subclasses(self) -> dict[str, list[tuple[FileFacts, ClassFact]]]:
        """Direct subclasses by the plain name of the base, in all Python files. Two bases of one name are not told apart here."""
        found: dict[str, list[tuple[FileFacts, ClassFact]]] = {}
        for facts, item in self.classes(self.python):
            for base in item.base_names:
                found.setdefault(base, []).append((facts, item))
        return found

    @cached_property
    def importers(self) -> dict[str, list[str]]:
        """Which files import a module (by its absolute dotted name, and by each package above it): module → paths."""
        found: dict[str, set[str]] = {}
        for facts in self.python:
            for item in facts.imports:
                if item.level:
                    continue
                parts = item.module.split(".")
                for depth in range(1, len(parts) + 1):
                    found.setdefault(".".join(parts[:depth]), set()).add(facts.path)
        return {module: sorted(paths) for module, paths in sorted(found.items())}

    @cached_property
    def sections(self) -> list[Section]:
        """The sections of every Markdown and reStructuredText document, in path and line order."""
        found: list[Section] = []
        for path in self.paths:
            if path.lower().endswith((".md", ".rst")):
                found += self._once(sections, path, self.text(path))
        return found

    @cached_property
    def articles(self) -> list[Article]:
        """The sections of the documentation that explain the project: no change log, no licence, no notes of its makers."""
        return [
            part
            for path in self.paths
            if is_article(path)
            for part in self._once(articles, path, self.text(path), "" if "/" in path else self.title)
        ]

    @cached_property
    def documented(self) -> frozenset[str]:
        """Every name that the documentation writes as one, dotted names as they are and by their last part: in code, called, or of a form that words
        don't have. "run" in a sentence is a word.
        """
        found: set[str] = set()
        for part in self.articles:
            for marked in CODE_SPAN.findall(part.section.text):
                names = NAME.findall(marked)
                found.update(names)
                found.update(name.rpartition(".")[2] for name in names)
        return frozenset(found)

    @cached_property
    def title(self) -> str:
        """The project's name as its README writes it, its folder's name where no README does."""
        readme = next((path for path in self.paths if path.lower() in ("readme.md", "readme.rst")), None)
        return spelling(self.name, self.text(readme)) if readme else self.name

    def text(self, path: str) -> str:
        """The file's text; undecodable bytes become U+FFFD."""
        return (self.root / path).read_bytes().decode("utf-8", "replace")

    def lines(self, path: str) -> list[str]:
        return lines_of(self.text(path))
