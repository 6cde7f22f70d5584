"""From a specification, or a corpus entry, to a `Source` on disk."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from punie_data.corpus import git
from punie_data.corpus.cache import MARKER, read_json
from punie_data.corpus.clone import clone, parse_remote
from punie_data.corpus.entry import Entry, Release
from punie_data.corpus.licence import read_license
from punie_data.corpus.place import all_releases, folder_name
from punie_data.corpus.source import Source, safe_name
from punie_data.errors import UserError

_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+_,-]+)(?:~([A-Za-z0-9.!+_-]+))?")

Progress = Callable[[str], None]


def resolve(spec: str, cache: Path, progress: Progress) -> Source:
    """The repository that `spec` names: a folder, a git URL (with `@commit`), or `name==version` from the index.

    `name==1.0,1.1` makes a repository with one commit a release, `name==1.0,1.1~1.2` one with some of the changes of
    1.2 uncommitted. A user's own folder is read where it lies and never written to. UserError, one line, otherwise.
    """
    path = Path(spec)
    try:
        exists = bool(spec) and path.exists()
    except (OSError, ValueError):  # too long for a path, or with a NUL byte
        exists = False
    if exists:
        return _local(path, progress)
    if remote := parse_remote(spec):
        root, commit = clone(remote, cache, progress)
        origin = f"git+{remote.public}@{commit}"
        return Source(remote.name, root, origin, commit, read_license(root), immutable=True)
    if match := _PINNED.fullmatch(spec.replace(" ", "")):
        releases = tuple(Release(version) for version in match[2].split(",") if version)
        following = Release(match[3]) if match[3] else None
        if releases:
            return fetch_entry(Entry(safe_name(match[1]), "", match[1], releases, following), cache, progress)
    raise UserError(f"{spec!r} is neither a folder here, nor a git URL, nor name==version")


def fetch_entry(entry: Entry, cache: Path, progress: Progress) -> Source:
    """The repository of a corpus entry, from the cache if it is there. UserError also when the licence is not the one stated."""
    if entry.git:
        remote = parse_remote(f"{entry.git}@{entry.commit}")
        if remote is None:
            raise UserError(f"{entry.name}: {entry.git!r} is not a git URL")
        root, revision = clone(remote, cache, progress)
        origin = f"git+{remote.public}@{revision}"
    else:
        # What speaks to an index and unpacks archives takes a while to import, and a folder of one's own needs none of it.
        from punie_data.corpus.releases import place_of

        place = place_of(entry, cache, progress)
        root, origin = place / entry.name, entry.origin
        revision = (read_json(place / MARKER) or {})["revision"]
    found = read_license(root)
    if entry.license and found != entry.license:
        raise UserError(
            f"{entry.name}: the corpus says {entry.license}, its licence file says {found}: not used"
        )
    return Source(
        entry.name,
        root,
        origin,
        revision,
        found,
        immutable=True,
        exec_requirements=entry.exec_requirements,
        pytest_arguments=entry.pytest_arguments,
    )


def cached(entry: Entry, cache: Path) -> dict[str, Any] | None:
    """What is known of an entry already in the cache (`python_files`, `python_lines`, …), or None; asks no network."""
    if entry.git:
        remote = parse_remote(f"{entry.git}@{entry.commit}")
        found = sorted((cache / "sources").glob(f"{remote.name}-git-*-{entry.commit}")) if remote else []
        return read_json(found[0] / MARKER) if found else None
    if not all(release.sha256 for release in all_releases(entry)):
        return None
    return read_json(cache / "sources" / folder_name(entry, all_releases(entry)) / MARKER)


def _local(path: Path, progress: Progress) -> Source:
    root = path.resolve()
    if not root.is_dir():
        raise UserError(f"{path} is a file; give the folder of a repository")
    if not os.access(root, os.R_OK | os.X_OK):
        raise UserError(f"{path} cannot be read: permission denied")
    name = safe_name(root.name)
    revision = ""
    if (root / ".git").exists():
        try:
            revision = git.head_of(root)
        except (git.GitFailed, UserError) as error:
            progress(f"{name}: taken as a plain folder, its .git cannot be read: {error}")
    return Source(name, root, name, revision, read_license(root), immutable=False)
