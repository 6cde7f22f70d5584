"""`import`: files of any format become a dataset, or one file of records. What can't be converted is kept with its reason."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson

from punie_data import __version__, dataset, jsonl
from punie_data.dataset import Step
from punie_data.described import Described
from punie_data.errors import UserError
from punie_data.importing.collected import Collected
from punie_data.importing.reader import Reader, read
from punie_data.importing.shape import is_record
from punie_data.jsonl import Line

_LONGEST_RAW = 1024 * 1024
"""Characters of a rejected line that are kept with it; the file and the line's number lead to the rest."""


@dataclass(frozen=True, slots=True)
class Options:
    """How rows are read. `tools` are offered in rows that don't say what was; `license` is that of rows that don't say theirs."""

    format: str = "auto"
    license: str = "unknown"
    tools: tuple[str, ...] = ()


@dataclass(slots=True)
class Imported:
    """What became of the rows: how many of each format, kind and reason; `prompts` and `tools` are how many the manifest holds."""

    rows: int = 0
    untouched: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    parts: dict[str, int] = field(default_factory=dict)
    not_rows: int = 0
    folded: int = 0
    prompts: int = 0
    tools: int = 0
    undescribed: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "untouched": self.untouched,
            "formats": _sorted(self.formats),
            "kinds": _sorted(self.kinds),
            "rejected": sum(self.rejected.values()),
            "reasons": _sorted(self.rejected),
            "lines_about_the_session": self.not_rows,
            "earlier_turns": self.folded,
            "system_prompts": self.prompts,
            "foreign_tools": self.tools,
            "undescribed_tools": self.undescribed,
        }


def convert(
    paths: Sequence[Path], out: Path, options: Options, advance: Callable[[int], None] = lambda read: None
) -> Imported:
    """Read the files (and the parts of folders) into `out`: a file where its name ends in .jsonl, else a folder with a manifest.

    A folder's parts stay parts, files become `examples`. `advance` is told how many bytes of lines were read. UserError where a file can't be
    read, changes meanwhile, or would be written over.
    """
    inputs = _inputs(paths)
    given = [file for files in inputs.values() for file in files]
    for file in given:
        if not file.is_file():  # its digest is taken before it is read, which a pipe allows only once
            raise UserError(f"{file} is no regular file: save what it gives, and import that")
    is_file = out.is_file() or (out.suffix == ".jsonl" and not out.is_dir())
    if any(out.exists() and out.samefile(file) for file in given):
        raise UserError(f"{out} is an input, which is never changed: choose another place with --out")
    done, collected = Imported(), Collected()
    digests = {file: dataset.digest(file) for file in given}
    manifests = [dataset.manifest_of(path) for path in paths]
    base: dict[str, Any] = dict(manifests[0])
    described: dict[Path, Described] = {}
    if len(paths) > 1:  # each record keeps what its own dataset says of it
        base = {"sources": [source for manifest in manifests for source in manifest.get("sources", ())]}
        for path, manifest in zip(paths, manifests, strict=True):
            described |= dict.fromkeys(dataset.part_files(path).values(), Described(manifest))
    step = Step("import", asdict(options) | {"tools": list(options.tools)}, _named(digests), {})
    with ExitStack() as stack:
        rejects = stack.enter_context(tempfile.TemporaryFile(prefix="punie-data-"))

        def lines(files: Iterable[Path]) -> Iterator[bytes]:
            foreign = []
            for file in files:
                before = done.formats.total()
                known = described.get(file)
                yield from _lines(file, digests[file], options, done, collected, known, rejects, advance)
                foreign += [file] * (done.formats.total() > before)
            # Drawn to its end before the manifest is made of them.
            base.update(collected.into_manifest())
            done.prompts, done.tools = collected.prompts, collected.tools
            done.undescribed = collected.undescribed
            base["sources"] = [*base.get("sources", ()), *_sources(foreign, digests, options)]
            step.counts.update(done.to_json())  # type: ignore[attr-defined]

        parts = {name: lines(files) for name, files in inputs.items()}
        if is_file:
            one = (line for name in parts for line in parts[name])
            done.parts = _write_file(out, base, step, one, _rejected(rejects))
        else:
            dataset.refuse_input(out, paths)
            stack.enter_context(dataset.claimed(out))
            done.parts = dataset.write_parts(out, base, step, parts, _rejected(rejects))
    return done


