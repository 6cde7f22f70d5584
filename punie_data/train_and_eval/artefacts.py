"""From rows and a base model to the systems that are asked: the base, the adapter, the fused model and its rounded copies."""

import gc
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from punie_data.dataset import digest, manifest_of, part_files
from punie_data.errors import UserError
from punie_data.quantize.fuse import fuse
from punie_data.quantize.multiplied import has_metal, is_rounded, multiplied_out
from punie_data.quantize.rounding import quantize
from punie_data.quantize.survival import survival
from punie_data.train import run
from punie_data.train.companions import companions
from punie_data.train.preflight import CHECKS, preflight
from punie_data.train.settings import Settings
from punie_data.train_and_eval.kept import Progress, Steps
from punie_data.train_and_eval.system import System
from punie_data.train_and_eval.wanted import Wanted

Told = Mapping[str, Any]


class Artefacts:
    """What a run makes of its base model, step by step, each in a folder of its own."""

    def __init__(self, wanted: Wanted, model: Path, out: Path, progress: Progress, steps: Steps) -> None:
        self._wanted, self._out, self._progress, self._steps = wanted, out, progress, steps
        self._given = model
        self._key = run.fingerprint(model)
        self._slow = not has_metal()
        self._adapter: tuple[Path, str] | None = None
        self._deployed, self._trained = self._bases()

    def _bases(self) -> tuple[Path, Path]:
        """(the base as it is deployed, the base as it is trained on): the same values, on a processor in full width."""
        bits, group = self._wanted.model.bits, self._wanted.model.group_size
        deployed = self._given
        if bits and not is_rounded(deployed):
            deployed = self._out / f"base-{bits}bit"
            done = self._steps.take(
                f"base-{bits}bit",
                {"model": self._key, "bits": bits, "group_size": group},
                deployed,
                lambda: _nothing(quantize(self._given, deployed, bits, group)),
            )
            self._key = done.key
        if not (self._slow and is_rounded(deployed)):
            return deployed, deployed
        trained = self._out / "base-float32"
        self._steps.take("base-float32", {"model": self._key}, trained, lambda: _nothing(multiplied_out(deployed, trained)))  # fmt: skip
        _free()
        return deployed, trained

    def train(self, rows: Path) -> Told:
        """The adapter. Goes on from its checkpoint where it was killed."""
        wanted, out = self._wanted, self._out / "adapter"
        assert wanted.train is not None
        count = _rows_of(rows)
        settings = wanted.train
        if wanted.iterations:
            settings = replace(settings, epochs=wanted.iterations * settings.batch_size / count)
        prompt = str(manifest_of(rows).get("system_prompt", ""))
        parts = {name: digest(file) for name, file in part_files(rows).items() if name in ("train", "valid")}
        inputs = {"model": self._key, "settings": settings.to_json(), "system_prompt": prompt, "parts": parts}

        def do() -> Told:
            planned = run.plan(rows, self._trained, settings, prompt)
            self._preflight(planned, out)

            def tell(report: Any) -> None:
                loss = f"loss {report.loss:.3f}, " if report.loss is not None else ""
                valid = f"valid {report.valid_loss:.3f}, " if report.valid_loss is not None else ""
                self._progress.line(f"train: step {report.step}/{report.steps}: {loss}{valid}{report.left:.0f} s left")  # fmt: skip

            with companions(wanted.processes, _same_training(rows, self._trained, out, settings, prompt)):
                progress = run.start(planned, out, tell)
            _free()
            return {
                "rows": len(planned.train.sequences),
                "left_out": len(planned.lost),
                "steps": progress.step,
                "epochs": round(settings.epochs, 2),
                "learned_tokens": progress.trained_tokens,
                "seconds": round(progress.seconds, 1),
                "first_loss": progress.train_losses[0][1],
                "last_loss": progress.train_losses[-1][1],
                "best_valid_loss": progress.best_loss,
            }

        done = self._steps.take("train", inputs, out, do, goes_on=True)
        self._adapter = out, done.key
        return done.told

    def _preflight(self, planned: run.Run, out: Path) -> None:
        """What `train` looks at before the first step. UserError where it refuses."""
        checks = preflight(planned, out, self._wanted.processes)
        for check in checks:
            if check.state != "ok":
                self._progress.line(f"preflight: {check.name}: {check.said}")
        refused = [
            check for check in checks if check.state == "refused" and check.name not in self._wanted.ignore
        ]
        if refused:
            reasons = "; ".join(f"{check.name}: {check.said}" for check in refused)
            names = ", ".join(f'"{check.name}"' for check in refused)
            raise UserError(
                f"the training is not begun: {reasons} (--set 'train.ignore=[{names}]' begins all the same)"
            )

    def survival(self) -> Mapping[str, float]:
        """Of each width that will be rounded to, how much of the training is left by the weights alone: the cosine. {} where there is nothing to follow."""
        wanted, adapter = self._wanted, self._adapter
        widths = sorted({*wanted.bits, *([wanted.model.bits] if wanted.requantize else [])})
        if adapter is None or not widths or wanted.train is None or wanted.train.method == "full":
            return {}

        def do() -> Told:
            found = survival(self._trained, adapter[0], widths, wanted.group_size)
            return {str(one.bits): round(one.cosine, 4) for one in found if one.layer == "all"}

        told = self._steps.take("survival", {"adapter": adapter[1], "widths": widths, "group_size": wanted.group_size}, None, do).told  # fmt: skip
        for width, cosine in told.items():
            left = "hardly anything" if cosine < 0.3 else "a part" if cosine < 0.8 else "most"
            self._progress.line(
                f"foretold: at {width} bits {left} of the training is left (cosine {cosine:.2f})"
            )
        return told

    def systems(self) -> list[System]:
        """Those that the recipe asks, made ready. The base always comes first."""
        wanted, adapter = self._wanted, self._adapter
        found = [System("base", self._deployed, None, self._key, _size(self._deployed))]
        if adapter is not None:
            name, key = adapter
            found.append(System("adapter", self._deployed, name, key, _size(self._deployed) + _size(name)))
            if wanted.requantize and self._wants(self._again):
                found.append(self._fused(self._again, name, key, False))
            if self._wants("fused") or any(self._wants(f"{bits}bit") for bits in wanted.bits):
                found.append(self._fused("fused", name, key, True))
                for bits in wanted.bits:
                    if self._wants(f"{bits}bit"):
                        found.append(self._rounded(found, bits))
        unknown = set(wanted.evaluate.systems) - {one.name for one in found}
        if unknown:
            raise UserError(f"{wanted.path}: evaluate.systems: there is no {sorted(unknown)[0]}, only {', '.join(one.name for one in found)}")  # fmt: skip
        return [one for one in found if self._wants(one.name)]

    @property
    def _again(self) -> str:
        return f"fused-{self._wanted.model.bits}bit"

    def _wants(self, name: str) -> bool:
        return not self._wanted.evaluate.systems or name in self._wanted.evaluate.systems

    def _fused(self, name: str, adapter: Path, key: str, dequantize: bool) -> System:
        base = self._trained if dequantize else self._deployed
        inputs = {"from": key, "dequantize": dequantize}
        return self._made(name, inputs, lambda out: fuse(base, adapter, out, dequantize))

    def _rounded(self, found: list[System], bits: int) -> System:
        fused, group = next(one for one in found if one.name == "fused"), self._wanted.group_size
        assert fused.model is not None
        whole = fused.model
        inputs = {"from": fused.key, "bits": bits, "group_size": group}
        return self._made(f"{bits}bit", inputs, lambda out: quantize(whole, out, bits, group))

    def _made(self, name: str, inputs: Told, make: Callable[[Path], object]) -> System:
        """The system in the folder of its name, which `make` writes."""
        out = self._out / name
        done = self._steps.take(name, inputs, out, lambda: _nothing(make(out)))
        _free()
        return System(name, out, None, done.key, _size(out))

    @contextmanager
    def in_full_width(self, system: System) -> Iterator[Path]:
        """The model as it is asked here: on a processor the same values in full width, in a folder that goes afterwards."""
        assert system.model is not None
        if system.model == self._deployed:
            yield self._trained
        elif not (self._slow and is_rounded(system.model)):
            yield system.model
        else:
            asked = self._out / "asked"
            shutil.rmtree(asked, ignore_errors=True)
            multiplied_out(system.model, asked / system.name)
            yield asked / system.name
            shutil.rmtree(asked, ignore_errors=True)
        _free()


def _rows_of(dataset: Path) -> int:
    with part_files(dataset)["train"].open("rb") as file:
        return sum(1 for _ in file)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def _same_training(rows: Path, model: Path, out: Path, settings: Settings, prompt: str) -> list[str]:
    """The command of another process that takes its share of this training."""
    given = [part for key, value in settings.written().items() for part in ("--set", f"{key}={value}")]
    told = [
        "--model",
        str(model),
        "--out",
        str(out),
        "--dialect",
        settings.dialect,
        "--system-prompt",
        prompt,
    ]
    checks = ["--ignore", ",".join(CHECKS), "--no-history"]
    return [sys.executable, "-m", "punie_data", "train", str(rows), *told, *given, *checks]


def _free() -> None:
    """Give the memory of a model back before the next one is loaded."""
    import mlx.core as mx

    gc.collect()
    mx.clear_cache()


def _nothing(done: object) -> dict[str, Any]:
    return {}
