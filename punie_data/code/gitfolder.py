"""A git directory that cannot run anything: the repository's objects, under a configuration of our own.

A repository's `.git/config` may name programs that git starts (fsmonitor, filters, external diffs, hooks). Mined repositories are not
trusted, so git never sees that file: a throw-away directory borrows the objects, copies the references and the index, and has its own
configuration.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

CONFIGURATION = """\
[core]
\trepositoryformatversion = {version}
\tbare = false
\tfilemode = true
\tautocrlf = false
\tfsmonitor = false
\thooksPath = /dev/null
\ttrustctime = false
\tcheckStat = minimal
\tquotePath = false
"""
COPIED = ("HEAD", "packed-refs", "index", "shallow")


@dataclass(frozen=True, slots=True)
class GitFolder:
    """`directory` is our throw-away git directory, `work_tree` the files it looks at."""

    directory: Path
    work_tree: Path

    def command(self, *arguments: str) -> list[str]:
        return ["git", "--no-pager", *arguments]

    def environment(self) -> dict[str, str]:
        return git_environment() | {"GIT_DIR": str(self.directory), "GIT_WORK_TREE": str(self.work_tree)}

    def run(self, *arguments: str, timeout: float = 60.0, stdin: bytes | None = None) -> bytes:
        """What git printed. OSError or subprocess errors when it cannot run, fails or hangs."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.work_tree,
            env=self.environment(),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=timeout,
            check=True,
        )
        return done.stdout

    def head(self) -> str:
        """The full hash of HEAD, "" in a repository without commits."""
        try:
            return self.run("rev-parse", "--verify", "-q", "HEAD^{commit}").decode().strip()
        except subprocess.CalledProcessError:
            return ""

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


def git_environment() -> dict[str, str]:
    """No configuration but ours, no prompt, no network, one time zone, one language."""
    import os

    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def real_git_directory(root: Path) -> Path | None:
    """The git directory that belongs to `root`, None where there is none or where it isn't root's own.

    A `.git` file leads elsewhere; it is followed only to a linked worktree that points back, since anything else would let a
    mined folder make us read another repository.
    """
    dot_git = root / ".git"
    if dot_git.is_symlink():
        return None
    if dot_git.is_dir():
        return dot_git
    if not dot_git.is_file():
        return None
    try:
        first = dot_git.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
        target = (root / first.removeprefix("gitdir:").strip()).resolve()
        back = Path((target / "gitdir").read_text(encoding="utf-8").strip()).resolve()
    except OSError:
        return None
    return target if first.startswith("gitdir:") and back == dot_git.resolve() else None


def borrow(root: Path) -> GitFolder | None:
    """A harmless git directory over `root`'s repository; None where there is no repository or git can't read it."""
    real = real_git_directory(root)
    if real is None:
        return None
    common = real
    if (real / "commondir").is_file():
        common = (real / (real / "commondir").read_text().strip()).resolve()
    directory = Path(tempfile.mkdtemp(prefix="punie-data-git-"))
    try:
        for name in COPIED:
            source = real / name if (real / name).is_file() else common / name
            if source.is_file():
                shutil.copyfile(source, directory / name)
        if (common / "refs").is_dir():
            shutil.copytree(common / "refs", directory / "refs", symlinks=True)
        (directory / "refs").mkdir(exist_ok=True)
        (directory / "info").mkdir()
        if (common / "info" / "exclude").is_file():
            shutil.copyfile(common / "info" / "exclude", directory / "info" / "exclude")
        (directory / "objects" / "info").mkdir(parents=True)
        (directory / "objects" / "info" / "alternates").write_text(f"{(common / 'objects').resolve()}\n")
        sha256 = _uses_sha256(common / "config")
        extensions = "[extensions]\n\tobjectFormat = sha256\n" if sha256 else ""
        (directory / "config").write_text(CONFIGURATION.format(version=1 if sha256 else 0) + extensions)
        folder = GitFolder(directory, root)
        folder.run("ls-files", "-z", "--error-unmatch", "--", ":/") if (
            directory / "index"
        ).exists() else None
        folder.run("rev-parse", "--git-dir")
    except (OSError, subprocess.SubprocessError):
        shutil.rmtree(directory, ignore_errors=True)
        return None
    return folder


def _uses_sha256(config: Path) -> bool:
    try:
        return "objectformat = sha256" in config.read_text(encoding="utf-8", errors="replace").lower()
    except OSError:
        return False
