"""A git URL becomes a folder in the cache: a full clone at one commit, with nothing of it run."""

import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from punie_data.corpus.cache import MARKER, disk_trouble, read_json, whole_folder, write_json
from punie_data.corpus.git import GitFailed, git
from punie_data.corpus.lines import count_python
from punie_data.corpus.source import safe_name
from punie_data.errors import UserError

_PROTOCOLS = "https:http:ssh:git:file"
_SCP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^-].*")
_FULL = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Remote:
    """A git URL and what to take from it: a commit, a tag, a branch, or "" for its HEAD."""

    url: str
    wanted: str

    @property
    def name(self) -> str:
        last = self.url.rstrip("/").replace(":", "/").rpartition("/")[2]
        return safe_name(last.removesuffix(".git"))

    @property
    def public(self) -> str:
        """The URL without user and password; of a `file:` URL the folder's name only."""
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme == "file":
            return self.name
        if not parts.scheme or parts.scheme == "ssh":
            return self.url  # the user of an ssh address is part of the address, and no secret
        return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    @property
    def place(self) -> str:
        """The URL without user and password, the path of a `file:` URL included: what tells two remotes apart in the cache."""
        parts = urllib.parse.urlsplit(self.url)
        return f"{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.scheme else self.url


def parse_remote(spec: str) -> Remote | None:
    """`git+https://…@commit`, `https://…`, `ssh://…`, `git@host:…`, `file://…`; None for anything else."""
    url = spec.removeprefix("git+")
    parts = urllib.parse.urlsplit(url)
    if parts.scheme in ("https", "http", "ssh", "git", "file") and (parts.netloc or parts.scheme == "file"):
        head, at, wanted = url.rpartition("@")
        path_starts = len(f"{parts.scheme}://{parts.netloc}")
    elif _SCP.fullmatch(url):
        head, at, wanted = url.rpartition("@")
        path_starts = url.index(":")
    else:
        return None
    if at and len(head) > path_starts and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._/+-]*", wanted):
        return Remote(head, wanted)
    return Remote(url, "")


def clone(remote: Remote, cache: Path, progress: Callable[[str], None]) -> tuple[Path, str]:
    """The folder with `remote` checked out, and its full commit. UserError in one line when git cannot get it."""
    try:
        wanted = _commit_of(remote)
        key = f"{remote.name}-git-{sha256(remote.place.encode()).hexdigest()[:8]}-{wanted}"
        place = cache / "sources" / key
        if read_json(place / MARKER) is None:
            progress(f"{remote.name}: cloning {remote.public}")
            with disk_trouble(cache), whole_folder(place) as part:
                _clone(remote, wanted, part)
    except GitFailed as error:
        said = str(error).replace(remote.url, remote.public)
        raise UserError(f"{remote.public}: git cannot get it: {said}") from None
    return place / remote.name, (read_json(place / MARKER) or {})["head"]


def _commit_of(remote: Remote) -> str:
    """The full commit, as given or as the remote says, without cloning; a shortened one is left as it is."""
    if _FULL.fullmatch(remote.wanted):
        return remote.wanted
    asked = remote.wanted or "HEAD"
    listing = git("ls-remote", "--quiet", "--", remote.url, asked, protocols=_PROTOCOLS)
    found = dict(reversed(line.split("\t", 1)) for line in listing.splitlines() if "\t" in line)
    for name in (asked, f"refs/tags/{asked}", f"refs/heads/{asked}"):
        if name in found:
            return found[name]
    if not remote.wanted:
        raise UserError(f"{remote.public}: the repository has no commits")
    if re.fullmatch(r"[0-9a-f]{7,39}", remote.wanted):
        return remote.wanted
    raise UserError(f"{remote.public}: it has no branch, tag or commit {remote.wanted!r}")


def _clone(remote: Remote, wanted: str, part: Path) -> None:
    root = part / remote.name
    git(
        *("clone", "--quiet", "--no-checkout", "--no-local", "--no-hardlinks", "--no-recurse-submodules"),
        *("--template=", "--config", "core.hooksPath=/dev/null", "--config", "core.fsmonitor=false"),
        # Links become small text files: none can lead out of the folder.
        *("--config", "core.symlinks=false", "--config", "core.autocrlf=false"),
        *("--", remote.url, str(root)),
        protocols=_PROTOCOLS,
    )
    try:
        full = git("rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}", cwd=root).strip()
    except GitFailed:
        raise UserError(f"{remote.public}: it has no commit {wanted}") from None
    git("config", "remote.origin.url", remote.public, cwd=root)  # a password must not stay on disk
    git("checkout", "--quiet", "--detach", full, "--", cwd=root)
    files, lines = count_python(root)
    write_json(
        part / MARKER, {"name": remote.name, "head": full, "python_files": files, "python_lines": lines}
    )
