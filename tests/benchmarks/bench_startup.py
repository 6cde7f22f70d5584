"""How long until the command line answers? Beside a bare Python, in turn, so that the ratio holds on a noisy machine.

python tests/benchmarks/bench_startup.py
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 9
ROW = Path(__file__).parents[2] / "data" / "sample" / "examples.jsonl"


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.jsonl"
        small.write_bytes(
            b"".join(ROW.read_bytes().splitlines(keepends=True)[:20]) if ROW.exists() else b"{}\n"
        )
        script = str(Path(sys.executable).parent / "punie-data")
        commands = {
            "bare Python": [sys.executable, "-c", "pass"],
            "--help": [script, "--help"],
            "validate, 20 rows": [script, "validate", str(small)],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                times[name].append(seconds(command))
    bare = statistics.median(times["bare Python"])
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"{name:<18} {middle:.3f} s (median of {ROUNDS}), {middle / bare:.1f} x bare Python")


if __name__ == "__main__":
    main()
