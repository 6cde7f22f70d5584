"""How long does `generate` take, held against parsing each file once with LibCST and positions?

    python tests/benchmarks/bench_generate.py [--repo SPEC] [--corpus FILE] [--jobs 2] [--ten]

The floor is measured in the same run, on the same files and the same number of worker processes: LibCST's parser and its PositionProvider
without the copy of the tree, its fastest documented way. Then, each as a process of its own with a cache of its own: a cold run, a second run
on the unchanged repository, a run after one file was changed, and with --ten a cold run on a repository of ten times the lines (the same packages
under ten names). Printed are ratios; the seconds are this machine's, and where PYTHONDONTWRITEBYTECODE is set, every start compiles everything.
"""

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from punie_data.corpus import cache_folder, fetch_entry, load_corpus, resolve


def parse_with_positions(path: str) -> int:
    import libcst as cst
    from libcst.metadata import MetadataWrapper, PositionProvider

    source = Path(path).read_bytes()
    try:
        wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
        wrapper.resolve(PositionProvider)
    except Exception:
        return 0
    return source.count(b"\n")


def floor(files: list[str], jobs: int) -> tuple[float, int]:
    """(seconds, lines): files handed out largest first, one by one, so that the workers end together."""
    ordered = sorted(files, key=lambda path: -Path(path).stat().st_size)
    started = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        lines = sum(pool.imap_unordered(parse_with_positions, ordered, chunksize=4))
    return time.perf_counter() - started, lines


class Memory:
    """The largest sum of resident memory (MB) of a process and everything below it, looked at ten times a second (Linux)."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.peak = 0.0
        self._process = process
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while self._process.poll() is None:
            total = 0
            for entry in Path("/proc").glob("[0-9]*"):
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    if int(fields[3]) == self._process.pid:  # its session, which is our child's own
                        total += int((entry / "statm").read_text().split()[1]) * page
                except (OSError, IndexError, ValueError):
                    continue
            self.peak = max(self.peak, total / 1e6)
            time.sleep(0.1)

    def done(self) -> float:
        self._thread.join()
        return self.peak


def processor_seconds() -> float:
    """Of all processes that we have started and that have ended, and of those that they had started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def generate(arguments: list[str], cache: Path, out: Path, jobs: int) -> tuple[float, float, dict]:
    """(seconds of the whole process, peak megabytes, the report, with the `processor` seconds in it)."""
    command = [sys.executable, "-m", "punie_data", "generate", *arguments, "--json"]
    command += ["--cache", str(cache), "--out", str(out), "--jobs", str(jobs)]
    started, used = time.perf_counter(), processor_seconds()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    memory = Memory(process)
    said, _ = process.communicate()
    seconds = time.perf_counter() - started
    peak = memory.done()
    if process.returncode:
        sys.exit(process.returncode)
    return seconds, peak, json.loads(said) | {"processor": processor_seconds() - used}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repo", default="")
    parser.add_argument("--corpus", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--ten", action="store_true")
    given = parser.parse_args()
    fetched = cache_folder(None)
    if given.corpus:
        sources = [fetch_entry(entry, fetched, print) for entry in load_corpus(given.corpus).entries]
        arguments = ["--corpus", given.corpus]
    else:
        spec = given.repo or "svcs==25.1.0"
        sources = [resolve(spec, fetched, print)]
        arguments = ["--repo", spec]
    files = [
        str(path)
        for source in sources
        for path in sorted(source.root.rglob("*.py"))
        if path.is_file() and path.stat().st_size <= 1_000_000
    ]
    base, lines = floor(files, given.jobs)
    print(
        f"floor: {len(files)} files, {lines:,} lines, {base:.2f} s, {lines / base / given.jobs:,.0f} lines/s a core"
    )
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        cache.mkdir()
        for part in ("sources", "downloads", "pins"):  # fetching is not measured
            if (fetched / part).is_dir():
                (cache / part).symlink_to(fetched / part)
        cold, peak, report = generate(arguments, cache, Path(folder) / "cold", given.jobs)
        generators = sum(entry["examples"] > 0 for entry in report["generators"].values())
        print(
            f"cold:  {cold:.2f} s = {cold / base:.2f} x floor; {report['examples']:,} examples of {generators} generators; peak {peak:,.0f} MB"
        )
        processor = report["processor"]
        warm, _, again = generate(arguments, cache, Path(folder) / "warm", given.jobs)
        print(
            f"again: {warm:.2f} s = {warm / cold:.2f} x cold, {again['processor'] / processor:.2f} x its processor time"
        )
        same = (Path(folder) / "cold/examples.jsonl").read_bytes() == (
            Path(folder) / "warm/examples.jsonl"
        ).read_bytes()
        print(f"same bytes: {same}")
        if not given.corpus:
            copy = Path(folder) / sources[0].name
            shutil.copytree(sources[0].root, copy, symlinks=True)
            generate(["--repo", str(copy)], cache, Path(folder) / "before", given.jobs)
            target = max(copy.rglob("*.py"), key=lambda path: path.stat().st_size)
            target.write_text(target.read_text() + "\n\ndef one_more() -> int:\n    return 1\n")
            changed, _, after = generate(["--repo", str(copy)], cache, Path(folder) / "after", given.jobs)
            print(
                f"one file changed: {changed:.2f} s = {changed / cold:.2f} x cold, "
                f"{after['processor'] / processor:.2f} x its processor time"
            )
        if given.ten and not given.corpus:
            large = Path(folder) / "ten"
            for number in range(10):
                ignored = shutil.ignore_patterns(".git")
                shutil.copytree(sources[0].root, large / f"part_{number}", symlinks=True, ignore=ignored)
            tenfold, peak, report = generate(
                ["--repo", str(large)], cache, Path(folder) / "large", given.jobs
            )
            print(
                f"ten times the lines: {tenfold:.2f} s = {tenfold / cold:.2f} x; {report['examples']:,} examples; peak {peak:,.0f} MB"
            )


if __name__ == "__main__":
    main()
