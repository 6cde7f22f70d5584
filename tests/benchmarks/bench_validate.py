"""How fast `validate` is, beside the libraries that only check the schema. Every figure is a ratio measured in one run.

    python tests/benchmarks/bench_validate.py            rows of about 3 kB, made here
    python tests/benchmarks/bench_validate.py FILE       the rows of a file

`jsonschema` reads with the standard library and reuses its validator, as its users do; the fast pair is orjson and jsonschema-rs.
"""

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
from punie_data.validate.check import Checker, record_schema
from punie_data.validate.files import check_files
from tests.test_validate_rows import make

ROWS = 4_000
LARGE = 60_000
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


def best(work: Callable[[], object], times: int = 5) -> float:
    """Seconds of the fastest run: whatever disturbs a run makes it slower, never faster."""
    fastest = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        work()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 1:
            file = Path(sys.argv[1])
        else:
            file = Path(folder) / "rows.jsonl"
            jsonl.write(file, (synthetic(number) for number in range(ROWS)))
        rows = file.read_bytes().splitlines(keepends=True)
        print(f"{len(rows)} rows of {file.stat().st_size / len(rows) / 1000:.1f} kB, {os.cpu_count()} cores")

        fast = jsonschema_rs.validator_for(record_schema()).is_valid
        slow = jsonschema.Draft202012Validator(record_schema()).is_valid
        checker = Checker()

        def pair() -> None:
            with file.open("rb") as handle:
                for line in handle:
                    fast(orjson.loads(line))

        def ours() -> int:
            return sum(found is not None for _, found in checker.lines(jsonl.read(file)))

        print(f"findings: {ours()}")
        fastest = best(pair) / len(rows)
        alone = best(ours) / len(rows)
        few = rows[:300]
        library = best(lambda: [slow(json.loads(line)) for line in few], 3) / len(few)
        print(f"one process: {alone * 1e6:.1f} µs a row")
        print(f"  against orjson + jsonschema-rs: {fastest / alone:.2f} ×")
        print(f"  against jsonschema: {library / alone:.1f} ×")

        large = Path(folder) / "large.jsonl"
        with large.open("wb") as handle:
            for start in range(0, LARGE, len(rows)):
                handle.writelines(rows[: LARGE - start])
        whole = best(lambda: [checked.rows for checked in check_files([large])], 3) / LARGE
        print(f"all cores, {large.stat().st_size / 1e6:.0f} MB: {whole * 1e6:.1f} µs a row")
        print(f"  against orjson + jsonschema-rs: {fastest / whole:.2f} ×")
        print(f"  against jsonschema: {library / whole:.1f} ×")

        few_rows = Path(folder) / "few.jsonl"
        few_rows.write_bytes(b"".join(rows[:20]))
        command = [sys.executable, "-m", "punie_data", "validate", str(few_rows)]
        start_up = best(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=False))
        print(f"the command on 20 rows: {start_up:.2f} s")


if __name__ == "__main__":
    main()
