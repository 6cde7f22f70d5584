"""git, run so that nothing but git runs: no user or system configuration, no hooks, filters, helpers or prompts.

Other people's repositories carry configuration that names programs (`core.fsmonitor`, filters, hooks); the commands
here never let git start one.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from punie_data.errors import UserError

_TIMEOUT_S = 1800
_KEPT = (
    "PATH",
    "SSH_AUTH_SOCK",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "GIT_SSL_CAINFO",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
_HARMLESS = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.autocrlf", "false"),
    ("core.safecrlf", "false"),
    ("core.attributesFile", os.devnull),
    ("core.excludesFile", os.devnull),
    ("core.pager", "cat"),
    ("commit.gpgSign", "false"),
    ("tag.gpgSign", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("submodule.recurse", "false"),
    ("init.defaultBranch", "main"),
    ("safe.directory", "*"),  # somebody else's folder may be read here: nothing that it configures is run
)


class GitFailed(Exception):
    """git said no; the message is the last line of what it said."""


def available() -> bool:
    return shutil.which("git") is not None


def git(
    *arguments: str,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    protocols: str = "none",
    given: bytes | None = None,
    accept: tuple[int, ...] = (0,),
) -> str:
    """Run git and return its output. `protocols` is what it may fetch over (`https:ssh`): nothing, unless
    asked. `given` goes to its standard input; `accept` lists the exit statuses that are no failure.

    GitFailed when git fails, UserError when there is no git.
    """
    with tempfile.TemporaryDirectory(prefix="punie-git-") as home:
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=cwd,
                env=_environment(home, protocols) | dict(environment or {}),
                input=given,
                stdin=subprocess.DEVNULL if given is None else None,
                capture_output=True,
                timeout=_TIMEOUT_S,
            )
        except FileNotFoundError:
            raise UserError(
                "git is not installed: install it (Debian: apt install git) and run this again"
            ) from None
        except subprocess.TimeoutExpired:
            raise GitFailed(f"git {arguments[0]} did not end within {_TIMEOUT_S} s") from None
    if done.returncode not in accept:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitFailed(said[-1] if said else f"git {arguments[0]} ended with {done.returncode}")
    return done.stdout.decode("utf-8", "surrogateescape")


def _environment(home: str, protocols: str) -> dict[str, str]:
    kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
    if protocols != "none":
        kept |= {key: value for key, value in os.environ.items() if key.lower() in _PROXIES}
    settings = {"GIT_CONFIG_COUNT": str(len(_HARMLESS))}
    for position, (key, value) in enumerate(_HARMLESS):
        settings |= {f"GIT_CONFIG_KEY_{position}": key, f"GIT_CONFIG_VALUE_{position}": value}
    return {
        **kept,
        **settings,
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_ALLOW_PROTOCOL": protocols,
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def head_of(root: Path) -> str:
    """The commit that HEAD of the repository at `root` names, in full; "" for a repository without commits.

    GitFailed for a broken one. Nothing is written, and nothing that its configuration names is run.
    """
    git_dir = root / ".git"
    if any(
        (git_dir / name).exists() and not (git_dir / name).is_file()
        for name in ("HEAD", "config", "packed-refs")
    ):
        raise GitFailed("it holds pipes or folders in the place of files")  # git would wait at a pipe
    here = ("--git-dir", str(git_dir), "--work-tree", str(root))
    git(*here, "rev-parse", "--git-dir", cwd=root)
    try:
        commit = git(*here, "rev-parse", "--verify", "--quiet", "HEAD", cwd=root).strip()
    except GitFailed:
        # Unborn: HEAD names a branch that has no commit yet. If that branch has a file, it is damaged instead.
        branch = git(*here, "symbolic-ref", "HEAD", cwd=root).strip()
        if (root / ".git" / branch).is_file():
            raise GitFailed(f"{branch} cannot be read") from None
        return ""
    git(*here, "cat-file", "-e", f"{commit}^{{tree}}", cwd=root)
    return commit
