"""New names for old ones, and how they are put into text: into code every name, into prose only what can't be an ordinary word."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from punie_data.renaming.words import all_words, words_of

_TOKEN = re.compile(r"\\[abfnrtvx0'\"\\]|[^\W\d]\w*")
_SPANS = re.compile(r"(`+)([^`]+?)\1")
_PROSE = re.compile(r"\\[abfnrtvx0'\"\\]|[^\W\d]\w*(?:\.[^\W\d]\w*)+|[^\W\d]\w*\(|[^\W\d]\w*")
_ENDINGS = frozenset({"json", "txt", "html", "toml", "cfg", "csv", "md", "rst", "yaml", "yml", "com", "org", "io", "net", "ini", "lock", "js", "css"})  # fmt: skip
_FIELD = re.compile(r"^(\s*(?::\w+ (?:\S+ )?|[-*] )?)([^\W\d]\w*)(?=(?:\s*\([^)\n]*\))?\s?:)", re.MULTILINE)
"""`:param name:`, `name: what it is`, `name (int): …`: where docstrings tell of a parameter."""


@dataclass(frozen=True)
class Names:
    """`names` are identifiers, old → new; `project` the spellings of the project's name in small letters, in the same way; `paths` those of files; `words` what
    stands for which word.
    """

    names: Mapping[str, str]
    project: Mapping[str, str]
    paths: Mapping[str, str]
    words: Mapping[str, str]

    def code(self, text: str) -> str:
        """Every identifier, the project's name and paths."""
        return _TOKEN.sub(lambda match: self.names.get(match[0], match[0]), self._named(text))

    def everywhere(self, text: str) -> str:
        """Every word that stands for another, whatever it is part of: a text about the original and the same about the twin then read alike, those
        with names that were made of the repository's own ("PaymentSource" of "PaymentProvider") too.
        """
        return all_words(self._named(text), self.words)

    def prose(self, text: str) -> str:
        """What stands between back-ticks is code; outside of them a single word is a name only with a dot or a bracket at it."""
        text = self._named(text)
        found, at = [], 0
        for match in _SPANS.finditer(text):
            found += [self._told(text[at : match.start()]), match[1], self.code(match[2]), match[1]]
            at = match.end()
        return "".join([*found, self._told(text[at:])])

    def docstring(self, text: str) -> str:
        """Prose that also has doctests, and lines that begin with a parameter."""
        lines = [
            self.code(line) if line.lstrip().startswith((">>>", "...")) else line for line in text.split("\n")
        ]
        text = _FIELD.sub(lambda match: match[1] + self.names.get(match[2], match[2]), "\n".join(lines))
        return self.prose(text)

    def path(self, path: str) -> str:
        """The new path of a file; of one that is no module only folders and the project's name change."""
        if path in self.paths:
            return self.paths[path]
        return self._named(path)

    def _told(self, text: str) -> str:
        return _PROSE.sub(self._in_prose, text)

    def _in_prose(self, match: re.Match[str]) -> str:
        token = match[0]
        if "." in token:
            parts = token.split(".")
            if parts[-1] in _ENDINGS:
                return token
            return ".".join(self.names.get(part, part) for part in parts)
        if token.endswith("("):
            return f"{self.names.get(token[:-1], token[:-1])}("
        return self.names.get(token, token) if is_distinctive(token) else token

    def _named(self, text: str) -> str:
        if self._paths is not None and ("/" in text or ".py" in text):
            text = self._paths.sub(lambda match: self.paths.get(match[0], match[0]), text)
        if self._project is None:
            return text
        return self._project.sub(self._cased, text)

    def _cased(self, match: re.Match[str]) -> str:
        said, new = match[0], self.project[match[0].lower()]
        if said.islower():
            return new
        return new.upper() if said.isupper() and len(said) > 1 else "".join(part.capitalize() for part in re.split(r"([-_ ])", new))  # fmt: skip

    @cached_property
    def _project(self) -> re.Pattern[str] | None:
        if not self.project:
            return None
        every = "|".join(
            re.escape(name) for name in sorted(self.project, key=lambda name: (-len(name), name))
        )
        return re.compile(rf"(?<![^\W_]){'(?:' + every + ')'}(?![^\W_])", re.IGNORECASE)

    @cached_property
    def _paths(self) -> re.Pattern[str] | None:
        moved = [old for old, new in self.paths.items() if old != new]
        if not moved:
            return None
        every = "|".join(re.escape(path) for path in sorted(moved, key=lambda path: (-len(path), path)))
        return re.compile(rf"(?<![\w./-])(?:{every})(?![\w-]|\.\w)")


def is_distinctive(token: str) -> bool:
    """Whether it can be no ordinary word: it has an underscore inside, or a capital letter behind a small one."""
    return "_" in token.strip("_") or (
        len(words_of(token)) > 1 and re.search(r"[a-z0-9][A-Z]", token) is not None
    )
