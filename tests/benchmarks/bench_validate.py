"""How fast `validate` is, beside the libraries that only check the schema. Every figure is a ratio measured in one run.

    python tests/benchmarks/bench_validate.py               rows of about 3 kB, made here
    python tests/benchmarks/bench_validate.py FILE          the rows of a file
    python tests/benchmarks/bench_validate.py --gigabyte    the memory of a run over 1 GB of rows, all processes together

`jsonschema` reads with the standard library and reuses its validator, as its users do; the fast pair is orjson and jsonschema-rs. One process is
compared with one process, by the processor's time; then the command as users run it, on all cores, with the pair on one. Rounds are run in turn, few
rows at a time, and the fastest of each counts: whatever else the machine does meets all of them alike.
"""

import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jsonschema
import jsonschema_rs
import orjson

sys.path.insert(0, str(Path(__file__).parents[2]))

from punie_data import jsonl
from punie_data.validate.catalogue import RULES
from punie_data.validate.check import Checker, record_schema
from punie_data.validate.files import check_files
from punie_data.validate.tally import Tally
from tests.test_validate_rows import make, sealed

ROWS = 2_000
LARGE = 60_000
SLICE = 50
WORDS = [
    "cart",
    "order",
    "price",
    "stock",
    "money",
    "retry",
    "notify",
    "invoice",
    "basket",
    "customer",
    "refund",
    "catalogue",
]


def synthetic(number: int) -> dict[str, object]:
    """A row of about 3 kB: a question with a position, twenty references, an answer that names the first five."""
    chance = random.Random(number)
    symbol = f"{chance.choice(WORDS).title()}{chance.choice(WORDS).title()}{number}"
    found = [
        {
            "file": f"src/shop/{chance.choice(WORDS)}_{chance.choice(WORDS)}.py",
            "line": chance.randrange(1, 900),
            "column": chance.randrange(1, 60),
            "preview": f"{chance.choice(WORDS)} = {symbol}({chance.choice(WORDS)})",
        }
        for _ in range(chance.randrange(12, 20))
    ]
    result = {
        "success": True,
        "symbol": symbol,
        "reference_count": len(found),
        "references": found,
        "parse_error": None,
    }
    position = {
        "file_path": "src/shop/core.py",
        "line": chance.randrange(1, 900),
        "column": 7,
        "symbol": symbol,
    }
    listed = ", ".join(f"{each['file']} line {each['line']}" for each in found[:5])
    return make(
        f"Where is `{symbol}` used? It stands in {position['file_path']}, line {position['line']}, column 7.",
        ("find_references", position, result),
        answer=f"`{symbol}` is used in {len(found)} places, among them {listed}.",
    )


def fastest(
    works: dict[str, Callable[[list[bytes]], object]], rows: list[bytes], times: int = 9
) -> dict[str, float]:
    """Seconds of a processor a row for each of the works: over slices of the rows, each work's fastest round."""
    total = dict.fromkeys(works, 0.0)
    for start in range(0, len(rows), SLICE):
        few = rows[start : start + SLICE]
        best = dict.fromkeys(works, float("inf"))
        for _ in range(times):
            for name, work in works.items():
                begun = time.thread_time()
                work(few)
                best[name] = min(best[name], time.thread_time() - begun)
        for name, seconds in best.items():
            total[name] += seconds
    return {name: seconds / len(rows) for name, seconds in total.items()}


def best(work: Callable[[], object], times: int = 5) -> float:
    """Seconds of the fastest run."""
    found = float("inf")
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found = min(found, time.perf_counter() - begun)
    return found


def renamed(raw: bytes, number: int) -> bytes:
    """A row about another symbol, sealed again."""
    row = orjson.loads(raw)
    old = row["messages"][1]["tool_calls"][0]["function"]["arguments"]["symbol"].encode()
    return orjson.dumps(sealed(orjson.loads(raw.replace(old, old + b"_%d" % number)))) + b"\n"


