"""A Linux processor's matrix products: mlx's wheel links the reference BLAS, which is some eighteen times slower than OpenBLAS."""

import os
import sys
from pathlib import Path

PLACES = (
    "/usr/lib/*-linux-gnu/openblas-pthread/libblas.so.3",
    "/usr/lib64/libopenblasp.so.0",
    "/usr/lib/libopenblas.so.0",
)
GUARD = "PUNIE_DATA_BLAS"
SLOW = "slow matrix products: mlx has the reference BLAS here; `apt install libopenblas0-pthread` makes this many times faster"


def fast_blas() -> Path | None:
    """OpenBLAS, where it is installed as a stand-in for the reference BLAS; always None where there is Metal."""
    if sys.platform != "linux":
        return None
    return next((path for pattern in PLACES for path in sorted(Path("/").glob(pattern[1:]))), None)


def is_loaded() -> bool:
    """Whether this process has it already."""
    try:
        maps = Path(
            "/proc/self/maps"
        ).read_text()  # numpy brings an OpenBLAS of its own, which mlx doesn't use
        return "/openblas" in maps or "/libopenblas" in maps
    except OSError:
        return True


def use_fast_blas() -> str:
    """Start this very command again with OpenBLAS in front, once, before anything is loaded; returns what is to be told where that can't be, "" otherwise.

    A library that is linked already can't be exchanged: the loader must be told before the process begins.
    """
    if sys.platform != "linux" or os.environ.get(GUARD) or is_loaded():
        return ""
    found = fast_blas()
    if found is None:
        return SLOW
    preload = " ".join(filter(None, (str(found), os.environ.get("LD_PRELOAD", ""))))
    environment = os.environ | {"LD_PRELOAD": preload, GUARD: "1"}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
    return ""
