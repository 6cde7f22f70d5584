"""A dataset on disk: a folder of parts (`examples.jsonl`, or `train.jsonl`, `valid.jsonl` and `test.jsonl`) with a manifest that is written last.

A step that makes a dataset of another one reads rows, writes parts, and adds itself to the manifest's `steps`: the list says how the
dataset came about, and running its steps again makes the same bytes.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from punie_data import __version__, described, jsonl, manifest
from punie_data.errors import UserError

FORMAT = 1
PARTS = ("examples", "train", "valid", "test")
"""The names that a part may have, in the order in which they are read."""
REJECTED = "rejected"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done to a dataset: the command, the options that its outcome depends on (JSON values), the SHA-256 of each file it
    read by the file's name, and what the command counts (JSON values). No time and no path of this machine.
    """

    command: str
    options: Mapping[str, Any]
    inputs: Mapping[str, str]
    counts: Mapping[str, Any] = field(default_factory=dict)


def part_files(path: Path) -> dict[str, Path]:
    """The parts that a path means, by name: a folder's parts in their order, or the one file under its stem. UserError where there is none, and
    where it is a pipe or a device.
    """
    if path.is_dir():
        found = {name: path / f"{name}.jsonl" for name in PARTS if (path / f"{name}.jsonl").is_file()}
        if not found:
            raise UserError(
                f"{path} holds none of {', '.join(f'{name}.jsonl' for name in PARTS)}: name a file"
            )
        return found
    if str(path) == "-":
        raise UserError("standard input is not read here: save what comes as a file, and name that")
    if not path.exists():
        raise UserError(f"{path}: there is no such file")
    if not path.is_file():
        # Nearly every command reads its rows more than once, and a device such as /dev/zero never ends.
        raise UserError(f"{path} is no regular file: save what it gives as one, and name that")
    return {path.stem: path}


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a dataset, or of a file that has one beside it. UserError when there is none: then it was not finished, or is none."""
    if path.is_file():
        beside = manifest_of(path)
        if not beside:
            raise UserError(f"{path}: no {manifest_beside(path).name} beside it")
        return beside
    if not (path / MANIFEST).exists():
        raise UserError(f"{path}: no manifest.json; the dataset was not finished, or this is none")
    found = _manifest(path / MANIFEST)
    if not found:
        raise UserError(f"{path / MANIFEST} is no manifest of punie-data's")
    return found


def manifest_of(path: Path) -> dict[str, Any]:
    """The manifest of a folder; of a file the one that `import` wrote beside it, or that of the folder of which it is a part. {} for rows that
    nobody wrote a manifest for.
    """
    if path.is_dir():
        return _manifest(path / MANIFEST) if (path / MANIFEST).exists() else {}
    beside = manifest_beside(path)
    if beside.is_file():
        return _manifest(beside)
    if path.stem not in PARTS or path.suffix != ".jsonl" or not path.with_name(MANIFEST).is_file():
        return {}
    found = _manifest(path.with_name(MANIFEST))
    return found if path.name in found.get("files", {path.name: ""}) else {}


def _manifest(file: Path) -> dict[str, Any]:
    """{} where it is another program's: its folder is one of rows that nobody wrote a manifest for."""
    try:
        found = orjson.loads(file.read_bytes())
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from None
    except orjson.JSONDecodeError as error:
        raise UserError(f"{file} is not JSON: {error}") from None
    problem = manifest.problem_of(found)
    if problem and not (isinstance(found, dict) and str(found.get("made_by")).startswith("punie-data")):
        return {}
    if problem:
        raise UserError(f"{file} is damaged: {problem}")
    return found


def manifest_beside(file: Path) -> Path:
    """Where the manifest of a single file of rows is."""
    return file.with_name(f"{file.stem}.{MANIFEST}")


def carried(base: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest says of its rows, and not of its files: a dataset that is made of the rows says it too."""
    return {key: base[key] for key in (*described.KEYS, "options", "tools", "sources") if key in base}


def digest(file: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with jsonl.opened(file) as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def claimed(out: Path) -> Iterator[None]:
    """The folder is there and nobody else's until the block ends. UserError where it isn't a dataset's, or another run writes it."""
    if out.suffix == ".jsonl" and not out.exists():
        raise UserError(
            f"{out} is named like a file, and a folder is written: choose a name without .jsonl with --out"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(out, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise UserError(f"{out}: {error.strerror or error}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"another run is writing {out}; wait for it, or name another folder with --out"
            ) from None
        except OSError:
            pass  # folders can't be locked on this file system: then it is as it always was
        _ready(out)
        yield
    finally:
        os.close(descriptor)


def prepare_folder(out: Path) -> None:
    """The folder, without an old manifest: a dataset that is being written is none. UserError where it holds something else."""
    _ready(out)
    try:
        (out / MANIFEST).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{out}: {error.strerror or error}") from None


def _ready(out: Path) -> None:
    """The folder, without what killed runs left. A dataset that is there stays whole until the first file of another is written."""
    ours = {f"{name}.jsonl" for name in (*PARTS, REJECTED)} | {MANIFEST}
    try:
        out.mkdir(parents=True, exist_ok=True)
        foreign = [p.name for p in out.iterdir() if not p.name.startswith(".")]
        if foreign and not ours & set(foreign):
            raise UserError(f"{out} holds other files; choose an empty folder with --out")
        for left in out.glob(".*.part"):
            left.unlink()
    except OSError as error:
        raise UserError(f"{out}: {error.strerror or error}") from None


def refuse_input(out: Path, sources: Sequence[Path]) -> None:
    """UserError where writing `out` would change what is read: an input is never changed."""
    for source in sources:
        inside = source if source.is_dir() else source.parent
        if out.exists() and (out.samefile(source) or (out.is_dir() and out.samefile(inside))):
            raise UserError(
                f"{out} is where the input lies, which is never changed: choose another place with --out"
            )


def write_parts(
    out: Path,
    base: Mapping[str, Any],
    step: Step,
    parts: Mapping[str, Iterable[bytes]],
    rejected: Iterable[Mapping[str, Any]] = (),
) -> dict[str, int]:
    """Write each part (rows as lines of JSON, with or without their line end), then the rejected rows, and the manifest last; rows a file.

    `base` is the manifest of the dataset that was read ({} where there was none): its system prompt, sources and steps are carried over.
    The step's counts may be filled while the parts are drawn from, since the manifest is made afterwards. Call it in `claimed(out)`.
    Parts that an earlier dataset left in the folder and that this one has not are removed.
    """
    counts = {}
    prepare_folder(out)
    try:
        for name in PARTS:
            target = out / f"{name}.jsonl"
            if name in parts:
                counts[name] = _write_lines(target, parts[name])
            else:
                target.unlink(missing_ok=True)
        counts[REJECTED] = jsonl.write(out / f"{REJECTED}.jsonl", (dict(row) for row in rejected))
        made = {
            "format": FORMAT,
            "made_by": f"punie-data {__version__}",
            **carried(base),
            "steps": [*base.get("steps", []), asdict(step)],
            "counts": {name: counts[name] for name in (*PARTS, REJECTED) if name in counts},
            "files": {f"{name}.jsonl": digest(out / f"{name}.jsonl") for name in counts},
        }
        with jsonl.whole_file(out / MANIFEST) as file:
            file.write(orjson.dumps(made, option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        raise UserError(f"{out}: {error.strerror or error}") from None
    return counts


def _write_lines(path: Path, lines: Iterable[bytes]) -> int:
    count = 0
    with jsonl.whole_file(path) as file:
        for line in lines:
            file.write(line if line.endswith(b"\n") else line + b"\n")
            count += 1
    return count
