"""How fast near duplicates are found, beside datasketch's LSH with the same hashes and bands, and how many. Ratios measured in one run.

    python tests/benchmarks/bench_dedupe.py                20,000 rows, half of them with a planted duplicate
    python tests/benchmarks/bench_dedupe.py --million      the whole command on a million rows, in 4 GB of address space (minutes)

A planted duplicate is a row some of whose words were replaced, as many as leave a Jaccard similarity of 0.85 and no more: the hardest there
is. Both sides begin with the same lists of words; datasketch only proposes, ours counts every proposal out as well. Processor seconds are
compared, since ours would otherwise gain by threads, and both by an idle machine.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson
from datasketch import MinHash, MinHashLSH

sys.path.insert(0, str(Path(__file__).parents[2]))

from punie_data.dedupe.content import Content, content_of
from punie_data.dedupe.near import Shingles, bands
from tests.conversations import Record, conversation, defined

THRESHOLD = 0.85
LIMIT = 4 * 1024**3


def vocabulary(chance: random.Random, size: int = 4000) -> list[str]:
    return ["".join(chance.choices("abcdefghijklmnoprstuvw", k=chance.randrange(3, 9))) for _ in range(size)]


def row(number: int, words: list[str], chance: random.Random) -> Record:
    answer = " ".join(chance.choices(words, k=chance.randrange(50, 110)))
    path = f"src/{words[number % len(words)]}.py"
    call = ("read_file", {"path": path, "first_line": number % 997}, "the same text in many rows")
    return conversation(f"{' '.join(chance.choices(words, k=8))}?", answer, [call], paths=(path,))


def pairs(content: Content) -> set[tuple[str, str]]:
    return set(zip(content.words, content.words[1:], strict=False))


def similarity(one: Content, other: Content) -> float:
    a, b = pairs(one), pairs(other)
    return len(a & b) / len(a | b)


def planted(original: Record, words: list[str], chance: random.Random) -> Content:
    """The row with as many words of its answer replaced as the threshold allows."""
    first, said = content_of(original), original["messages"][-1]["content"].split()
    best = first
    for place in chance.sample(range(len(said)), len(said)):
        said[place] = chance.choice(words)
        copy = {
            **original,
            "messages": [*original["messages"][:-1], {"role": "assistant", "content": " ".join(said)}],
        }
        changed = content_of(copy)
        if similarity(first, changed) < THRESHOLD:
            return best
        best = changed
    return best


def ours(contents: list[Content]) -> tuple[float, set[tuple[int, int]]]:
    started = time.process_time()
    shingles = Shingles(THRESHOLD, 0)
    for content in contents:
        shingles.add(content)
    shingles.finish()
    found = {(of, number) for number, of, _ in shingles.duplicates(range(len(contents)))}
    return time.process_time() - started, found


def datasketch(contents: list[Content]) -> tuple[float, set[tuple[int, int]]]:
    count, rows = bands(THRESHOLD)
    started = time.process_time()
    index = MinHashLSH(num_perm=count * rows, params=(count, rows))
    found = set()
    for number, content in enumerate(contents):
        sketch = MinHash(num_perm=count * rows)
        sketch.update_batch(
            [f"{one} {other}".encode() for one, other in zip(content.words, content.words[1:], strict=False)]
        )
        found.update((other, number) for other in index.query(sketch))
        index.insert(number, sketch)
    return time.process_time() - started, found


def near(rows: int) -> None:
    chance = random.Random(0)
    words = vocabulary(chance)
    contents: list[Content] = []
    wanted = set()
    for number in range(rows // 3):
        original = row(number, words, chance)
        contents.append(content_of(original))
        if number % 2:
            wanted.add((len(contents) - 1, len(contents)))
            contents.append(planted(original, words, chance))
    template = [
        content_of(defined(f"{words[number % len(words)].title()}{number}", "shop.py", number))
        for number in range(rows // 3)
    ]
    first_of_template = len(contents)
    contents += template
    theirs, candidates = datasketch(contents)
    seconds, found = ours(contents)
    print(f"{len(contents):,} rows, {len(wanted):,} planted at a similarity of {THRESHOLD} or just above")
    print(
        f"ours:       {len(contents) / seconds:9,.0f} rows a second, finds {len(wanted & found) / len(wanted):.4f}"
    )
    print(
        f"datasketch: {len(contents) / theirs:9,.0f} rows a second, finds {len(wanted & candidates) / len(wanted):.4f}"
    )
    print(f"ratio: {theirs / seconds:.1f}")
    false = sum(one >= first_of_template for one, _ in found)
    print(
        f"rows of one template taken for near: {false}; proposed by datasketch: {sum(one >= first_of_template for one, _ in candidates):,}"
    )


def million(rows: int) -> None:
    chance = random.Random(0)
    words = vocabulary(chance)
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "rows.jsonl", Path(folder) / "out"
        with file.open("wb") as stream:
            for number in range(rows):
                made = (
                    row(number, words, chance) if number % 3 else defined(f"Name{number}", "shop.py", number)
                )
                stream.write(orjson.dumps(made) + b"\n")
                if number % 10 == 0:  # again, with another question
                    made["messages"][0]["content"] = "Please: " + made["messages"][0]["content"]
                    stream.write(orjson.dumps(made) + b"\n")
        size = file.stat().st_size
        command = [sys.executable, "-m", "punie_data", "dedupe", str(file), "--out", str(out), "--json"]
        started = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, preexec_fn=limited, check=True)
        seconds = time.perf_counter() - started
        said: dict[str, Any] = orjson.loads(done.stdout)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(
        f"{said['rows']:,} rows, {size / 1e9:.1f} GB: {seconds:.0f} s, {said['rows'] / seconds:,.0f} rows/s, {said['kept']:,} kept"
    )
    print(f"removed: {said['removed']}")
    print(f"memory: {peak / 1e9:.2f} GB, {peak / LIMIT:.2f} of the limit")


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--rows", type=int, default=0)
    given = parser.parse_args()
    if given.million:
        million(given.rows or 1_000_000)
    else:
        near(given.rows or 20_000)


if __name__ == "__main__":
    main()
