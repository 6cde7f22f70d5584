"""From rows and a base model to the systems that are asked: the base, the adapter, the fused model and its rounded copies."""

import gc
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from punie_data.dataset import digest, manifest_of, part_files
from punie_data.errors import UserError
from punie_data.evaluate.run import evaluate
from punie_data.quantize.fuse import fuse
from punie_data.quantize.multiplied import has_metal, is_rounded, multiplied_out
from punie_data.quantize.rounding import quantize
from punie_data.quantize.survival import survival
from punie_data.train import run
from punie_data.train_and_eval.kept import Progress, Steps
from punie_data.train_and_eval.wanted import Wanted

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class System:
    """A model that is asked. `key` is the digest of all that it was made from; `size` is that of its weights, the adapter's among them, in bytes."""

    name: str
    model: Path
    adapter: Path | None
    key: str
    size: int


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
            for reason in sorted({one.reason for one in planned.lost}):
                left_out = sum(one.reason == reason for one in planned.lost)
                self._progress.line(f"train: left out: {left_out:,} rows: {reason}")

            def tell(report: Any) -> None:
                valid = f", valid {report.valid_loss:.3f}" if report.valid_loss is not None else ""
                self._progress.line(f"train: {report.step}/{report.steps}: loss {report.loss:.3f}{valid}, {report.left:.0f} s left")  # fmt: skip

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
                found.append(self._made(self._again, key, {"requantize": True}, lambda out: fuse(self._deployed, name, out, dequantize=False)))  # fmt: skip
            if self._wants("fused") or any(self._wants(f"{bits}bit") for bits in wanted.bits):
                found.append(self._made("fused", key, {}, lambda out: fuse(self._trained, name, out)))
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

    def _rounded(self, found: list[System], bits: int) -> System:
        fused = next(one for one in found if one.name == "fused")
        group = self._wanted.group_size
        return self._made(f"{bits}bit", fused.key, {"bits": bits, "group_size": group}, lambda out: quantize(fused.model, out, bits, group))  # fmt: skip

    def _made(self, name: str, key: str, settings: Told, do: Any) -> System:
        out = self._out / name
        done = self._steps.take(name, {"from": key, **settings}, out, lambda: _nothing(do(out)))
        _free()
        return System(name, out, None, done.key, _size(out))

    def ask(self, system: System, questions: tuple[Path, Path], prompt: str) -> tuple[Path, Path]:
        """(what `evaluate` wrote of the suite, and of the queries behind a first result)."""
        wanted = self._wanted
        dialect = wanted.evaluate.dialect or (wanted.train.dialect if wanted.train else "native")
        inputs = {
            "system": system.key, "adapter": system.adapter is not None, "suite": digest(questions[0]), "dialect": dialect, "system_prompt": prompt,
            "most_tokens": wanted.evaluate.most_tokens,
        }  # fmt: skip
        out = self._out / "results" / system.name
        places = out / "suite", out / "afterwards"

        def do() -> Told:
            model = self._in_full_width(system)
            for place, file in zip(places, questions, strict=True):
                if file.stat().st_size:
                    evaluate(
                        file,
                        model,
                        system.adapter,
                        dialect,
                        prompt,
                        place,
                        self._progress.stage,
                        self._progress.advance,
                        None,
                        wanted.evaluate.most_tokens,
                        wanted.evaluate.batch_size,
                    )
            shutil.rmtree(self._out / "asked", ignore_errors=True)
            _free()
            return {}

        self._steps.take(f"evaluate-{system.name}", inputs, out, do, goes_on=True)
        return places

    def _in_full_width(self, system: System) -> Path:
        """The model as it is asked here: on a processor the same values in full width, in a folder that goes afterwards."""
        if system.model == self._deployed:
            return self._trained
        if not (self._slow and is_rounded(system.model)):
            return system.model
        asked = self._out / "asked"
        shutil.rmtree(asked, ignore_errors=True)
        multiplied_out(system.model, asked / system.name)
        return asked / system.name


def _rows_of(dataset: Path) -> int:
    with part_files(dataset)["train"].open("rb") as file:
        return sum(1 for _ in file)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def _free() -> None:
    """Give the memory of a model back before the next one is loaded."""
    import mlx.core as mx

    gc.collect()
    mx.clear_cache()


def _nothing(done: object) -> dict[str, Any]:
    return {}