def _inputs(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """The files by the part that they become, in the order of the parts."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        for name, file in dataset.part_files(path).items():
            found.setdefault(name if path.is_dir() else "examples", []).append(file)
    return {name: found[name] for name in dataset.PARTS if name in found}


def _lines(
    file: Path,
    digest: str,
    options: Options,
    done: Imported,
    collected: Collected,
    described: Described | None,
    rejects: IO[bytes],
    advance: Callable[[int], None],
) -> Iterator[bytes]:
    """The records of one file as lines; what can't be one goes to `rejects`."""
    reader = Reader(file, options.format, options.license, options.tools, digest)
    before = file.stat()
    for line, converted in read(file, reader):
        advance(len(line.raw))
        if converted is None and not line.problem and not is_record(line.row):
            line = line._replace(row=None, problem="the keys of a record, and not its values")
        if line.problem:
            done.rejected[_reason(line.problem)[0]] += 1
            rejects.write(orjson.dumps(_reject(line, file, options)) + b"\n")
            continue
        done.rows += 1
        done.kinds[line.row["label"]["kind"]] += 1
        if converted is None:
            done.untouched += 1
            if described is not None:
                entries = described.entries(line.row["id"])
                tools = {name: entries[name] for name in line.row["tools"] if name in entries}
                collected.add_record(line.row["id"], described.prompt(line.row["id"]), tools)
        else:
            done.formats[converted.format] += 1
            collected.add(converted)
        yield line.raw
    done.not_rows += reader.not_rows
    done.folded += reader.folded
    after = file.stat()
    if (before.st_ino, before.st_size, before.st_mtime_ns) != (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    ):
        raise UserError(f"{file} changed while it was read: import it again when nobody writes to it")


def _reject(line: Line, file: Path, options: Options) -> dict[str, Any]:
    """A row of rejected.jsonl: as every command writes them, with the line that it is about."""
    reason, detail = _reason(line.problem)
    return {
        "reason": reason,
        "detail": detail,
        "generator": f"import:{options.format}",
        "repo": file.stem,
        "question": "",
        "example": None,
        "file": file.name,
        "line": line.number,
        "raw": line.raw.rstrip(b"\r\n").decode("utf-8", "replace")[:_LONGEST_RAW],
    }


def _reason(problem: str) -> tuple[str, str]:
    """What can be counted, and what is said of this line."""
    if problem.startswith(("the line is ", "the row is ")) and " bytes" in problem:
        return "the line is too long", problem
    reason, _, detail = problem.partition(": ")
    return reason, detail


def _rejected(spool: IO[bytes]) -> Iterator[dict[str, Any]]:
    spool.seek(0)
    for line in spool:
        yield orjson.loads(line)


def _sources(
    files: Iterable[Path], digests: Mapping[Path, str], options: Options
) -> Iterator[dict[str, Any]]:
    for file in files:
        yield {
            "name": file.stem,
            "origin": f"import:{file.name}",
            "revision": Reader.revision(digests[file]),
            "license": options.license,
            "digest": digests[file],
        }


def _named(digests: Mapping[Path, str]) -> dict[str, str]:
    """The digests by the files' names; a name that several have comes with its folder's."""
    names = Counter(file.name for file in digests)
    return {
        file.name if names[file.name] == 1 else f"{file.parent.name}/{file.name}": digest
        for file, digest in digests.items()
    }


def _write_file(
    out: Path, base: Mapping[str, Any], step: Step, lines: Iterable[bytes], rejected: Iterable[dict[str, Any]]
) -> dict[str, int]:
    """One file of records; beside it what does not fit into rows: `<stem>.manifest.json`, and `<stem>.rejected.jsonl` where there are any."""
    counts = {"examples": 0}
    rejects = out.with_name(f"{out.stem}.{dataset.REJECTED}.jsonl")
    with jsonl.whole_file(out) as file:
        for line in lines:
            file.write(line)
            counts["examples"] += 1
        counts[dataset.REJECTED] = jsonl.write(rejects, rejected)
        if not counts[dataset.REJECTED]:
            rejects.unlink()
    manifest = {
        "format": dataset.FORMAT,
        "made_by": f"punie-data {__version__}",
        **dataset.carried(base),
        "steps": [*base.get("steps", []), asdict(step)],
        "counts": counts,
        "files": {out.name: dataset.digest(out)},
    }
    with jsonl.whole_file(dataset.manifest_beside(out)) as file:
        file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
    return counts


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def size_of(paths: Sequence[Path]) -> int:
    """How many bytes there are to be read."""
    return sum(file.stat().st_size for files in _inputs(paths).values() for file in files)
