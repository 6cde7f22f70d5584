"""How much memory this machine can give to a model: what is free now, within the limits that this process runs under."""

import os
import subprocess
import sys
from pathlib import Path

from punie_data.errors import UserError

LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
USED = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")
SHARE_OF_A_MAC = 0.75
"""Of a Mac's memory what Metal lets one process keep resident, about."""


def available_memory() -> int | None:
    """Bytes; None where the system doesn't say. On Linux what can be had without swapping, in a container no more than it is allowed; on a Mac
    three quarters of what is built in.
    """
    if sys.platform == "darwin":
        try:
            told = subprocess.run(["sysctl", "-n", "hw.memsize"], capture_output=True, text=True, check=True)
            return int(int(told.stdout) * SHARE_OF_A_MAC)
        except (OSError, subprocess.CalledProcessError, ValueError):
            return None
    found = [_free(), _allowed()]
    return min((bytes_ for bytes_ in found if bytes_ is not None), default=None)


def require_memory(needed: int, what: str) -> None:
    """UserError where `needed` bytes are more than there are: mlx would stop in the middle, on some systems without a word."""
    available = available_memory()
    if available is not None and needed > available:
        raise UserError(
            f"{what} needs about {needed / 1e9:,.1f} GB of memory and {available / 1e9:,.1f} GB can be had here"
        )


def _free() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (ValueError, OSError):
        return None


def _allowed() -> int | None:
    for limit, used in zip(LIMITS, USED, strict=True):
        try:
            return max(0, int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):  # "max": no limit
            continue
    return None