def gigabyte(folder: Path) -> None:
    file = folder / "large.jsonl"
    some = [orjson.dumps(synthetic(number)) for number in range(1000)]
    with file.open("wb") as handle:
        number = 0
        while handle.tell() < 1_000_000_000:
            handle.write(renamed(some[number % len(some)], number))
            number += 1
    command = [sys.executable, "-m", "punie_data", "validate", "--isolated", str(file)]
    begun, most = time.perf_counter(), 0
    with subprocess.Popen(command) as run:
        while run.poll() is None:
            most = max(most, sum(map(memory, [run.pid, *children(run.pid)])))
            time.sleep(0.1)
    seconds = time.perf_counter() - begun
    size = file.stat().st_size
    print(
        f"{size / 1e9:.2f} GB, {number} rows: {seconds:.0f} s, at most {most / 1e6:.0f} MB in all processes together"
    )


def children(process: int) -> list[int]:
    """The processes that a process started. Linux only."""
    try:
        return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def memory(process: int) -> int:
    """Bytes that a process holds, its share of what it has together with others."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "--gigabyte" in sys.argv:
            gigabyte(folder)
            return
        if len(sys.argv) > 1:
            rows = Path(sys.argv[1]).read_bytes().splitlines(keepends=True)
        else:
            rows = [orjson.dumps(synthetic(number)) + b"\n" for number in range(ROWS)]
        size = sum(map(len, rows)) / len(rows)
        print(f"{len(rows)} rows of {size / 1000:.1f} kB, {os.cpu_count()} cores")

        fast = jsonschema_rs.validator_for(record_schema()).is_valid
        slow = jsonschema.Draft202012Validator(record_schema()).is_valid
        checker = Checker(rule for rule in RULES if rule.scope != "set")

        def ours(few: list[bytes], tally: Tally | None = None) -> int:
            lines = jsonl.lines(io.BytesIO(b"".join(few)))
            return sum(found is not None for _, found in checker.lines(lines, tally))

        print(f"findings: {ours(rows)}")
        seconds = fastest(
            {
                "pair": lambda few: [fast(orjson.loads(line)) for line in io.BytesIO(b"".join(few))],
                "ours": ours,
                "sets": lambda few: ours(few, Tally()),
            },
            rows,
        )
        library = fastest(
            {"jsonschema": lambda few: [slow(json.loads(line)) for line in few]}, rows[:300], 3
        )["jsonschema"]
        for told, key in (("row rules", "ours"), ("row and set rules", "sets")):
            print(f"one process, {told}: {seconds[key] * 1e6:.1f} µs a row")
            print(f"  against orjson + jsonschema-rs: {seconds['pair'] / seconds[key]:.2f} ×")
            print(f"  against jsonschema: {library / seconds[key]:.1f} ×")

        if len(sys.argv) == 1:
            large = folder / "large.jsonl"
            with large.open("wb") as handle:
                handle.writelines(renamed(rows[number % ROWS], number) for number in range(LARGE))
            codes = [rule.code for rule in checker.rules]
            for told, select in (("row rules", codes), ("row and set rules", [])):
                whole = (
                    best(lambda chosen=select: [each.rows for each in check_files([large], chosen)], 3)
                    / LARGE
                )  # type: ignore[misc]
                print(f"all cores, {told}, {large.stat().st_size / 1e6:.0f} MB: {whole * 1e6:.1f} µs a row")
                print(f"  against orjson + jsonschema-rs on one core: {seconds['pair'] / whole:.2f} ×")
                print(f"  against jsonschema on one core: {library / whole:.1f} ×")

        few_rows = folder / "few.jsonl"
        few_rows.write_bytes(b"".join(rows[:20]))
        command = [sys.executable, "-m", "punie_data", "validate", str(few_rows)]
        start_up = best(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=False))
        print(f"the command on 20 rows: {start_up:.2f} s")


if __name__ == "__main__":
    main()
