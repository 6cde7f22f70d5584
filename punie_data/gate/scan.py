"""Scan a file or a dataset for what must not be published, or write it anew without that.

Scanning looks at whatever stands in the file, in any shape: rows are judged as they would be published, a line that is no JSON as text. Writing
anew takes canonical records only.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from punie_data import jsonl
from punie_data.dataset import (
    MANIFEST,
    PARTS,
    Step,
    digest,
    part_files,
    refuse_input,
    write_parts,
)
from punie_data.described import KEYS as DESCRIBED
from punie_data.errors import UserError
from punie_data.gate.redaction import Refused, redacted, redacted_texts
from punie_data.gate.residue import Residue, residue_of
from punie_data.importing import array, manifest_of, records
from punie_data.licences import REASON, Allowed
from punie_data.sensitive import KINDS

ASIDE = (MANIFEST, "README.md")
"""What is published with the rows of a folder, and so is scanned with them."""
UNREAD = "unread"
NO_ROW = "can't be read as a row"
"""Why a line is rejected of which nothing can be published."""
LICENCE = "licence"


def kinds(given: str) -> frozenset[str]:
    """The kinds of an option: `ip,phone`. UserError for one that there is not."""
    names = frozenset(name.strip() for name in given.split(",") if name.strip())
    unknown = sorted(names - set(KINDS))
    if unknown:
        raise UserError(f"there is no kind {unknown[0]!r}; there are {', '.join(KINDS)}")
    return names


def scan(
    path: Path,
    ignore: frozenset[str] = frozenset(),
    licences: Allowed | None = None,
    seen: Callable[[jsonl.Line], None] = lambda line: None,
) -> Iterator[tuple[Path, Residue]]:
    """What stands in the rows of a file or in the parts of a folder, its manifest and its card, file by file. `seen` is told of each row.

    A line of which nothing could be read is found too: what can't be read can't be passed.
    """
    licences = licences or Allowed()
    for file in part_files(path).values():
        for line in array.read(file):
            seen(line)
            for one in _of_line(line, ignore, licences):
                yield file, one
    if path.is_dir():
        for file in (path / name for name in ASIDE):
            if file.is_file():
                with jsonl.opened(file) as opened:
                    for number, raw in enumerate(opened, 1):
                        for one in residue_of(raw.decode("utf-8", "replace"), number, ignore):
                            yield file, one


def _of_line(line: jsonl.Line, ignore: frozenset[str], licences: Allowed) -> Iterator[Residue]:
    if line.problem and not line.raw:
        yield Residue(line.number, "", "", UNREAD, line.problem)
    elif line.problem:
        yield from residue_of(line.raw.decode("utf-8", "replace"), line.number, ignore)
    else:
        yield from residue_of(line.row, line.number, ignore)
        if licences and not licences.allows(licence_of(line.row)):
            name = line.row.get("id", "") if isinstance(line.row, dict) else ""
            yield Residue(line.number, str(name), "origin.license", LICENCE, f"{REASON}: {licence_of(line.row) or 'none given'}")  # fmt: skip


def licence_of(row: Any) -> str:
    """The licence that a row names, "" for none."""
    origin = row.get("origin") if isinstance(row, dict) else None
    found = origin.get("license") if isinstance(origin, dict) else None
    return found if isinstance(found, str) else ""


@dataclass(slots=True)
class Sifted:
    """What writing anew did: rows read, kept and mended; things taken out; rejected rows by reason."""

    rows: int = 0
    kept: int = 0
    mended: int = 0
    taken_out: int = 0
    rejected: dict[str, int] = field(default_factory=dict)


def sift(path: Path, out: Path, redact: bool, licences: Allowed, ignore: frozenset[str] = frozenset()) -> Sifted:  # fmt: skip
    """Write the rows that may be published into the folder `out`, and the others, with the reason, into its rejected.jsonl.

    With `redact`, personal data is taken out where the row stays true; without it, a row that holds some is rejected. Rows that need no change
    go on byte for byte. Call it in `dataset.claimed(out)`. UserError where the input lies in `out`.
    """
    files = part_files(path)
    refuse_input(out, list(files.values()))
    stamps = {file: _stamp(file) for file in files.values()}
    told = Sifted()
    options = {"redact": redact, "licenses": sorted(licences.names), "ignore": sorted(ignore)}
    counts: dict[str, Any] = {}
    step = Step("scan", options, {file.name: digest(file) for file in files.values()}, counts)
    # What becomes of each row is known before the first is written: nothing may depend on which file is written first.
    # A line of a foreign file may hold several rows, so they are counted by themselves.
    fate: dict[Path, dict[int, Refused | None]] = {file: {} for file in files.values()}
    renamed: dict[str, str] = {}
    reasons: Counter[str] = Counter()
    for file in files.values():
        for number, line in enumerate(records(file)):
            told.rows += 1
            kept = _judged(line, redact, licences, ignore)
            if isinstance(kept, Refused):
                fate[file][number] = kept
                reasons[kept.reason] += 1
            elif kept[1]:
                fate[file][number] = None
                renamed[line.row["id"]] = kept[0]["id"]
                told.mended += 1
                told.taken_out += kept[1]
    told.kept = told.rows - reasons.total()
    told.rejected = dict(sorted(reasons.items()))
    counts.update({key: value for key, value in asdict(told).items() if value not in (0, {})})
    base = described_anew(manifest_of(path), redact, ignore, renamed)

    def rejected() -> Iterator[dict[str, Any]]:
        for file in files.values():
            for number, line in enumerate(records(file)):
                refused = fate[file].get(number)
                if refused is not None:
                    yield rejection(line.row if line.row is not None else {}, refused, line)

    def part(file: Path) -> Iterator[bytes]:
        for number, line in enumerate(records(file)):
            if number not in fate[file]:
                yield line.raw
            elif fate[file][number] is None:
                again = redacted(line.row, ignore)
                assert not isinstance(again, Refused)
                yield orjson.dumps(again[0])
        # Rows that came meanwhile were judged by nobody.
        if _stamp(file) != stamps[file]:
            raise UserError(f"{file} changed while it was read: scan it again when nobody writes to it")

    names = set(files) <= set(PARTS)
    parts = {(name if names else "examples"): part(file) for name, file in files.items()}
    write_parts(out, base, step, parts, rejected())
    return told


def _stamp(file: Path) -> tuple[int, int, int]:
    """What changes with a file: which one it is, its size, and when it was written."""
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def described_anew(
    manifest: dict[str, Any], redact: bool, ignore: frozenset[str], renamed: Mapping[str, str]
) -> dict[str, Any]:
    """The manifest with what it says of rows under their new ids, and its prompts and signatures without personal data.

    UserError where they hold a secret, or personal data and `redact` is off: they are published with the rows, and no row stands for them.
    """
    found = dict(manifest)
    for key in DESCRIBED:
        if key not in found:
            continue
        left = next(residue_of(found[key], 0, ignore), None)
        if left is not None and (not redact or left.kind == "secret"):
            way = "take it out of manifest.json" if left.kind == "secret" else "give --redact"
            raise UserError(f"the manifest's {key} holds {left.what}: {way}")
        if left is not None:
            found[key], _ = redacted_texts(found[key])
        if key in ("system_prompts", "signature_variants") and renamed:
            found[key] = [one | {"rows": " ".join(renamed.get(row, row) for row in one["rows"].split())} for one in found[key]]  # fmt: skip
    return found


def _judged(line: jsonl.Line, redact: bool, licences: Allowed, ignore: frozenset[str]) -> tuple[dict[str, Any], int] | Refused:  # fmt: skip
    if line.row is None:
        return Refused(NO_ROW, line.problem)
    if not licences.allows(licence_of(line.row)):
        return Refused(REASON, licence_of(line.row) or "none given")
    left = next(residue_of(line.row, line.number, ignore), None)
    if left is None:
        return line.row, 0
    if redact:
        return redacted(line.row, ignore)
    reason = "holds what looks like a secret" if left.kind == "secret" else "holds personal data"
    return Refused(reason, f"{left.what} in {left.where}")


def rejection(row: Mapping[str, Any], refused: Refused, line: jsonl.Line) -> dict[str, Any]:
    """A row of rejected.jsonl. The example is kept with it; of a line that is none, its number."""
    origin = row.get("origin") or {}
    messages = row.get("messages") or [{}]
    return {
        "reason": refused.reason,
        "detail": refused.detail,
        "generator": origin.get("generator", ""),
        "repo": origin.get("repo", ""),
        "question": messages[0].get("content", ""),
        "line": line.number,
        "example": dict(row) or None,
    }
