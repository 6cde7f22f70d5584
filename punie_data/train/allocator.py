"""glibc's allocator on a processor: memory that is freed stays in the process, and the next step has it again without the kernel clearing its pages.

mlx keeps no buffers of its own there. With glibc's defaults each step gets some gigabytes anew, page by page, which took a seventh of its time.
"""

import ctypes
import sys

ARENA_MAX, MMAP_MAX, TOP_PAD, TRIM_THRESHOLD = -8, -4, -2, -1
"""glibc's numbers for them (mallopt(3))."""
LARGEST = 2**31 - 1
PAD = 2**28


def keep_memory() -> bool:
    """Have this process keep what it frees, up to its peak; whether that could be said: only where glibc is, on Linux, and before the first big array,
    since the arena of a thread that began earlier stays as it was.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    wanted = ((ARENA_MAX, 1), (MMAP_MAX, 0), (TOP_PAD, PAD), (TRIM_THRESHOLD, LARGEST))
    done = [mallopt(option, value) for option, value in wanted]
    return min(done) == 1
