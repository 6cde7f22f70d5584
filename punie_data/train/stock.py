"""The other engine: stock `mlx_lm.lora` on the exported set, run as a program with a configuration that is written for it and read back.

mlx-lm ignores keys that it doesn't know, so each is held against its own defaults before the run, and against what it says it used after it. What it does
otherwise than our loop is told by `differences`.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.export import Options, Report, export
from punie_data.train.checkpoint import Progress
from punie_data.train.loop import Report as Told
from punie_data.train.loop import Tell
from punie_data.train.settings import BETAS, Settings

UNFINISHED, CONFIGURATION, LOG = "unfinished", "mlx_lm.lora.yaml", "mlx_lm.lora.log"
COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
TRAINED = re.compile(r"\s*(\d+)\s+([\d.]+|nan|inf) [▼▲]\s+[\d,]+\s+([\d,.]+)(k)")
TRAINED_BEFORE = re.compile(r"Iter (\d+): Train loss ([\d.]+|nan|inf),.* Trained Tokens ([\d.]+)()")
"""The lines of mlx-lm 0.32, and those of 0.30."""
LOOKED = re.compile(r"\s*(?:Iter )?(\d+):?\s+(?:Val loss|val) ([\d.]+|nan|inf)\b")


def prepared(source: Path, model: Path, settings: Settings, out: Path) -> Report:
    """Export the set for mlx-lm into `out`, one row for each turn of the assistant. UserError where mlx-lm could not train on it."""
    options = Options(settings.dialect, "mlx-lm", model, settings.max_seq_length, settings.batch_size)
    shutil.rmtree(out, ignore_errors=True)
    return export(source, out, options)


def configuration(
    settings: Settings, model: Path, data: Path, adapter: Path, written: Report
) -> dict[str, Any]:
    """What `mlx_lm.lora --config` reads. UserError for a key that this mlx-lm doesn't know: it would ignore it."""
    batches = written.files["train"].rows // settings.batch_size
    iters = max(1, round(settings.epochs * batches))
    warmup = round(settings.warmup * iters)
    looks = settings.evaluate_every or max(1, iters // 10)
    fall = [settings.learning_rate, max(1, iters - warmup), settings.learning_rate / 10]
    found: dict[str, Any] = {
        "model": str(model),
        "train": True,
        "data": str(data),
        "adapter_path": str(adapter),
        "fine_tune_type": settings.method,
        "num_layers": -1 if settings.method == "full" else min(settings.layers, _layers(model)),
        "lora_parameters": {"rank": settings.rank, "scale": settings.scale, "dropout": settings.dropout},
        "optimizer": "adamw",
        "optimizer_config": {
            "adamw": {
                "weight_decay": settings.weight_decay,
                "betas": list(BETAS),
                "bias_correction": True,
            }
        },
        "learning_rate": settings.learning_rate,
        "lr_schedule": {"name": "cosine_decay", "warmup": warmup, "arguments": fall},
        "batch_size": settings.batch_size,
        "grad_accumulation_steps": settings.grad_accumulation_steps,
        "iters": iters,
        "max_seq_length": settings.max_seq_length,
        "mask_prompt": written.form == "messages",
        "val_batches": -1,
        "steps_per_eval": looks,
        "steps_per_report": max(1, min(10, iters // 10)),
        "save_every": looks,
        "seed": settings.seed,
    }
    if settings.method == "full":
        del found["lora_parameters"]
    _check_keys(found)
    return found


def _check_keys(given: Mapping[str, Any]) -> None:
    import inspect

    import mlx.optimizers as optim
    from mlx_lm.lora import CONFIG_DEFAULTS

    schedule = optim.schedulers.cosine_decay
    known = {
        "": set(CONFIG_DEFAULTS),
        "lora_parameters": set(CONFIG_DEFAULTS["lora_parameters"]),
        "optimizer_config": set(CONFIG_DEFAULTS["optimizer_config"]),
        "adamw": set(inspect.signature(optim.AdamW).parameters),
    }
    asked = {
        "": given,
        "lora_parameters": given.get("lora_parameters", {}),
        "optimizer_config": given["optimizer_config"],
        "adamw": given["optimizer_config"]["adamw"],
    }
    for place, keys in asked.items():
        for key in keys:
            if key not in known[place]:
                raise UserError(
                    f"this mlx-lm has no setting {key!r}{f' in {place}' if place else ''}: it would ignore it"
                )
    if len(given["lr_schedule"]["arguments"]) > len(inspect.signature(schedule).parameters):
        raise UserError("this mlx has another cosine_decay than the schedule is written for")


def differences(settings: Settings, written: Report, iters: int) -> list[str]:
    """What this engine does otherwise than ours with the same settings, a sentence each."""
    said = []
    for name, part in written.files.items():
        if name == "train":
            said.append(
                f"{part.records:,} conversations are {part.rows:,} rows, one a turn of the assistant; {settings.epochs:g} epochs are {iters:,} micro-batches"
            )
        if name != "test" and part.never_read:
            said.append(f"{name}: the last {part.never_read} rows fill no batch and are never read")
    if written.form == "text":
        said.append("the chat template leaves no right mask: questions and results are learned like answers")
    said.append("the last weights are kept, not those with the lowest loss on valid")
    if settings.patience:
        said.append("patience does nothing: mlx-lm stops at the end only")
    if settings.method == "full":
        said.append("all weights of the layers are trained, and not the embeddings")
    if settings.answer_weight != 1.0:
        said.append("answer_weight does nothing: calls and answers weigh the same")
    if settings.opening_weight != 1.0:
        said.append("opening_weight does nothing: all tokens of a turn weigh the same")
    if settings.whole != 1.0:
        said.append("whole does nothing: every conversation is learned to its end")
    if settings.packing:
        said.append("packing does nothing: each row is a sequence of its own")
    said.append("a run that was stopped begins again: mlx-lm does not keep the optimizer")
    return said


def train(
    source: Path, model: Path, settings: Settings, out: Path, run: str, tell: Tell, say: Callable[[str], None]
) -> tuple[Progress, float]:
    """Run it; the adapter is in `out` when it is done. Returns how it went and the gigabytes that it held at most.

    While it runs, what mlx-lm writes is in `out/unfinished`, its output in `out/mlx_lm.lora.log`. UserError, with what it said last, where it fails.
    """
    place, log = out / UNFINISHED, out / LOG
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    written = prepared(source, model, settings, place / "data")
    given = configuration(
        settings, model.resolve(), (place / "data").resolve(), (place / "adapter").resolve(), written
    )
    for line in differences(settings, written, given["iters"]):
        say(line)
    _write_yaml(out / CONFIGURATION, given)
    progress, last = Progress(run), deque[str](maxlen=3)
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1", "COLUMNS": "160"}
    command = [sys.executable, "-m", "mlx_lm", "lora", "--config", str(out / CONFIGURATION)]
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    )
    assert process.stdout is not None
    try:
        with log.open("w", encoding="utf-8") as file:
            for raw in process.stdout:
                line = COLOURS.sub("", raw).rstrip()
                file.write(line + "\n")
                if line.strip():
                    last.append(line.strip())
                    if read(progress, line):
                        _tell(progress, line, given["iters"], time.monotonic() - began, tell)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()
    if process.returncode:
        raise UserError(
            f"mlx_lm.lora stopped ({process.returncode}): {' · '.join(last)}; its output is in {log}"
        )
    progress.seconds = time.monotonic() - began
    progress.step, progress.finished = given["iters"], True
    losses = [loss for _, loss in (*progress.train_losses, *progress.valid_losses)]
    if not progress.train_losses or not all(loss - loss == 0 for loss in losses):
        raise UserError(f"mlx_lm.lora told no loss that is a number: its output is in {log}")
    if progress.valid_losses:
        progress.best_step, progress.best_loss = min(progress.valid_losses, key=lambda pair: pair[1])
    _check_taken(given, place / "adapter" / "adapter_config.json")
    _settle(place / "adapter", out, given, settings)
    shutil.rmtree(place)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return progress, peak / (1e9 if sys.platform == "darwin" else 1e6)


def read(progress: Progress, line: str) -> bool:
    """Take what a line of mlx-lm's output says of the losses; False where it says nothing of them. Both of the forms it has had are known."""
    if looked := LOOKED.match(line):
        # It looks before it takes the step whose number it tells.
        progress.valid_losses.append((int(looked[1]) - 1, float(looked[2])))
        return True
    if trained := TRAINED.match(line) or TRAINED_BEFORE.match(line):
        progress.step = int(trained[1])
        progress.train_losses.append((progress.step, float(trained[2])))
        progress.trained_tokens = round(float(trained[3].replace(",", "")) * (1000 if trained[4] else 1))
        return True
    return False


def _tell(progress: Progress, line: str, steps: int, seconds: float, tell: Tell) -> None:
    valid = progress.valid_losses[-1][1] if LOOKED.match(line) else None
    loss = progress.train_losses[-1][1] if progress.train_losses else None
    step = max(progress.step, 1)
    rate = progress.trained_tokens / max(seconds, 1e-9)
    left = (steps - progress.step) * seconds / step if progress.step else 0.0
    tell(Told(progress.step, steps, loss, valid, rate, left, 0.0))


def _check_taken(given: Mapping[str, Any], file: Path) -> None:
    """UserError where mlx-lm says that it used something else than it was given."""
    told = json.loads(file.read_text())
    for key, value in given.items():
        if told.get(key) != value:
            raise UserError(f"mlx-lm used {key}={told.get(key)!r} and was given {value!r}")


def _settle(adapter: Path, out: Path, given: Mapping[str, Any], settings: Settings) -> None:
    """What is to stay goes up; the configuration last, without the places that are gone."""
    (adapter / "adapters.safetensors").replace(out / "adapters.safetensors")
    kept = replace(settings, layers=given["num_layers"]).adapter_config(str(given["model"]))
    (out / ".adapter_config.part").write_text(kept)
    (out / ".adapter_config.part").replace(out / "adapter_config.json")


def _layers(model: Path) -> int:
    try:
        config = json.loads((model / "config.json").read_text())
        return int((config.get("text_config") or config)["num_hidden_layers"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{model / 'config.json'} does not say num_hidden_layers") from None


def _write_yaml(path: Path, given: Mapping[str, Any]) -> None:
    import yaml

    path.write_text(yaml.safe_dump(dict(given), sort_keys=False))
