"""glibc's allocator on a processor: memory that is freed stays in the process, and the next step has it again without the kernel clearing its pages.

mlx keeps no buffers of its own there. With glibc's defaults each step gets some gigabytes anew, page by page, which took a seventh of its time.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX, ARENA_MAX = -1, -2, -4, -8
"""glibc's numbers for them (mallopt(3))."""
KEPT = ((ARENA_MAX, 1), (MMAP_MAX, 0), (TOP_PAD, 2**28), (TRIM_THRESHOLD, 2**31 - 1))
USUAL = ((MMAP_MAX, 65_536), (TOP_PAD, 2**17), (TRIM_THRESHOLD, 2**17))


@contextmanager
def kept_memory() -> Iterator[None]:
    """Within, this process keeps what it frees; afterwards it gives it back. Only where glibc is, and best before the first big array, since the arena
    of a thread that began earlier stays as it was; elsewhere it does nothing.
    """
    try:
        libc = ctypes.CDLL(None) if sys.platform == "linux" else None
        mallopt, trim = (libc.mallopt, libc.malloc_trim) if libc is not None else (None, None)
    except (AttributeError, OSError):
        mallopt = trim = None
    if mallopt is None or trim is None:
        yield
        return
    for option, value in KEPT:
        mallopt(option, value)
    try:
        yield
    finally:
        for option, value in USUAL:
            mallopt(option, value)
        trim(0)
