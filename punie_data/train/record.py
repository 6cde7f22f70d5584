"""`training.json` in the adapter's folder: what a run is made of, written before the first step, and how it went, once it is done.

It is the run's lock: a folder whose record names other data, settings or another model is not gone on with.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from punie_data import __version__, jsonl
from punie_data.errors import UserError
from punie_data.train.checkpoint import Progress
from punie_data.train.curve import curve

RECORD, CURVE = "training.json", "losses.svg"
KEPT = ("checkpoint", ".checkpoint.old", "adapters.safetensors")
"""Where none of these is, a run stopped before it had anything, and another may take its place."""
OF_THE_DATASET = ("train", "valid")


def begin(out: Path, told: Mapping[str, Any]) -> None:
    """Write what the run is made of. UserError where the folder holds a run that is made of something else: it says what differs."""
    before = load(out) if any((out / name).exists() for name in KEPT) else None
    if before is not None:
        differing = list(_differences(before.get("made_of", {}), told["made_of"]))
        if differing:
            raise UserError(
                f"{out} holds a run with other data, settings or another model ({'; '.join(differing)}): "
                "name a new folder with --out, or --restart"
            )
    if before is None or not before.get("progress"):
        _write(out, {**told, "versions": _versions(), "progress": None})


def finish(out: Path, told: Mapping[str, Any], progress: Progress, peak_gigabytes: float) -> None:
    """Write how the run went: losses by step (drawn as well), seconds, learned tokens, the memory that it held at most."""
    going = {**asdict(progress), "peak_gigabytes": round(peak_gigabytes, 3)}
    _write(out, {**told, "versions": _versions(), "progress": going})
    losses = {"train": progress.train_losses, "valid": progress.valid_losses}
    with jsonl.whole_file(out / CURVE) as file:
        file.write(curve(f"Losses of {out.resolve().name}", losses, progress.best_step).encode())


def load(out: Path) -> dict[str, Any] | None:
    """The record of a folder; None where there is none. UserError where it can't be read."""
    file = out / RECORD
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"{file} is no record of a training")
    return found


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Any:
    for key in sorted({*before, *now}):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            for name in sorted({*old, *new}):
                if old.get(name) != new.get(name):
                    yield f"{name} was {old.get(name)} and is {new.get(name)}"
        elif key in OF_THE_DATASET:
            yield f"the rows of {key} have changed"
        elif key == "model":
            yield "the model is another"
        elif key == "system_prompt":
            yield "the system prompt is another"
        else:
            yield f"{key} was {old} and is {new}"


def _versions() -> dict[str, str]:
    found = {"punie-data": __version__}
    for name in ("mlx", "mlx-lm"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _write(out: Path, told: Mapping[str, Any]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with jsonl.whole_file(out / RECORD) as file:
            file.write(json.dumps(told, indent=1).encode() + b"\n")
    except OSError as error:
        raise UserError(f"{out} can't be written: {error.strerror or error}") from None
