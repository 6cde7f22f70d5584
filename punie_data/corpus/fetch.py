"""From a specification, or a corpus entry, to a `Source` on disk."""

import functools
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from punie_data.chat import canonical
from punie_data.corpus import git
from punie_data.corpus.cache import MARKER, disk_trouble, read_json, whole_folder, write_json
from punie_data.corpus.clone import clone, parse_remote
from punie_data.corpus.entry import Entry, Release
from punie_data.corpus.history import Tree, commit_releases, lay_over, seconds
from punie_data.corpus.index import Index, IndexFile, configured_index
from punie_data.corpus.licence import read_license
from punie_data.corpus.lines import count_python
from punie_data.corpus.source import Source, safe_name
from punie_data.corpus.transport import Transport
from punie_data.corpus.unpack import unpack
from punie_data.errors import UserError

_LAYOUT = 2  # goes up when the same releases would become another folder
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
        place = _place(entry, cache, progress)
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
    if not all(release.sha256 for release in _all(entry)):
        return None
    return read_json(cache / "sources" / _key(entry, _all(entry)) / MARKER)


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


def _all(entry: Entry) -> tuple[Release, ...]:
    return entry.releases + ((entry.next,) if entry.next else ())


def _key(entry: Entry, releases: tuple[Release, ...]) -> str:
    """Names the folder by everything that its content depends on."""
    rows = [[release.version, release.sha256, release.released] for release in releases]
    facts = [_LAYOUT, entry.name, bool(entry.next), rows]
    digest = hashlib.sha256(canonical(facts)).hexdigest()[:12]
    return f"{entry.name}-{entry.releases[-1].version}-{digest}"


def _place(entry: Entry, cache: Path, progress: Progress) -> Path:
    with disk_trouble(cache):
        index = functools.cache(lambda: configured_index())  # asked for only where the cache does not know
        pinned = tuple(_pin(entry, release, cache, index) for release in _all(entry))
        place = cache / "sources" / _key(entry, pinned)
        if read_json(place / MARKER) is not None:
            return place
        shutil.rmtree(place, ignore_errors=True)  # without its marker it is not ours to trust
        archives = [_archive(entry, release, cache, index, progress) for release in pinned]
        if entry.has_history:
            progress(f"{entry.name}: a repository of {len(entry.releases)} releases")
        with whole_folder(place) as part:
            _build(entry, pinned, archives, part, progress)
    return place


def _build(
    entry: Entry, pinned: tuple[Release, ...], archives: list[Path], part: Path, progress: Progress
) -> None:
    trees = []
    for position, (release, archive) in enumerate(zip(pinned, archives, strict=True)):
        time = seconds(release.released) if release.released else None
        unpacked = unpack(archive, part / str(position), time)
        if unpacked.remark:
            progress(f"{entry.name} {release.version}: left out {unpacked.remark}")
        trees.append(Tree(unpacked.root, release.version, unpacked.newest if time is None else time))
    committed = trees[: len(entry.releases)]
    base, root = committed[-1], part / entry.name
    facts: dict[str, Any] = {
        "name": entry.name,
        "releases": [[release.version, release.sha256] for release in pinned],
    }
    if entry.has_history:
        facts["revision"] = commit_releases(entry.name, committed, part / "git")
        base.root.rename(root)
        (part / "git").rename(root / ".git")
        if entry.next:
            changes = lay_over(root, trees[-1].root)
            facts["changes"] = [[change.kind, change.path, change.staged] for change in changes]
    else:
        base.root.rename(root)
        facts["revision"] = f"sdist:{base.version}:{pinned[-1].sha256[:12]}"
    for position in range(len(trees)):
        shutil.rmtree(part / str(position), ignore_errors=True)
    facts["python_files"], facts["python_lines"] = count_python(root)
    write_json(part / MARKER, facts)


def _pin(entry: Entry, release: Release, cache: Path, index: Callable[[], Index]) -> Release:
    """`release` with the sha256 that it has, or that the index gave when it was fetched first."""
    if release.sha256:
        return release
    project = entry.project or entry.name
    record = cache / "pins" / f"{canonicalize_name(project)}-{release.version}.json"
    known = read_json(record)
    if known is None:
        file = index().sdist(project, release.version)
        known = {"filename": file.filename, "released": file.released, "sha256": file.sha256}
        if not file.sha256:
            known["sha256"] = _download(file, cache, index().transport)
        write_json(record, known)
    return Release(release.version, known["sha256"], release.released or known["released"])


def _archive(
    entry: Entry, release: Release, cache: Path, index: Callable[[], Index], progress: Progress
) -> Path:
    """The verified file of a release, downloaded unless the cache has it."""
    for path in sorted((cache / "downloads" / release.sha256).glob("*")):
        if not path.name.startswith(".") and _sha256(path) == release.sha256:
            return path
    project = entry.project or entry.name
    file = index().sdist(project, release.version)
    if file.sha256 and file.sha256 != release.sha256:
        raise UserError(
            f"{entry.name} {release.version}: pinned with sha256 {release.sha256[:12]}…, "
            f"but the index has {file.sha256[:12]}…: not fetched"
        )
    progress(f"{entry.name}: fetching {file.filename}")
    target = cache / "downloads" / release.sha256 / file.filename
    index().transport.file(file.url, target, release.sha256)
    return target


def _download(file: IndexFile, cache: Path, transport: Transport) -> str:
    """Fetch a file of which the index gives no hash, file it under the one that it has, and return that."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".download.") as name:
        folder = Path(name)
        sha256 = transport.file(file.url, folder / file.filename, "")
        target = cache / "downloads" / sha256 / file.filename
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / file.filename).replace(target)
    return sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
