"""From the releases of an entry, fetched and verified, to one folder."""

import functools
import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from punie_data.corpus.cache import MARKER, disk_trouble, read_json, whole_folder, write_json
from punie_data.corpus.entry import Entry, Release
from punie_data.corpus.history import Tree, commit_releases, lay_over, seconds
from punie_data.corpus.index import Index, IndexFile, configured_index
from punie_data.corpus.lines import count_python
from punie_data.corpus.place import all_releases, folder_name
from punie_data.corpus.transport import Transport
from punie_data.corpus.unpack import unpack
from punie_data.errors import UserError

Progress = Callable[[str], None]


def place_of(entry: Entry, cache: Path, progress: Progress) -> Path:
    """The folder of an entry's releases, made where the cache has it not."""
    with disk_trouble(cache):
        index = functools.cache(lambda: configured_index())  # asked for only where the cache does not know
        pinned = tuple(_pin(entry, release, cache, index) for release in all_releases(entry))
        place = cache / "sources" / folder_name(entry, pinned)
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
