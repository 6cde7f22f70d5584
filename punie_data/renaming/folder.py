"""From a source to its renamed twin on disk, in the cache: the same bytes for the same files, seed and kept names, on every machine."""

import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from punie_data import corpus
from punie_data.chat import canonical
from punie_data.code.tree import Tree, snapshot
from punie_data.corpus.cache import MARKER, disk_trouble, read_json, whole_folder, write_json
from punie_data.corpus.source import Source
from punie_data.errors import UserError
from punie_data.renaming.names import Names
from punie_data.resources import PACKAGE

_SPEC = re.compile(r"renamed:(-?\d+)((?:,[^\W\d]\w*)*):(.+)", re.DOTALL)
LICENCES = re.compile(
    r"(?:^|/)(?:licen[cs]es?|copying|notice|authors|contributors|copyright)\b", re.IGNORECASE
)
"""Files that stay to the letter: whose a repository is doesn't change."""
DOCUMENTS, SETTINGS = (".md", ".rst", ".txt"), (".toml", ".cfg", ".ini", ".yaml", ".yml", ".in", ".json")
PYTHON = (".py", ".pyi")


@dataclass(frozen=True, slots=True)
class Renamed:
    """`names` say what stands for what, `kept` are own names that stayed."""

    source: Source
    names: Names
    kept: tuple[str, ...]


def resolve(spec: str, cache: Path, progress: Callable[[str], None]) -> Source:
    """As `corpus.resolve`, and `renamed:SEED:SPEC` too, with names to be kept between commas behind the seed."""
    found = parse(spec)
    if found is None:
        return corpus.resolve(spec, cache, progress)
    seed, keep, inner = found
    return renamed(corpus.resolve(inner, cache, progress), seed, cache, keep, progress).source


def parse(spec: str) -> tuple[int, tuple[str, ...], str] | None:
    """(seed, kept names, what is renamed) of `renamed:SEED,NAME,…:SPEC`; None where it is no such thing."""
    match = _SPEC.fullmatch(spec)
    if match is None:
        return None
    return int(match[1]), tuple(filter(None, match[2].split(","))), match[3]


def renamed(
    source: Source,
    seed: int,
    cache: Path,
    keep: Iterable[str] = (),
    progress: Callable[[str], None] = lambda line: None,
) -> Renamed:
    """The twin of a repository. It has no git history. UserError where it holds no name that can be replaced."""
    # LibCST takes 0.2 s to import: only those who parse pay for it.
    from punie_data.renaming.plan import VERSION, plan

    keep = tuple(sorted(set(keep)))
    tree = snapshot(source.root, cache, source.immutable, progress)
    if tree.git is not None:
        tree.git.remove()
    key = _digest([VERSION, _code(), source.name, tree.digest, seed, keep])[:24]
    with disk_trouble(cache):
        place = cache / "renamed" / key
        facts = read_json(place / MARKER)
        if facts is None:
            texts = {path: (tree.root / path).read_bytes() for path in tree.paths()}
            python = {path: data for path, data in texts.items() if path.endswith(PYTHON)}
            made = plan(source.name, texts, python, seed, keep)
            if not made.names.names:
                raise UserError(f"{source.name} has no name of its own that could be replaced")
            with whole_folder(place) as part:
                content = _write(part / made.name, texts, made.names, tree)
                facts = _facts(made.name, content, made.names, made.kept)
                write_json(part / MARKER, facts)
    kept = ",".join(map(str, (seed, *keep)))
    root = place / facts["name"]
    twin = Source(
        name=facts["name"],
        root=root,
        origin=f"renamed:{kept}:{source.origin}",
        revision=f"renamed:{kept}:{facts['content'][:12]}",
        license=source.license,
        immutable=True,
        drawn_as=source.name,
    )
    return Renamed(
        twin, Names(facts["names"], facts["project"], facts["paths"], facts["words"]), tuple(facts["kept"])
    )


def again(
    origin: str, given: Mapping[str, Source], cache: Path, progress: Callable[[str], None]
) -> Source | None:
    """The twin whose `origin` stands in a manifest, made of a given source where the original was a local folder. None where that isn't given."""
    found = parse(origin)
    if found is None or found[2] not in given:
        return None
    return renamed(given[found[2]], found[0], cache, found[1], progress).source


def _digest(parts: Any) -> str:
    return hashlib.sha256(canonical(parts)).hexdigest()


@functools.cache
def _code() -> str:
    """Of everything here: what another version of it made is not taken for ours."""
    return _digest([file.read_text(encoding="utf-8") for file in sorted((PACKAGE / "renaming").glob("*.*"))])


def _facts(name: str, content: str, names: Names, kept: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": name,
        "content": content,
        "names": dict(names.names),
        "project": dict(names.project),
        "paths": dict(names.paths),
        "words": dict(names.words),
        "kept": list(kept),
    }


def _write(folder: Path, texts: Mapping[str, bytes], names: Names, tree: Tree) -> str:
    """The digest of what was written."""
    executable = {file.path for file in tree.files if file.mode}
    seen: dict[str, str] = {}
    for path, data in texts.items():
        new = names.path(path)
        if new in seen:
            raise UserError(f"two files of the renamed repository would be {new}: choose another seed")
        content = _content(path, data, names)
        seen[new] = hashlib.sha256(content).hexdigest()
        target = folder / new
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o755 if path in executable else 0o644)
    return _digest(seen)


def _content(path: str, data: bytes, names: Names) -> bytes:
    from punie_data.renaming.rewrite import document, python, settings

    if path.endswith(PYTHON):
        return python(data, names)
    if LICENCES.search(path) or b"\0" in data:
        return data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    if path.lower().endswith(DOCUMENTS) or "." not in path.rpartition("/")[2]:
        return document(text, names).encode()
    if path.lower().endswith(SETTINGS):
        return settings(text, names).encode()
    return data
