"""A dataset folder, balanced into another: the same files, each of them inside the mix on its own, and a manifest, written last."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from punie_data import jsonl
from punie_data.balance.mix import Mix
from punie_data.balance.plan import Plan, write
from punie_data.errors import UserError
from punie_data.validate.files import DATASET_FILES

COUNTED = ("kind", "repo", "generator")
"""The axes that a manifest has numbers for."""

_MANIFEST = "manifest.json"
_REMEMBERED = ".sources.json"
_BLOCK = 1 << 20


def write_folder(source: Path, plans: Sequence[Plan], out: Path, mix: Mix, seed: int) -> list[Path]:
    """Write every plan's rows into `out` under the name of its file; the files written. UserError where `out` holds something else.

    The manifest is that of `source`, if it has one, with the numbers and digests of the new files and, under `balanced`, what was done.
    """
    manifest = _manifest(source)
    _prepare(out, {plan.path.name for plan in plans})
    written = []
    for plan in plans:
        target = out / plan.path.name
        write(plan, target)
        written.append(target)
    if manifest is None:
        return written
    _count(manifest, plans)
    manifest["files"] = {path.name: _digest(path) for path in written}
    manifest["balanced"] = {
        "mix": mix.to_json(),
        "seed": seed,
        "files": {
            plan.path.name: {"from": _digest(plan.path), "rows_before": plan.before, "rows": plan.after}
            for plan in plans
        },
    }
    remembered = source / _REMEMBERED
    if remembered.is_file():
        # Where local repositories stood on this machine: `verify` asks for it.
        with jsonl.whole_file(out / _REMEMBERED) as file:
            file.write(remembered.read_bytes())
    with jsonl.whole_file(out / _MANIFEST) as file:
        file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
    return [*written, out / _MANIFEST]


def _manifest(source: Path) -> dict[str, Any] | None:
    path = source / _MANIFEST
    try:
        found = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        raise UserError(f"{path}: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"{path}: not an object")
    return found


def _prepare(out: Path, coming: set[str]) -> None:
    """The folder, without an old manifest (a dataset that is being written is none) and without old files that no new one replaces."""
    known = {*DATASET_FILES, _MANIFEST, _REMEMBERED}
    try:
        out.mkdir(parents=True, exist_ok=True)
        foreign = sorted(path.name for path in out.iterdir() if path.name not in known)
        if foreign:
            raise UserError(
                f"{out} holds {foreign[0]}, which is no part of a balanced dataset; choose another folder"
            )
        for name in known - coming:
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{out}: {error.strerror or error}") from None


def _count(manifest: dict[str, Any], plans: Sequence[Plan]) -> None:
    """Put the rows that are left in the place of those that were mined."""
    totals: dict[str, dict[str, int]] = {axis: {} for axis in COUNTED}
    for plan in plans:
        for one in plan.standings:
            if one.axis in totals and one.after:
                totals[one.axis][one.value] = totals[one.axis].get(one.value, 0) + one.after
    counts = manifest.get("counts")
    if isinstance(counts, dict):
        counts["examples"] = sum(plan.after or 0 for plan in plans)
        counts["kinds"] = dict(sorted(totals["kind"].items()))
        counts["repositories"] = {
            name: totals["repo"].get(name, 0) for name in counts.get("repositories", {})
        }
    generators = manifest.get("generators")
    if isinstance(generators, dict):
        for name, entry in generators.items():
            if isinstance(entry, dict):
                entry["examples"] = totals["generator"].get(name, 0)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with jsonl.opened(path) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
