"""One folder for everything temporary of a run, so that a run that was killed leaves one folder, and the next run removes it."""

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from punie_data.errors import UserError

PREFIX = "punie-data-run-"
LOCK = "in-use"
GRACE_SECONDS = 60.0
"""Between a folder's birth and its lock there is a moment in which it seems to belong to nobody."""


@contextmanager
def temporary_root() -> Iterator[Path]:
    """A new folder in which `tempfile` works, here and in every process that is started, until the block ends; then it is gone.

    Those that killed runs left are removed first: the system has given up their locks. UserError where nothing can be written.
    """
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    with _undisturbed():
        try:
            base = Path(tempfile.gettempdir())
            _sweep(base)
            root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
            lock = (root / f"{LOCK}.part").open("wb")
            _locked(lock.fileno())
            (root / f"{LOCK}.part").rename(root / LOCK)
        except OSError as error:
            raise UserError(
                f"no temporary folder: {error.strerror or error}; TMPDIR can name another place for it"
            ) from None
        tempfile.tempdir = os.environ["TMPDIR"] = str(root)
    try:
        with lock:
            yield root
    finally:
        with _undisturbed():
            tempfile.tempdir = before[0]
            if before[1] is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = before[1]
            _remove(root)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that would end us wait until the block ends: half made or half removed, the folder would stay."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _remove(root: Path) -> None:
    """Processes that were killed a moment ago may still be writing."""
    for _ in range(5):
        shutil.rmtree(root, ignore_errors=True)
        if not root.exists():
            return
        time.sleep(0.05)


def _locked(descriptor: int) -> bool:
    """Whether the lock is ours now. Where files can't be locked, as on some network drives, it counts as somebody else's."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sweep(base: Path) -> None:
    """Remove the folders of this user whose run has ended."""
    for folder in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            told = folder.lstat()
            if (
                told.st_uid == os.getuid()
                and not folder.is_symlink()
                and _is_abandoned(folder, told.st_mtime)
            ):
                shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path, changed: float) -> bool:
    try:
        with (folder / LOCK).open("rb") as lock:
            return _locked(lock.fileno())
    except FileNotFoundError:
        return time.time() - changed > GRACE_SECONDS
