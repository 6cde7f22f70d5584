"""A corpus: a TOML file that pins repositories, so that the same file gives the same folders everywhere.

`corpora/starter.toml` explains the format at its head; `schemas/corpus.schema.json` defines it.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from punie_data.errors import UserError
from punie_data.resources import path_of

DEFAULT_CAP = 800


@dataclass(frozen=True, slots=True)
class Release:
    """One source distribution. `sha256` and `released` (UTC, `2024-01-25T09:15:02Z`) may be "" when nobody pinned them."""

    version: str
    sha256: str = ""
    released: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One repository of a corpus: either `releases` (oldest first; the last is the work tree), or `git` and `commit`.

    More than one release, or a `next`, becomes a git repository with one commit a release; a few of the changes of
    `next` are laid over the work tree, uncommitted.
    """

    name: str
    license: str
    project: str = ""  # its name on the package index
    releases: tuple[Release, ...] = ()
    next: Release | None = None
    git: str = ""
    commit: str = ""
    exec_requirements: tuple[str, ...] = ()
    pytest_arguments: tuple[str, ...] = ()

    @property
    def has_history(self) -> bool:
        return bool(self.git) or len(self.releases) > 1 or self.next is not None

    @property
    def origin(self) -> str:
        """The specification that `resolve` takes: `svcs==25.1.0`, `svcs==24.1.0,25.1.0~26.1.0`, `git+https://…@commit`."""
        if self.git:
            return f"git+{self.git}@{self.commit}"
        versions = ",".join(release.version for release in self.releases)
        return f"{self.project or self.name}=={versions}" + (f"~{self.next.version}" if self.next else "")


@dataclass(frozen=True, slots=True)
class Corpus:
    """`cap` is how many examples one repository may contribute."""

    name: str
    entries: tuple[Entry, ...]
    cap: int = DEFAULT_CAP


def load_corpus(path_or_name: str) -> Corpus:
    """The corpus in a TOML file, or one by name: `starter`, or `corpora/<name>.toml` under the working directory.

    UserError, one line that names the place, for a file that is missing, not TOML, or against the schema.
    """
    path = _find(path_or_name)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"{path_or_name}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path_or_name}: not TOML: {error}") from None
    if problem := _against_schema(data):
        raise UserError(f"{path_or_name}: {problem}")
    entries = tuple(_entry(row) for row in data["repositories"])
    names = [entry.name.casefold() for entry in entries]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise UserError(
            f"{path_or_name}: two repositories are called {twice!r}; give one of them another name"
        )
    return Corpus(data.get("name", path.stem), entries, data.get("cap", DEFAULT_CAP))


def _find(path_or_name: str) -> Path:
    given = Path(path_or_name)
    if given.is_file() or not re.fullmatch(r"[A-Za-z0-9_-]+", path_or_name):
        return given
    try:
        return path_of("corpora", f"{path_or_name}.toml")
    except FileNotFoundError:
        return Path("corpora", f"{path_or_name}.toml")


def _against_schema(data: dict[str, Any]) -> str:
    """The most telling violation, with its place, or ""."""
    import jsonschema

    schema = orjson.loads(path_of("schemas", "corpus.schema.json").read_bytes())
    validator = jsonschema.Draft202012Validator(schema)
    worst = jsonschema.exceptions.best_match(validator.iter_errors(data))
    if worst is None:
        return ""
    place = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in worst.absolute_path
    ).lstrip(".")
    if len(worst.absolute_path) > 1 and worst.absolute_path[0] == "repositories":
        row = data["repositories"][worst.absolute_path[1]]
        if isinstance(row, dict) and isinstance(row.get("name"), str):
            place += f" ({row['name']})"
    return f"{place or 'the file'}: {worst.message[:200]}"


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        name=row["name"],
        license=row["license"],
        project=row.get("project", ""),
        releases=tuple(_release(release) for release in row.get("releases", ())),
        next=_release(row["next"]) if "next" in row else None,
        git=row.get("git", ""),
        commit=row.get("commit", ""),
        exec_requirements=tuple(row.get("exec_requirements", ())),
        pytest_arguments=tuple(row.get("pytest_arguments", ())),
    )


def _release(row: dict[str, str]) -> Release:
    return Release(row["version"], row.get("sha256", ""), row.get("released", ""))
