"""How long `balance` takes for a million rows over eleven axes, and that beside merely parsing the file. Figures of one run.

python tests/benchmarks/bench_balance.py            a million rows, made here
python tests/benchmarks/bench_balance.py ROWS       so many
"""

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

ROWS = 1_000_000
TOOLS = [f"tool_{number}" for number in range(17)]
REPOS = [f"repo_{number}" for number in range(33)]
DIRECT = ("concept", "comparison", "best_practice", "how_to", "architecture")
VERBS = (
    "Where is",
    "Who calls",
    "Show",
    "What does",
    "How is",
    "Which tests cover",
    "List the users of",
    "Explain",
)
NOUNS = ("the class", "the function", "the module", "the constant", "the method", "the protocol")

MIX = """
[kind]
tool = [0.65, 0.75]
ask = [0.02, 0.1]
cannot = [0.02, 0.1]
[tool]
"*" = [0.01, 0.08]
[category]
"*" = [0, 0.3]
concept = [0.03, 0.15]
[repo]
"*" = [0, 0.05]
[generator]
"*" = [0, 0.08]
[turns]
2 = [0.1, 0.4]
"3+" = [0.05, 0.4]
[multi_tool]
yes = [0.1, 0.5]
[field_access]
yes = [0.03, 0.4]
[outcome]
failure = [0.03, 0.15]
empty = [0.05, 0.2]
[template]
"*" = [0, 0.03]
"""


def row(number: int, chance: random.Random, independent: bool = False) -> bytes:
    """About 1.6 kB, in the canonical form; skewed as mined data is: large repositories, favourite tools, few questions back."""
    repo = REPOS[int(len(REPOS) * chance.random() ** 2)]
    maker = chance.randrange(60)
    fixed = chance if independent else random.Random(maker)
    kind = fixed.choices(("tool", "direct", "ask", "cannot"), (80, 12, 5, 3))[0]
    calls = fixed.choices((1, 2, 3, 4), (80, 12, 5, 3))[0] if kind == "tool" else 0
    tools = [TOOLS[int(len(TOOLS) * fixed.random() ** 1.5)] for _ in range(calls)]
    category = fixed.choice(DIRECT if kind != "tool" else ("navigation", "search", "quality", "code"))
    verbs, nouns = (VERBS, NOUNS) if independent else (fixed.sample(VERBS, 3), fixed.sample(NOUNS, 2))
    generator = f"{kind}_{maker}"
    symbol = f"Symbol{chance.randrange(40_000)}"
    path = f"src/{repo}/part_{chance.randrange(400)}.py"
    question = f"{chance.choice(verbs)} {chance.choice(nouns)} `{symbol}`? It is in {path}."
    messages = [{"role": "user", "content": question}]
    runs = []
    for call, tool in enumerate(tools):
        arguments = {"file_path": path, "line": chance.randrange(900), "symbol": symbol}
        if tool == TOOLS[3]:
            arguments = {"code": f'result = find("{symbol}")\nprint(f"{{result.count}} of {symbol}")'}
        found = chance.choices((0, 1, 3, 6), (8, 40, 30, 22))[0]
        failed = chance.random() < 0.04
        content = {
            "success": not failed,
            "match_count": 0 if failed else found,
            "matches": []
            if failed
            else [
                {"file": path, "line": chance.randrange(900), "column": 5, "preview": f"x = {symbol}()"}
                for _ in range(found)
            ],
            "parse_error": "no such file" if failed else None,
        }
        identity = f"call_{call}"
        function = {"name": tool, "arguments": arguments}
        messages.append(
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": identity, "type": "function", "function": function}],
            }
        )
        messages.append(
            {
                "role": "tool",
                "content": orjson.dumps(content).decode(),
                "tool_call_id": identity,
                "name": tool,
            }
        )
        runs.append(
            {
                "call_id": identity,
                "tool_version": "ty 0.0.104",
                "exit": 0,
                "sha256": "0" * 64,
                "truncated": False,
            }
        )
    messages.append({"role": "assistant", "content": f"`{symbol}` stands in {path}. " * 4})
    category = (
        chance.choice(DIRECT)
        if kind != "tool"
        else chance.choice(("navigation", "search", "quality", "code"))
    )
    return orjson.dumps(
        {
            "id": f"{number * 2_654_435_761 % 2**80:020x}",
            "messages": messages,
            "tools": TOOLS,
            "label": {"kind": kind, "category": category},
            "origin": {
                "generator": generator, "repo": repo, "revision": "0" * 40, "license": "MIT", "paths": [path], "spans": [], "symbol": symbol, "seed": 0,
            },
            "runs": runs,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )  # fmt: skip


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    independent = "independent" in sys.argv
    with tempfile.TemporaryDirectory() as folder:
        file, mix, out = Path(folder) / "rows.jsonl", Path(folder) / "mix.toml", Path(folder) / "out.jsonl"
        chance = random.Random(0)
        with file.open("wb") as handle:
            for number in range(rows):
                handle.write(row(number, chance, independent))
        mix.write_text(MIX)
        print(
            f"{rows:,} rows of {file.stat().st_size / rows / 1000:.1f} kB, {os.cpu_count()} cores, eleven axes"
        )

        start, ran = time.perf_counter(), time.process_time()
        with file.open("rb") as handle:
            for line in handle:
                orjson.loads(line)
        parsing, ran = time.perf_counter() - start, time.process_time() - ran
        print(f"reading and parsing with orjson: {parsing:.1f} s, {ran:.1f} s of processor time")

        command = [
            sys.executable,
            "-m",
            "punie_data",
            "balance",
            str(file),
            "--mix",
            str(mix),
            "--out",
            str(out),
        ]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        took = time.perf_counter() - start
        lines = done.stdout.splitlines()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = used.ru_utime + used.ru_stime
        print(f"the command: {took:.1f} s, {took / parsing:.2f} × parsing, exit {done.returncode}")
        print(f"  {spent:.1f} s of processor time in all processes, {spent / ran:.2f} × parsing")
        print(f"  {lines[0] if lines else done.stderr.strip()}\n  {lines[-2] if len(lines) > 1 else ''}")
        # Kilobytes on Linux, bytes on macOS.
        peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        print(f"  at most {peak / 1e6:.0f} MB of memory")
        check = [sys.executable, "-m", "punie_data", "balance", str(out), "--mix", str(mix), "--check"]
        print(f"  --check of what it wrote: exit {subprocess.run(check, capture_output=True).returncode}")


if __name__ == "__main__":
    main()
