"""Facts and positions in our one pass, held against LibCST's parser with its own positions, in one process.

python tests/benchmarks/bench_mine.py [FOLDER]
"""

import gc
import sys
import sysconfig
import time
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from punie_data.code.mine import mine


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(sysconfig.get_path("stdlib")) / "asyncio"
    sources = [path.read_bytes() for path in sorted(folder.rglob("*.py"))]
    lines = sum(source.count(b"\n") for source in sources)
    ratios = []
    for _ in range(3):
        started = time.perf_counter()
        for source in sources:
            MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True).resolve(PositionProvider)
        theirs = time.perf_counter() - started
        gc.disable()
        started = time.perf_counter()
        for source in sources:
            mine("x.py", source)
        ours = time.perf_counter() - started
        gc.enable()
        ratios.append(theirs / ours)
        print(
            f"{lines:,} lines: LibCST with positions {lines / theirs:,.0f} lines/s, facts {lines / ours:,.0f} lines/s"
        )
    print(f"facts are {sorted(ratios)[1]:.2f} x as fast as the positions alone (median of 3)")


if __name__ == "__main__":
    main()
