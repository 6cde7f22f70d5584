"""The gate beside detect-secrets: rows a second, and what each of the two finds of the same planted things. Ratios of one run.

    python tests/benchmarks/bench_gate.py                         detect-secrets where it is installed beside us
    DETECT_SECRETS=/some/venv/bin/python python tests/benchmarks/bench_gate.py

detect-secrets is run as it is meant to be: its own plugins and filters, by the interpreter that has it, over the same rows and texts. It looks for secrets
only; the gate looks for personal data too. Of what only looks like a secret, each finding is a false alarm.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parents[2]))

from punie_data import jsonl
from punie_data.gate import residue, residue_of
from punie_data.sensitive import find, has_secret
from tests.planted import NEAR_MISSES, PERSONAL, secrets

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample" / "examples.jsonl"
SETS = 20
PEER_ROWS = 100
PEER = """
import json, sys, time
from pathlib import Path
from detect_secrets import SecretsCollection
from detect_secrets.settings import default_settings
folder = Path(sys.argv[1])
def scan(file):
    found = SecretsCollection()
    found.scan_file(str(file))
    return any(True for _ in found)
with default_settings():
    found = {name: [scan(file) for file in sorted((folder / name).iterdir())] for name in ("planted", "near")}
    started = time.perf_counter()
    scan(folder / "rows.jsonl")
    seconds = time.perf_counter() - started
json.dump({"found": found, "seconds": seconds}, sys.stdout)
"""


def peer_python() -> str | None:
    """An interpreter that has detect-secrets, None where there is none."""
    for python in (os.environ.get("DETECT_SECRETS", ""), sys.executable):
        if (
            python
            and not subprocess.run([python, "-c", "import detect_secrets"], capture_output=True).returncode
        ):
            return python
    return None


def main() -> None:
    rows = [line for line in jsonl.read(SAMPLE) if line.row is not None]
    started = time.perf_counter()
    repeats = 5
    for _ in range(repeats):
        assert not list(residue(rows))
    ours = repeats * len(rows) / (time.perf_counter() - started)
    size = sum(len(line.raw) for line in rows) / len(rows)
    started = time.perf_counter()
    for _ in range(repeats):
        for line in rows:
            orjson.loads(line.raw)
    reading = repeats * len(rows) / (time.perf_counter() - started)
    print(
        f"clean rows of {size:,.0f} bytes: the gate {ours:,.0f} rows/s, {ours / reading:.3f} × of only reading them with orjson"
    )

    planted = [text for number in range(SETS) for text in secrets(f"bench{number}").values()]
    names = [name for _ in range(SETS) for name in secrets()]
    near = list(NEAR_MISSES.values())
    personal = list(PERSONAL.values())
    found = [has_secret(text) for text in planted]
    print(
        f"{len(planted)} planted secrets: the gate finds {sum(found)}; {len(personal)} personal things: {sum(any(True for _ in find(t)) for t in personal)}"
    )
    print(
        f"{len(near)} near misses: the gate accuses {sum(any(True for _ in residue_of(text)) for text in near)}"
    )
    missed = sorted({name for name, hit in zip(names, found, strict=True) if not hit})
    if missed:
        print(f"  missed by the gate: {', '.join(missed)}")

    python = peer_python()
    if python is None:
        print(
            "detect-secrets is not installed: no comparison was made (set DETECT_SECRETS to a Python that has it)"
        )
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rows.jsonl").write_bytes(b"".join(line.raw for line in rows[:PEER_ROWS]))
        for kind, texts in (("planted", planted), ("near", near)):
            (folder / kind).mkdir()
            for number, text in enumerate(texts):
                (folder / kind / f"{number:05}.py").write_text(text + "\n")
        done = subprocess.run([python, "-c", PEER, name], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    theirs = PEER_ROWS / told["seconds"]
    print(f"detect-secrets: {theirs:,.0f} rows/s; the gate is {ours / theirs:,.0f} × as fast")
    theirs_found, theirs_near = told["found"]["planted"], told["found"]["near"]
    print(
        f"detect-secrets finds {sum(theirs_found)} of {len(planted)} planted secrets and accuses {sum(theirs_near)} of {len(near)} near misses"
    )
    for label, mine, other in (
        ("the gate only", found, theirs_found),
        ("detect-secrets only", theirs_found, found),
    ):
        only = sorted({name for name, a, b in zip(names, mine, other, strict=True) if a and not b})
        print(f"  found by {label}: {', '.join(only) or 'nothing'}")


if __name__ == "__main__":
    main()
