"""Where a run is kept while it lasts, so that `kill -9` costs the steps since the last checkpoint and nothing else.

`adapters.safetensors` and `adapter_config.json` are mlx-lm's and hold the best weights so far; `checkpoint/` holds all that going on needs.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from punie_data import jsonl
from punie_data.errors import UserError

if TYPE_CHECKING:
    import mlx.core as mx

FOLDER = "checkpoint"


@dataclass(slots=True)
class Progress:
    """Where a run stands. `run` is the digest of everything that it is a function of; losses are nats a learned token, `behaviours` are (step, right
    decisions, queries), and `best_step` is that of the weights that are kept, `best_loss` and `best_right` what they had.
    """

    run: str
    step: int = 0
    trained_tokens: int = 0
    seconds: float = 0.0
    best_loss: float | None = None
    best_step: int = 0
    looks_without_gain: int = 0
    finished: bool = False
    train_losses: list[tuple[int, float]] = field(default_factory=list)
    valid_losses: list[tuple[int, float]] = field(default_factory=list)
    behaviours: list[tuple[int, int, int]] = field(default_factory=list)
    best_right: int | None = None


def save(
    out: Path, progress: Progress, weights: "dict[str, mx.array]", optimizer: "dict[str, mx.array]"
) -> None:
    """A new folder, synced, that takes the place of the old one: at every moment one of the two is whole. UserError on a full disk."""
    import mlx.core as mx

    new, old, target = out / f".{FOLDER}.new", out / f".{FOLDER}.old", out / FOLDER
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        mx.save_safetensors(str(new / "weights.safetensors"), weights)
        mx.save_safetensors(str(new / "optimizer.safetensors"), optimizer)
        (new / "progress.json").write_text(json.dumps(asdict(progress)) + "\n")
        for file in new.iterdir():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        if target.exists():
            target.rename(old)
        new.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    except (OSError, RuntimeError) as error:
        raise UserError(f"{out} can't be written: {error}; the checkpoint before is kept") from None


def load(out: Path, run: str) -> "tuple[Progress, dict[str, mx.array], dict[str, mx.array]] | None":
    """What was kept of the run, None where there is nothing. UserError where it is another run's."""
    import mlx.core as mx

    place = out / FOLDER
    if not place.is_dir():
        place = out / f".{FOLDER}.old"  # killed between two renamings
    try:
        told = json.loads((place / "progress.json").read_text())
    except FileNotFoundError:
        return None
    progress = Progress(**told)
    if progress.run != run:
        raise UserError(
            f"{out} holds a run with other data, settings or another model: name a new folder with --out, or --restart"
        )
    weights, optimizer = (mx.load(str(place / f"{name}.safetensors")) for name in ("weights", "optimizer"))
    mx.eval(weights, optimizer)  # read now: the next checkpoint takes the files' place
    return progress, weights, optimizer


def save_adapter(out: Path, weights: "dict[str, mx.array]", config: str) -> None:
    """The folder as mlx-lm loads it; the old weights stay until the new ones are whole."""
    import mlx.core as mx

    part = out / ".adapters.part.safetensors"
    mx.save_safetensors(str(part), weights)
    part.replace(out / "adapters.safetensors")
    with jsonl.whole_file(out / "adapter_config.json") as file:
        file.write(config.encode())
